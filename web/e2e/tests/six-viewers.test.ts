import { expect, test } from "vitest";
import { goLive, launchChromium, openPage, state } from "../lib/chromium.ts";
import { PLAYS_FPS_MIN, playback } from "../lib/frames.ts";
import { framesEncoded, recordPeers } from "../lib/peers.ts";
import { startServer } from "../lib/server.ts";

const SECONDS = 60;
const WINDOW = { viewport: { width: 360, height: 480 } };

test("six viewers of a stream with three layers play for a minute", async () => {
  const server = await startServer();
  const chromium = await launchChromium();
  try {
    // Small windows: what is measured is the stream, not drawing without a graphics card.
    const studio = await openPage(chromium, `${server.url}/?stream=six`, WINDOW, recordPeers);
    await goLive(studio);
    const viewers = await Promise.all(
      Array.from({ length: 6 }, () => openPage(chromium, `${server.url}/watch/six`, WINDOW)),
    );
    for (const viewer of viewers) await state(viewer, "live");
    const before = await framesEncoded(studio);
    const played = await Promise.all(viewers.map((viewer) => playback(viewer, SECONDS)));
    const encoded = (await framesEncoded(studio)) - before;
    console.info("the publisher encoded, fps", (encoded / SECONDS).toFixed(1));
    const rows = await Promise.all(
      viewers.map(async (viewer, i) => ({
        fps: played[i]?.medianFps,
        longestGapMs: Math.round(played[i]?.longestGapMs ?? 0),
        freezes: Number(await viewer.getByTestId("stat-freezes").textContent()),
        lost: Number(await viewer.getByTestId("stat-lost").textContent()),
        resolution: await viewer.getByTestId("stat-resolution").textContent(),
      })),
    );
    console.table(rows);
    for (const { fps } of rows) expect(fps).toBeGreaterThanOrEqual(PLAYS_FPS_MIN);
  } finally {
    await chromium.close();
    await server.stop();
  }
});
