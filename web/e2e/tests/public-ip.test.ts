import { expect, test } from "vitest";
import { openPage, publishPage, state } from "../lib/chromium.ts";
import { playback, shownFpsMin } from "../lib/frames.ts";
import { describeInOwnNetwork, INTERFACE, setNetwork } from "../lib/own-network.ts";
import { framesPassed, leastSent, recordPeers } from "../lib/peers.ts";
import { useStage } from "../lib/stage.ts";

/** Of the interface. */
const ADDRESS = "10.77.0.1";
const WATCH_S = 3;

describeInOwnNetwork("A server that is told one address", import.meta.filename, () => {
  const stage = useStage(() => {
    setNetwork(INTERFACE);
    return { HEADWATER_MEDIA__PUBLIC_IPS: ADDRESS };
  });

  test("sends and receives media there only", async () => {
    const { server, chromium } = stage;
    const settings = { codec: "VP8", init: recordPeers };
    const publisher = await publishPage(chromium, server, "one", settings);
    const viewer = await openPage(chromium, `${server.url}/watch/one`, {}, recordPeers);
    await state(viewer, "live");
    const passed = await framesPassed(publisher, viewer, () => playback(viewer, WATCH_S));
    const fpsMin = shownFpsMin(leastSent(passed) / WATCH_S);
    expect(passed.result.medianFps).toBeGreaterThanOrEqual(fpsMin);
  });
});
