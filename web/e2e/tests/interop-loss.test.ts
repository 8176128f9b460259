import { beforeAll, expect, test } from "vitest";
import { publishPage } from "../lib/chromium.ts";
import type { Playback } from "../lib/frames.ts";
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

const LOSS_PERCENT = 2;
const SHOW_S = 5;
const WATCH_S = 6;
/** What a viewer shows of 30 fps. Without retransmission, a lost packet of a second's pictures
 * stops a browser until the next key frame, and with 100 packets a second that is most of them. */
const SHOWN_FPS_MIN = 20;
/** FFmpeg makes no key frame on demand, and 8.0 sends nothing again: what is lost stays lost until the
 * next key frame, so that it is told to make one each half second. A picture stops for a part of that,
 * several times in a second or in none: the mean says more than the median. */
const FFMPEG_OFTEN = { keyframeEvery: 15 };
const FFMPEG_SHOWN_FPS_MIN = { "8.0": 5, "8.1.2": 18, "9.0.2": 18 };
/** Packets that never came, of all: without retransmission it would be the link's loss. */
const MISSING_SHARE_MAX = 0.005;

describeInOwnNetwork(`Over a link that loses ${LOSS_PERCENT} %,`, import.meta.filename, () => {
  const stage = useInteropStage();
  beforeAll(() => lose(LOSS_PERCENT, stage.server.mediaPorts));

  /** What Chromium shows of this stream. */
  async function shown(stream: string): Promise<Playback> {
    const playback = await showInChromium(stage, stream, SHOW_S);
    console.info(`Chromium shows ${stream}, fps`, playback.perSecond);
    return playback;
  }

  test.each(LIBRARY_NAMES)("what %s publishes plays in Chromium", async (name) => {
    const stream = `from-${name.replace(/[^a-zA-Z]/g, "")}`;
    const publisher = stage.ends(publishWith(name, stage.server, stream));
    await active(stage.server, stream, publisher);
    const { medianFps } = await shown(stream);
    expect(medianFps).toBeGreaterThanOrEqual(SHOWN_FPS_MIN);
  });

  test.each(FFMPEG_VERSIONS)("what FFmpeg %s publishes goes on in Chromium", async (version) => {
    const stream = `from-ffmpeg-${version}`;
    const publisher = stage.ends(publishWithFfmpeg(version, stage.server, stream, FFMPEG_OFTEN));
    await active(stage.server, stream, publisher);
    const { perSecond } = await shown(stream);
    const frames = perSecond.reduce((sum, n) => sum + n, 0);
    expect(frames / SHOW_S).toBeGreaterThanOrEqual(FFMPEG_SHOWN_FPS_MIN[version]);
  });

  test.each(LIBRARY_NAMES)("%s watches", async (library) => {
    const stream = `to-${library.replace(/[^a-z]/g, "")}`;
    const settings = { codec: "VP8", layers: 1, quality: 480 };
    const page = await publishPage(stage.chromium, stage.server, stream, settings);
    const viewer = stage.ends(
      watchWith(library, stage.server, stream, { codec: "VP8", seconds: WATCH_S }),
    );
    const measured = await viewer.measured();
    console.info(`To ${library}`, measured);
    expect(measured.frames).toBeGreaterThan(WATCH_S * SHOWN_FPS_MIN * 0.8);
    // The binding of libdatachannel for Node asks for nothing again.
    if (library.startsWith("node-datachannel")) return;
    const { lost = 0, videoPackets } = measured;
    expect(lost / (videoPackets + lost)).toBeLessThanOrEqual(MISSING_SHARE_MAX);
    await page.context().close();
  });
});
