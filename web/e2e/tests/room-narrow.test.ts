import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { openPage } from "../lib/chromium.ts";
import { liftLimit, limitLink, NEAR } from "../lib/far-host.ts";
import { useFarStage } from "../lib/far-stage.ts";
import { describeInOwnNetwork } from "../lib/own-network.ts";
import { framesSent, leastSent, recordPeers, sentSince } from "../lib/peers.ts";
import { joinRoom, plays, publishedWidth, shown } from "../lib/rooms.ts";
import { until } from "../lib/until.ts";

const NAMES = ["ada", "bob", "cyd"];
const STREAMS = NAMES.map((name) => `narrow/${name}`);
const FPS = 15;
/** The three small pictures fit, the three large ones do not. */
const LIMIT_KBPS = 900;
const SECONDS = 20;
/** Of the frames that are sent. */
const SHOWN_MIN = 0.6;
const BACK_MS_MAX = 30_000;

describeInOwnNetwork(
  `A participant who sees three others over ${LIMIT_KBPS} kbit/s`,
  import.meta.filename,
  () => {
    const stage = useFarStage();

    test("sees all of them, smaller, and large again when there is room", async () => {
      const url = `${stage.server.url}/healthz`;
      const publishers: Page[] = [];
      for (const id of NAMES) {
        const page = await openPage(stage.near, url, {}, recordPeers);
        publishers.push(page);
        await joinRoom(page, { room: "narrow", id, subscribe: "manual" });
        await page.evaluate(async (frameRate) => {
          const video = { width: 640, height: 360, frameRate };
          await window.room.publishCamera({ layers: 2, codec: "VP8", video });
        }, FPS);
      }
      const viewer = await openPage(stage.far, url.replace("127.0.0.1", NEAR));
      await joinRoom(viewer, { room: "narrow", id: "far", role: "viewer" }, false);
      await Promise.all(STREAMS.map((stream) => plays(viewer, stream)));
      // On a busy machine Chromium scales its source down: large is what is sent as the best layer.
      const allAreLarge = async () => {
        const sent = await Promise.all(publishers.map((page) => publishedWidth(page, "h")));
        return (await widths(viewer)).every((width, i) => width > 0 && width === sent[i]);
      };
      await until("all to be large", BACK_MS_MAX, allAreLarge);

      limitLink(LIMIT_KBPS, 0);
      const frames = () => Promise.all(STREAMS.map((stream) => shown(viewer, stream)));
      const sentSoFar = () => Promise.all(publishers.map(framesSent));
      const [before, sentBefore] = [await frames(), await sentSoFar()];
      await new Promise((done) => setTimeout(done, SECONDS * 1_000));
      const [after, sentAfter] = [await frames(), await sentSoFar()];
      const perSecond = after.map((count, i) => (count - (before[i] ?? 0)) / SECONDS);
      const sent = sentAfter.map(
        (layers, i) => leastSent({ sent: sentSince(sentBefore[i] ?? {}, layers) }) / SECONDS,
      );
      console.info("shown per second", perSecond, "of", sent, "wide", await widths(viewer));
      for (const [i, fps] of perSecond.entries()) {
        expect(fps).toBeGreaterThanOrEqual((sent[i] ?? FPS) * SHOWN_MIN);
      }

      liftLimit();
      const lifted = Date.now();
      await until("all to be large again", BACK_MS_MAX, allAreLarge);
      console.info("large again after, ms", Date.now() - lifted);
    });
  },
);

function widths(page: Page): Promise<number[]> {
  return page.evaluate((streams) => {
    const video = (stream: string) => document.getElementById(stream) as HTMLVideoElement | null;
    return streams.map((stream) => video(stream)?.videoWidth ?? 0);
  }, STREAMS);
}
