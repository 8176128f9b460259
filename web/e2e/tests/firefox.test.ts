import { expect, test } from "vitest";
import { goLive, publishPage, screenshot, state, studioPage, watchPage } from "../lib/chromium.ts";
import { Firefox } from "../lib/firefox.ts";
import { useFirefoxStage } from "../lib/firefox-stage.ts";
import { PLAYS_FPS_MIN, playback } from "../lib/frames.ts";
import { describeInOwnNetwork } from "../lib/own-network.ts";

/** From the successor's first request to its picture. */
const BACK_MS_MAX = 2_000;

describeInOwnNetwork("Firefox", import.meta.filename, () => {
  const stage = useFirefoxStage();

  test("watches what Chromium publishes", async () => {
    await publishPage(stage.chromium, stage.server, "to-firefox", { codec: "VP8" });
    const viewer = await stage.firefox.open(`${stage.server.url}/watch/to-firefox`);
    await viewer.state("live");
    const fps = await viewer.fps(10);
    console.info("Firefox shows, fps", fps);
    expect(fps).toBeGreaterThanOrEqual(PLAYS_FPS_MIN);
  });

  test("publishes what Chromium watches", async () => {
    const publisher = await stage.firefox.open(`${stage.server.url}/?stream=from-firefox`);
    await publisher.goLive();
    const viewer = await watchPage(stage.chromium, stage.server, "from-firefox");
    await state(viewer, "live");
    const { perSecond, medianFps } = await playback(viewer, 10);
    console.info("Chromium shows, fps", perSecond);
    await screenshot(viewer, "watch-from-firefox");
    expect(medianFps).toBeGreaterThanOrEqual(PLAYS_FPS_MIN);
  });

  test("plays on by the same session when its publisher dies and another takes over", async () => {
    const dying = await Firefox.launch();
    const publisher = await dying.open(`${stage.server.url}/?stream=handed-over&token=same`);
    await publisher.goLive();
    const next = await studioPage(stage.chromium, stage.server, "handed-over", {
      codec: "VP8",
      token: "same",
    });
    await next.getByRole("button", { name: "Show preview" }).click();
    const viewer = await stage.firefox.open(`${stage.server.url}/watch/handed-over`);
    await viewer.state("live");
    const posts = await viewer.requests(`${stage.server.url}/whep/handed-over`);
    expect(posts).toBe(1);

    await dying.kill();
    await viewer.state("paused");
    const back = viewer.nextFrame();
    await goLive(next);
    const ms = Math.round(await back);
    console.info("Firefox plays again after, ms", ms);
    expect(ms).toBeLessThan(BACK_MS_MAX);
    expect(await viewer.requests(`${stage.server.url}/whep/handed-over`)).toBe(posts);
  });
});
