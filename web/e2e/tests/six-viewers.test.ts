import { expect, test } from "vitest";
import { goLive, launchChromium, openPage, state } from "../lib/chromium.ts";
import { playback, shownFpsMin } from "../lib/frames.ts";
import { framesSent, leastSent, received, recordPeers, sentSince } from "../lib/peers.ts";
import { startServer } from "../lib/server.ts";

/** A minute in `make soak`. */
const SECONDS = process.env.HEADWATER_SOAK ? 60 : 20;
const WINDOW = { viewport: { width: 360, height: 480 } };
/** Of 30. What a viewer receives is the server's work; what it shows is also the machine's. */
const RECEIVED_FPS_MIN = 28;

test(`six viewers of a stream with three layers play for ${SECONDS} s`, async () => {
  const server = await startServer();
  const chromium = await launchChromium();
  try {
    // Small windows: what is measured is the stream, not drawing without a graphics card.
    const open = (path: string) => openPage(chromium, `${server.url}${path}`, WINDOW, recordPeers);
    const studio = await open("/?stream=six");
    await goLive(studio);
    const viewers = await Promise.all(Array.from({ length: 6 }, () => open("/watch/six")));
    for (const viewer of viewers) await state(viewer, "live");
    // Arrivals are counted from before the first frame that counts as sent until after the last.
    const before = await Promise.all(viewers.map(received));
    const sentBefore = await framesSent(studio);
    const played = await Promise.all(viewers.map((viewer) => playback(viewer, SECONDS)));
    const sent = sentSince(sentBefore, await framesSent(studio));
    const after = await Promise.all(viewers.map(received));
    const sentFps = leastSent({ sent }) / SECONDS;
    console.info("the publisher sent", sent);
    const rows = played.map(({ medianFps, longestGapMs }, i) => {
      const since = (what: "frames" | "lost" | "freezes") =>
        (after[i]?.[what] ?? 0) - (before[i]?.[what] ?? 0);
      return {
        receivedFps: since("frames") / SECONDS,
        shownFps: medianFps,
        longestGapMs: Math.round(longestGapMs),
        freezes: since("freezes"),
        lost: since("lost"),
      };
    });
    console.table(rows);
    for (const { receivedFps, shownFps, lost } of rows) {
      // A machine that has no time to encode all cannot deliver all.
      expect(receivedFps).toBeGreaterThanOrEqual(Math.min(RECEIVED_FPS_MIN, sentFps - 1));
      expect(shownFps).toBeGreaterThanOrEqual(shownFpsMin(receivedFps));
      expect(lost).toBe(0);
    }
  } finally {
    await chromium.close();
    await server.stop();
  }
});
