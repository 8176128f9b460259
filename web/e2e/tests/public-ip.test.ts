import { afterAll, beforeAll, expect, test } from "vitest";
import { type Chromium, launchChromium, publishPage, state, watchPage } from "../lib/chromium.ts";
import { PLAYS_FPS_MIN, playback } from "../lib/frames.ts";
import { describeInOwnNetwork, INTERFACE, setNetwork } from "../lib/own-network.ts";
import { type Server, startServer } from "../lib/server.ts";

/** Of the interface. */
const ADDRESS = "10.77.0.1";

describeInOwnNetwork("A server that is told one address", import.meta.filename, () => {
  let server: Server;
  let chromium: Chromium;

  beforeAll(async () => {
    setNetwork(INTERFACE);
    process.env.HEADWATER_MEDIA__PUBLIC_IPS = ADDRESS;
    server = await startServer();
    chromium = await launchChromium();
  });

  afterAll(async () => {
    await chromium?.close();
    await server?.stop();
  });

  test("sends and receives media there only", async () => {
    await publishPage(chromium, server, "one", { codec: "VP8" });
    const viewer = await watchPage(chromium, server, "one");
    await state(viewer, "live");
    expect((await playback(viewer, 3)).medianFps).toBeGreaterThanOrEqual(PLAYS_FPS_MIN);
  });
});
