import { expect, test } from "vitest";
import { openPage, publishPage, state } from "../lib/chromium.ts";
import { PLAYS_FPS_MIN, playback, playsFpsMin, shownFpsMin } from "../lib/frames.ts";
import { GStreamer } from "../lib/gstreamer.ts";
import { describeInOwnNetwork, INTERFACE, setNetwork } from "../lib/own-network.ts";
import { received, receivedCodecs, recordPeers, sentFps } from "../lib/peers.ts";
import { useStage } from "../lib/stage.ts";

const CODECS = ["VP8", "H264"];
const WATCH_S = 5;
const SAMPLES_PER_SECOND = 48_000;

describeInOwnNetwork("GStreamer", import.meta.filename, () => {
  const stage = useStage(() => {
    setNetwork(INTERFACE);
    return {};
  });

  test.each(CODECS)("publishes %s, and ends its stream", async (codec) => {
    const publisher = GStreamer.publish(`${stage.server.url}/whip/from-${codec}`, codec);
    try {
      const viewer = await openPage(
        stage.chromium,
        `${stage.server.url}/watch/from-${codec}`,
        {},
        recordPeers,
      );
      await state(viewer, "live");
      const [encoded, before] = [publisher.encodedFrames, await received(viewer)];
      const { perSecond, medianFps } = await playback(viewer, WATCH_S);
      const receivedFps = ((await received(viewer)).frames - before.frames) / WATCH_S;
      // A busy machine encodes fewer than 30 a second.
      const madeFps = (publisher.encodedFrames - encoded) / WATCH_S;
      console.info(`Chromium shows ${codec}, fps`, perSecond, "of", receivedFps, "of", madeFps);
      expect(await receivedCodecs(viewer)).toEqual([`video/${codec}`]);
      expect(receivedFps).toBeGreaterThanOrEqual(playsFpsMin(madeFps));
      expect(medianFps).toBeGreaterThanOrEqual(shownFpsMin(receivedFps));
      expect(await publisher.stop()).toBe("");
      await state(viewer, "paused");
      await viewer.context().close();
    } finally {
      await publisher.stop();
    }
  });

  test.each(CODECS)("watches %s", async (codec) => {
    const page = await publishPage(stage.chromium, stage.server, `to-${codec}`, {
      codec,
      layers: 1,
      quality: 480,
      init: recordPeers,
    });
    const viewer = GStreamer.watch(`${stage.server.url}/whep/to-${codec}`, codec);
    try {
      const first = await viewer.until("a picture", ({ videoFrames }) => videoFrames > 0);
      const start = performance.now();
      const frames = first.videoFrames + WATCH_S * PLAYS_FPS_MIN;
      const { fps: madeFps, result: last } = await sentFps(page, () =>
        viewer.until("pictures", ({ videoFrames }) => videoFrames >= frames),
      );
      const seconds = (performance.now() - start) / 1000;
      const fps = (last.videoFrames - first.videoFrames) / seconds;
      console.info(
        `GStreamer decodes ${codec}, fps`,
        fps.toFixed(1),
        "of",
        madeFps.toFixed(1),
        last,
      );
      expect(fps).toBeGreaterThanOrEqual(playsFpsMin(madeFps));
      const heard = last.audioSamples - first.audioSamples;
      expect(heard).toBeGreaterThan(0.8 * seconds * SAMPLES_PER_SECOND);
    } finally {
      expect(await viewer.stop()).toBe("");
      await page.context().close();
    }
  });
});
