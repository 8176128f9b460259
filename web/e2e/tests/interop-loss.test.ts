import { beforeAll, expect, test } from "vitest";
import { publishPage } from "../lib/chromium.ts";
import { playsFpsMin, shownFpsMin } from "../lib/frames.ts";
import {
  active,
  FFMPEG_VERSIONS,
  LIBRARY_NAMES,
  publishWith,
  publishWithFfmpeg,
  watchWith,
} from "../lib/interop.ts";
import { showInChromium, useInteropStage } from "../lib/interop-stage.ts";
import { describeInOwnNetwork, lose } from "../lib/own-network.ts";
import { recordPeers, sentFps } from "../lib/peers.ts";

const LOSS_PERCENT = 2;
const SHOW_FRAMES = 150;
const WATCH_S = 6;
/** What a viewer can show of all frames. Without retransmission, a lost packet of a second's pictures
 * stops a browser until the next key frame, and with 100 packets a second that is most of them. */
const DECODED_SHARE_MIN = 0.67;
/** FFmpeg makes no key frame on demand, and 8.0 sends nothing again: what is lost stays lost until the
 * next key frame, so that it is told to make one each half second. A picture stops for a part of that,
 * several times in a second or in none: the mean says more than the median. */
const FFMPEG_OFTEN = { keyframeEvery: 15 };
const FFMPEG_DECODED_SHARE_MIN = { "8.0": 0.17, "8.1.2": 0.6, "9.0.2": 0.6 };
/** Packets that never came, of all: without retransmission it would be the link's loss. */
const MISSING_SHARE_MAX = 0.005;

describeInOwnNetwork(`Over a link that loses ${LOSS_PERCENT} %,`, import.meta.filename, () => {
  const stage = useInteropStage();
  beforeAll(() => lose(LOSS_PERCENT, stage.server.mediaPorts));

  /** The share of this stream's frames that Chromium decodes. How many of them it draws is up to the
   * machine. */
  async function decodedShare(stream: string): Promise<number> {
    const shown = await showInChromium(stage, stream, ({ made }) => made >= SHOW_FRAMES);
    console.info(`Chromium shows ${stream}`, shown);
    expect(shown.drawn).toBeGreaterThanOrEqual(shownFpsMin(shown.decoded));
    return shown.decoded / shown.made;
  }

  test.each(LIBRARY_NAMES)("what %s publishes plays in Chromium", async (name) => {
    const stream = `from-${name.replace(/[^a-zA-Z]/g, "")}`;
    const publisher = stage.ends(publishWith(name, stage.server, stream));
    await active(stage.server, stream, publisher);
    expect(await decodedShare(stream)).toBeGreaterThanOrEqual(DECODED_SHARE_MIN);
  });

  test.each(FFMPEG_VERSIONS)("what FFmpeg %s publishes goes on in Chromium", async (version) => {
    const stream = `from-ffmpeg-${version}`;
    const publisher = stage.ends(publishWithFfmpeg(version, stage.server, stream, FFMPEG_OFTEN));
    await active(stage.server, stream, publisher);
    const share = await decodedShare(stream);
    expect(share).toBeGreaterThanOrEqual(FFMPEG_DECODED_SHARE_MIN[version]);
  });

  test.each(LIBRARY_NAMES)("%s watches", async (library) => {
    const stream = `to-${library.replace(/[^a-z]/g, "")}`;
    const settings = { codec: "VP8", layers: 1, quality: 480, init: recordPeers };
    const page = await publishPage(stage.chromium, stage.server, stream, settings);
    const viewer = stage.ends(
      watchWith(library, stage.server, stream, { codec: "VP8", seconds: WATCH_S }),
    );
    const { fps, result: measured } = await sentFps(page, () => viewer.measured());
    await page.context().close();
    console.info(`To ${library}`, measured, "of", fps);
    expect(measured.frames).toBeGreaterThan(WATCH_S * playsFpsMin(fps) * 0.8);
    // The binding of libdatachannel for Node asks for nothing again.
    if (library.startsWith("node-datachannel")) return;
    const { lost = 0, videoPackets } = measured;
    expect(lost / (videoPackets + lost)).toBeLessThanOrEqual(MISSING_SHARE_MAX);
  });
});
