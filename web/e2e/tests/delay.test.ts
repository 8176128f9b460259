import { expect, test } from "vitest";
import { launchChromium, publishPage, state, watchPage } from "../lib/chromium.ts";
import { clockCamera, frameAges } from "../lib/clock-camera.ts";
import { median, percentile } from "../lib/frames.ts";
import { startServer } from "../lib/server.ts";

const MEDIAN_MS_MAX = 200;

test("a frame is shown within 200 ms of being captured", async () => {
  const server = await startServer();
  const chromium = await launchChromium();
  try {
    await publishPage(chromium, server, "clock", { init: clockCamera });
    const viewer = await watchPage(chromium, server, "clock");
    await state(viewer, "live");
    // The jitter buffer starts out large and settles.
    await frameAges(viewer, 5);
    const ages = await frameAges(viewer, 20);
    const result = { frames: ages.length, median: median(ages), p95: percentile(ages, 95) };
    console.info("capture to screen, ms", result);
    expect(result.frames).toBeGreaterThan(20 * 20);
    expect(result.median).toBeLessThan(MEDIAN_MS_MAX);
  } finally {
    await chromium.close();
    await server.stop();
  }
});
