import { expect, test } from "vitest";
import { launchChromium, openPage, publishPage, state } from "../lib/chromium.ts";
import { clockCamera, frameAges } from "../lib/clock-camera.ts";
import { median, percentile, shownFpsMin } from "../lib/frames.ts";
import { framesPassed, leastSent, recordPeers } from "../lib/peers.ts";
import { startServer } from "../lib/server.ts";

const MEDIAN_MS_MAX = 200;
const SECONDS = 10;

test("a frame is shown within 200 ms of being captured", async () => {
  const server = await startServer();
  const chromium = await launchChromium();
  try {
    const init = [recordPeers, clockCamera];
    const publisher = await publishPage(chromium, server, "clock", { init });
    const viewer = await openPage(chromium, `${server.url}/watch/clock`, {}, recordPeers);
    await state(viewer, "live");
    // The jitter buffer starts out large and settles.
    await frameAges(viewer, 5);
    const passed = await framesPassed(publisher, viewer, () => frameAges(viewer, SECONDS));
    const ages = passed.result;
    const result = { frames: ages.length, median: median(ages), p95: percentile(ages, 95) };
    console.info("capture to screen, ms", result, "of", passed.sent);
    const framesMin = SECONDS * shownFpsMin(leastSent(passed) / SECONDS);
    expect(result.frames).toBeGreaterThanOrEqual(framesMin);
    expect(result.median).toBeLessThan(MEDIAN_MS_MAX);
  } finally {
    await chromium.close();
    await server.stop();
  }
});
