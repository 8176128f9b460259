import { expect, test } from "vitest";
import {
  goLive,
  launchChromium,
  openPage,
  publishPage,
  state,
  studioPage,
} from "../lib/chromium.ts";
import { nextFrame } from "../lib/frames.ts";
import { startServer } from "../lib/server.ts";

/** From the successor's first request to its picture. */
const BACK_MS_MAX = 2_000;

test("when a publisher dies and another takes over, viewers play on by the same session", async () => {
  const server = await startServer();
  const [first, second, audience] = await Promise.all([1, 2, 3].map(() => launchChromium()));
  if (!first || !second || !audience) throw new Error("a browser did not start");
  try {
    const settings = { token: "the-same-person" };
    await publishPage(first, server, "handed-over", settings);
    const next = await studioPage(second, server, "handed-over", settings);
    await next.getByRole("button", { name: "Show preview" }).click();

    const url = `${server.url}/watch/handed-over`;
    const viewers = await Promise.all([1, 2].map(() => openPage(audience, url)));
    let posts = 0;
    for (const viewer of viewers) {
      await state(viewer, "live");
      viewer.on("request", (request) => {
        if (request.method() === "POST" && request.url().includes("/whep/")) posts += 1;
      });
    }

    await first.kill();
    // Nothing but the last frame is on the screen any more, so the next one is the successor's.
    await Promise.all(viewers.map((viewer) => state(viewer, "paused")));
    const back = viewers.map(nextFrame);
    const asked = next.waitForRequest((request) => request.method() === "POST");
    await goLive(next);
    const shown = Math.max(...(await Promise.all(back)));
    const ms = Math.round(shown - (await asked).timing().startTime);
    console.info("viewers play again after, ms", ms);
    expect(ms).toBeLessThan(BACK_MS_MAX);
    expect(posts).toBe(0);
  } finally {
    for (const chromium of [second, audience]) await chromium.close();
    await server.stop();
  }
});
