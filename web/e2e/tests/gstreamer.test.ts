import { expect, test } from "vitest";
import { openPage, publishPage, state } from "../lib/chromium.ts";
import { PLAYS_FPS_MIN, playback } from "../lib/frames.ts";
import { GStreamer } from "../lib/gstreamer.ts";
import { describeInOwnNetwork, INTERFACE, setNetwork } from "../lib/own-network.ts";
import { receivedCodecs, recordPeers } from "../lib/peers.ts";
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
      const { perSecond, medianFps } = await playback(viewer, WATCH_S);
      console.info(`Chromium shows ${codec}, fps`, perSecond);
      expect(await receivedCodecs(viewer)).toEqual([`video/${codec}`]);
      expect(medianFps).toBeGreaterThanOrEqual(PLAYS_FPS_MIN);
      expect(await publisher.stop()).toBe("");
      await state(viewer, "paused");
    } finally {
      await publisher.stop();
    }
  });

  test.each(CODECS)("watches %s", async (codec) => {
    await publishPage(stage.chromium, stage.server, `to-${codec}`, {
      codec,
      layers: 1,
      quality: 480,
    });
    const viewer = GStreamer.watch(`${stage.server.url}/whep/to-${codec}`, codec);
    try {
      const first = await viewer.until("a picture", ({ videoFrames }) => videoFrames > 0);
      const start = performance.now();
      const frames = first.videoFrames + WATCH_S * PLAYS_FPS_MIN;
      const last = await viewer.until("pictures", ({ videoFrames }) => videoFrames >= frames);
      const seconds = (performance.now() - start) / 1000;
      const fps = (last.videoFrames - first.videoFrames) / seconds;
      console.info(`GStreamer decodes ${codec}, fps`, fps.toFixed(1), last);
      expect(fps).toBeGreaterThanOrEqual(PLAYS_FPS_MIN);
      const heard = last.audioSamples - first.audioSamples;
      expect(heard).toBeGreaterThan(0.8 * seconds * SAMPLES_PER_SECOND);
    } finally {
      expect(await viewer.stop()).toBe("");
    }
  });
});
