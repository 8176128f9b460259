import { expect, test } from "vitest";
import { publishPage } from "../lib/chromium.ts";
import type { FirefoxPage } from "../lib/firefox.ts";
import { useFirefoxStage } from "../lib/firefox-stage.ts";
import { shownFpsMin } from "../lib/frames.ts";
import { metric } from "../lib/metrics.ts";
import { describeInOwnNetwork, lose } from "../lib/own-network.ts";
import { arrivedShare, framesPassed, recordPeers } from "../lib/peers.ts";
import { until } from "../lib/until.ts";

const LOSS_PERCENT = 3;
/** The long form is part of `make soak`, which has the machine for itself. */
const SOAK = process.env.HEADWATER_SOAK !== undefined;
const RUNS = SOAK ? 10 : 1;
const WATCH_S = SOAK ? 60 : 15;
/** A session whose browser closes nothing ends after 20 s of silence. */
const GONE_MS_MAX = 30_000;
const MS_MAX = (RUNS * (WATCH_S + 40) + 60) * 1_000;
/** Of the frames that arrived: where packets are missing, a picture stops. */
const DECODED_MIN = SOAK ? 28 / 30 : 22 / 30;
/** Of what the publisher sent meanwhile: where the machine is short, it makes fewer than 30 a second. In a
 * short time it counts that nothing comes for half a second when the layer changes, and for 1.5 s when the
 * publisher ceases to send it. */
const ARRIVED_MIN = SOAK ? 0.97 : 0.9;
/** A picture goes on without another key frame only when each lost packet comes again, and that is by
 * RTX; otherwise the viewer asks for one (PLI), and gets it. Key frames have other causes too, such as a
 * change of the layer, and a viewer asks more often than it gets one. */
const LOSSES_PER_KEYFRAME_MIN = 20;

interface Received {
  /** At first: what came by RTX is still among them. */
  packetsLost: number;
  packetsReceived: number;
  keyFramesDecoded: number;
  freezeCount: number;
  framesReceived: number;
  framesDecoded: number;
  nackCount: number;
  pliCount: number;
}

/** What Firefox has received of video, as its statistics tell; nothing before the first packet. */
async function received(page: FirefoxPage): Promise<Partial<Received>> {
  const told = await page.evaluate(`(async () => {
    const report = await globalThis.peers.at(-1).getStats();
    const video = [...report.values()].find((s) => s.type === "inbound-rtp" && s.kind === "video");
    return JSON.stringify(video ?? {});
  })()`);
  return JSON.parse(String(told));
}

describeInOwnNetwork(
  "Firefox over a lossy link",
  import.meta.filename,
  () => {
    const stage = useFirefoxStage();

    test(
      `plays on though ${LOSS_PERCENT} % of the packets are lost`,
      async () => {
        await stage.firefox.prepare(recordPeers);
        const publisher = await publishPage(stage.chromium, stage.server, "lossy", {
          codec: "VP8",
          init: recordPeers,
        });
        // The publisher is on the first media thread, so that its viewer is on the second.
        const [, port] = stage.server.mediaPorts.split("-");
        lose(LOSS_PERCENT, String(port));
        for (let run = 1; run <= RUNS; run += 1) {
          const viewer = await stage.firefox.open(`${stage.server.url}/watch/lossy`);
          await viewer.state("live");
          const before = await received(viewer);
          const passed = await framesPassed(publisher, viewer, () => viewer.fps(WATCH_S));
          const { result: fps, sent, arrived } = passed;
          const video = await received(viewer);
          console.info(
            `Run ${run}: ${fps} fps, ${video.packetsLost} packets lost at first beside ` +
              `${video.packetsReceived}, ${video.keyFramesDecoded} key frames, ${video.freezeCount} freezes, ` +
              `${arrived} frames arrived of ${Object.values(sent)}, ${video.framesDecoded} decoded of ` +
              `${video.framesReceived}, ${video.nackCount} NACKs, ${video.pliCount} PLIs`,
          );
          const since = (what: keyof Received) => (video[what] ?? 0) - (before[what] ?? 0);
          expect(since("packetsLost")).toBeGreaterThan(since("packetsReceived") * 0.005);
          const keyFrames = Math.min(since("pliCount"), since("keyFramesDecoded"));
          expect(keyFrames).toBeLessThanOrEqual(since("packetsLost") / LOSSES_PER_KEYFRAME_MIN);
          expect(arrivedShare(passed)).toBeGreaterThanOrEqual(ARRIVED_MIN);
          expect(since("framesDecoded") / arrived).toBeGreaterThanOrEqual(DECODED_MIN);
          const shownMin = SOAK
            ? DECODED_MIN * (arrived / WATCH_S)
            : shownFpsMin(arrived / WATCH_S);
          expect(fps).toBeGreaterThanOrEqual(shownMin);
          await viewer.close();
          // While its session lasts, the next viewer may be placed on the first media thread.
          await until("the viewer to be gone", GONE_MS_MAX, async () => {
            return (await metric(stage.server, "headwater_viewers")) === 0;
          });
        }
      },
      MS_MAX,
    );
  },
  2 * MS_MAX,
);
