import { beforeAll, expect, test } from "vitest";
import { publishPage } from "../lib/chromium.ts";
import {
  active,
  LIBRARY_NAMES,
  publishWith,
  publishWithFfmpeg,
  watchWith,
} from "../lib/interop.ts";
import { lose, showInChromium, useInteropStage } from "../lib/interop-stage.ts";
import { describeInOwnNetwork } from "../lib/own-network.ts";

const LOSS_PERCENT = 2;
const SHOW_S = 5;
const WATCH_S = 6;
/** What a viewer shows of 30 fps. Without retransmission, a lost packet of a second's pictures
 * stops a browser until the next key frame, and with 100 packets a second that is most of them. */
const SHOWN_FPS_MIN = 20;
/** FFmpeg answers no NACK and no request for a key frame: what is lost stays lost until the next one,
 * so that it is told to make one each half second. */
const FFMPEG_OFTEN = { keyframeEvery: 15 };
const FFMPEG_SHOWN_FPS_MIN = 5;
/** Packets that never came, of all: without retransmission it would be the link's loss. */
const MISSING_SHARE_MAX = 0.005;

describeInOwnNetwork(`Over a link that loses ${LOSS_PERCENT} %,`, import.meta.filename, () => {
  const stage = useInteropStage();
  beforeAll(() => lose(LOSS_PERCENT, stage.server));

  const publishers = [...LIBRARY_NAMES, "FFmpeg 9.0.2"] as const;

  test.each(publishers)("what %s publishes plays in Chromium", async (name) => {
    const stream = `from-${name.replace(/[^a-zA-Z]/g, "")}`;
    const publisher = stage.ends(
      name === "FFmpeg 9.0.2"
        ? publishWithFfmpeg("9.0.2", stage.server, stream, FFMPEG_OFTEN)
        : publishWith(name, stage.server, stream),
    );
    await active(stage.server, stream, publisher);
    const { medianFps, perSecond } = await showInChromium(stage, stream, SHOW_S);
    console.info(`Chromium shows ${stream}, fps`, perSecond);
    const least = name === "FFmpeg 9.0.2" ? FFMPEG_SHOWN_FPS_MIN : SHOWN_FPS_MIN;
    expect(medianFps).toBeGreaterThanOrEqual(least);
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
