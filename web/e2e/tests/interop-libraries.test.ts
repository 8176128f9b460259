import { describe, expect, test } from "vitest";
import { publishPage } from "../lib/chromium.ts";
import { PLAYS_FPS_MIN, playsFpsMin } from "../lib/frames.ts";
import {
  active,
  LIBRARY_NAMES,
  publishWith,
  publishWithFfmpeg,
  TELLS_NO_LOSSES,
  watchWith,
} from "../lib/interop.ts";
import { expectPlays, useInteropStage } from "../lib/interop-stage.ts";
import { describeInOwnNetwork } from "../lib/own-network.ts";
import { recordPeers, sentFps } from "../lib/peers.ts";

const CODECS = ["VP8", "H264"];
/** A viewer watches for 4 s, of which half a second may pass until the first picture. */
const WATCHED_S = 3.5;
const AUDIO_PACKETS_MIN = 100;

describeInOwnNetwork("Of other makers,", import.meta.filename, () => {
  const stage = useInteropStage();

  describe.each(LIBRARY_NAMES)("%s", (library) => {
    const key = library.replace(/[^a-z]/g, "");

    test.each(CODECS)("publishes %s, which Chromium shows", async (codec) => {
      const stream = `${key}-${codec}`;
      const publisher = stage.ends(publishWith(library, stage.server, stream, { codec }));
      const tracks = await active(stage.server, stream, publisher);
      expect(tracks).toEqual(["audio opus", `video ${codec}`]);
      await expectPlays(stage, stream, codec);
    });
  });

  describe.each(CODECS)("with %s of Chromium,", (codec) => {
    test.each(LIBRARY_NAMES)("%s watches", async (library) => {
      const stream = `chromium-${codec}-${library.replace(/[^a-z]/g, "")}`;
      const settings = { codec, layers: 1, quality: 480, init: recordPeers };
      const page = await publishPage(stage.chromium, stage.server, stream, settings);
      const viewer = stage.ends(watchWith(library, stage.server, stream, { codec }));
      const { fps, result: measured } = await sentFps(page, () => viewer.measured());
      await page.context().close();
      console.info(`${library} watches ${codec}`, measured, "of", fps);
      expect(measured.frames).toBeGreaterThan(WATCHED_S * playsFpsMin(fps));
      expect(measured.audioPackets).toBeGreaterThan(AUDIO_PACKETS_MIN);
      if (library !== TELLS_NO_LOSSES) expect(measured.lost).toBe(0);
    });
  });

  test.each(LIBRARY_NAMES)("%s watches x264's default profile of FFmpeg 9.0.2", async (library) => {
    const stream = `high-${library.replace(/[^a-z]/g, "")}`;
    const publisher = stage.ends(publishWithFfmpeg("9.0.2", stage.server, stream));
    await active(stage.server, stream, publisher);
    const measured = await stage.ends(watchWith(library, stage.server, stream)).measured();
    console.info(`${library} watches FFmpeg`, measured);
    expect(measured.frames).toBeGreaterThan(WATCHED_S * PLAYS_FPS_MIN);
    expect(measured.audioPackets).toBeGreaterThan(AUDIO_PACKETS_MIN);
  });
});
