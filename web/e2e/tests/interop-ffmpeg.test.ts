import { describe, expect, test } from "vitest";
import {
  ACTIVE_MS_MAX,
  active,
  type Ffmpeg,
  type FfmpegSettings,
  makeIdentity,
  publishWithFfmpeg,
  watchWith,
} from "../lib/interop.ts";
import { expectPlays, useInteropStage } from "../lib/interop-stage.ts";
import { describeInOwnNetwork } from "../lib/own-network.ts";
import { until } from "../lib/until.ts";

const WATCH_S = 3;
/** 50 a second come. */
const AUDIO_PACKETS_MIN = 30 * WATCH_S;

describeInOwnNetwork("FFmpeg", import.meta.filename, () => {
  const stage = useInteropStage();
  const publish = (version: Ffmpeg, stream: string, settings: FfmpegSettings) =>
    stage.ends(publishWithFfmpeg(version, stage.server, stream, settings));

  /** With a certificate of this kind, else its own. That of 8.1.2 with GnuTLS is on P-224. */
  const rows: [Ffmpeg, string][] = [
    ["8.0", ""],
    ["8.1.2", ""],
    ["8.1.2", "P-256"],
    ["9.0.2", ""],
  ];

  describe.each(rows)("%s %s", (version, curve) => {
    const own = curve
      ? makeIdentity("-newkey", "ec", "-pkeyopt", `ec_paramgen_curve:${curve}`)
      : undefined;

    test("publishes with x264's default profile what Chromium shows", async () => {
      const stream = `ffmpeg-${version}${curve}`;
      const publisher = publish(version, stream, { own });
      const tracks = await active(stage.server, stream, publisher);
      expect(tracks).toEqual(["audio opus", "video H264"]);
      await expectPlays(stage, stream, "H264");
    });

    test("publishes video alone, which Chromium shows", async () => {
      const stream = `ffmpeg-${version}${curve}-video`;
      const publisher = publish(version, stream, { media: "video alone", own });
      expect(await active(stage.server, stream, publisher)).toEqual(["video H264"]);
      await expectPlays(stage, stream, "H264");
    });

    test("publishes audio alone, which a viewer hears", async () => {
      const stream = `ffmpeg-${version}${curve}-audio`;
      const media = "audio alone";
      const publisher = publish(version, stream, { media, own });
      expect(await active(stage.server, stream, publisher)).toEqual(["audio opus"]);
      const settings = { media, seconds: WATCH_S } as const;
      const viewer = stage.ends(watchWith("Pion 4.2.26", stage.server, stream, settings));
      expect((await viewer.measured()).audioPackets).toBeGreaterThan(AUDIO_PACKETS_MIN);
    });
  });

  test("9.0.2 as a DTLS server with an RSA certificate is refused at once", async () => {
    const own = makeIdentity("-newkey", "rsa:2048");
    const publisher = publish("9.0.2", "rsa", { own });
    await until("the end of FFmpeg", ACTIVE_MS_MAX, async () => publisher.ended);
  });
});
