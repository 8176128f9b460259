import { expect, test } from "vitest";
import { publishPage, state, watchPage } from "../lib/chromium.ts";
import { PLAYS_FPS_MIN, playback } from "../lib/frames.ts";
import { describeInOwnNetwork, INTERFACE, setNetwork } from "../lib/own-network.ts";
import { useStage } from "../lib/stage.ts";

/** Of the interface. */
const ADDRESS = "10.77.0.1";

describeInOwnNetwork("A server that is told one address", import.meta.filename, () => {
  const stage = useStage(() => {
    setNetwork(INTERFACE);
    return { HEADWATER_MEDIA__PUBLIC_IPS: ADDRESS };
  });

  test("sends and receives media there only", async () => {
    await publishPage(stage.chromium, stage.server, "one", { codec: "VP8" });
    const viewer = await watchPage(stage.chromium, stage.server, "one");
    await state(viewer, "live");
    expect((await playback(viewer, 3)).medianFps).toBeGreaterThanOrEqual(PLAYS_FPS_MIN);
  });
});
