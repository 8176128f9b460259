import { expect, test } from "vitest";
import { launchChromium, publishPage, state, watchPage } from "../lib/chromium.ts";
import { playback } from "../lib/frames.ts";
import { startServer } from "../lib/server.ts";

test("publisher and viewer come back by themselves after the server was away", async () => {
  const server = await startServer();
  const chromium = await launchChromium();
  try {
    const publisher = await publishPage(chromium, server, "again", { layers: 1 });
    const viewer = await watchPage(chromium, server, "again");
    await state(viewer, "live");

    await server.stop();
    await state(publisher, "reconnecting");
    await state(viewer, "reconnecting");
    await server.start();
    await state(publisher, "live");
    await state(viewer, "live");
    expect((await playback(viewer, 3)).medianFps).toBeGreaterThanOrEqual(24);
  } finally {
    await chromium.close();
    await server.stop();
  }
});
