import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type Chromium,
  launchChromium,
  publishPage,
  screenshot,
  state,
  watchPage,
} from "../lib/chromium.ts";
import { Firefox } from "../lib/firefox.ts";
import { PLAYS_FPS_MIN, playback } from "../lib/frames.ts";
import { describeInOwnNetwork, INTERFACE, setNetwork } from "../lib/own-network.ts";
import { type Server, startServer } from "../lib/server.ts";

describeInOwnNetwork("Firefox", import.meta.filename, () => {
  let server: Server;
  let chromium: Chromium;
  let firefox: Firefox;

  beforeAll(async () => {
    setNetwork(INTERFACE);
    server = await startServer();
    [chromium, firefox] = await Promise.all([launchChromium(), Firefox.launch()]);
  });

  afterAll(async () => {
    firefox?.close();
    await chromium?.close();
    await server?.stop();
  });

  test("watches what Chromium publishes", async () => {
    await publishPage(chromium, server, "to-firefox", { codec: "VP8" });
    const viewer = await firefox.open(`${server.url}/watch/to-firefox`);
    await viewer.state("live");
    const fps = await viewer.fps(10);
    console.info("Firefox shows, fps", fps);
    expect(fps).toBeGreaterThanOrEqual(PLAYS_FPS_MIN);
  });

  test("publishes what Chromium watches", async () => {
    const publisher = await firefox.open(`${server.url}/?stream=from-firefox`);
    await publisher.evaluate("document.querySelector('#codec').value = 'VP8'");
    await publisher.evaluate("document.querySelector('#go-live').click()");
    await publisher.state("live");
    const viewer = await watchPage(chromium, server, "from-firefox");
    await state(viewer, "live");
    const { perSecond, medianFps } = await playback(viewer, 10);
    console.info("Chromium shows, fps", perSecond);
    await screenshot(viewer, "watch-from-firefox");
    expect(medianFps).toBeGreaterThanOrEqual(PLAYS_FPS_MIN);
  });
});
