import { expect, test } from "vitest";
import { openPage, publishPage, state } from "../lib/chromium.ts";
import { liftLimit, limitLink, NEAR } from "../lib/far-host.ts";
import { useFarStage } from "../lib/far-stage.ts";
import { playback, shownFpsMin } from "../lib/frames.ts";
import { describeInOwnNetwork } from "../lib/own-network.ts";
import { framesPassed, leastSent, received, recordPeers, sentWidth } from "../lib/peers.ts";

const WINDOW = { viewport: { width: 480, height: 480 } };
/** How long the limit lasts. */
const LIMITED_S = 20;
/** Until the path has proved to carry the top, and the publisher has time for it. */
const TOP_MS_MAX = 45_000;
/** By then the page shows what came last: it looks once a second. */
const SHOWN_MS_MAX = 5_000;
/** Of the frames that are sent: a busy machine makes fewer than 30 a second. Those in the seconds after the
 * limit fell are included. */
const DECODED_MIN = 2 / 3;
/** The longest time without a new picture when the limit falls. */
const STANDSTILL_MS_MAX = 3_000;
/** From the end of the limit to the top layer. */
const BACK_MS_MAX = 10_000;

describeInOwnNetwork(
  "A viewer behind a link of 400 kbit/s that loses 5 %",
  import.meta.filename,
  () => {
    const stage = useFarStage();

    test("keeps a steady low layer, harms nobody, and returns to the top", async () => {
      const publisher = await publishPage(stage.near, stage.server, "adapt", {
        codec: "VP8",
        init: recordPeers,
      });
      const watch = `${stage.server.url}/watch/adapt`;
      const free = await openPage(stage.near, watch, WINDOW, recordPeers);
      const limited = await openPage(
        stage.far,
        watch.replace("127.0.0.1", NEAR),
        WINDOW,
        recordPeers,
      );
      await state(free, "live");
      await state(limited, "live");
      const resolution = (page: typeof free) => page.getByTestId("stat-resolution");
      // On a busy machine Chromium scales its source down, and all layers with it: the right width
      // is the one in which the publisher sends the layer.
      const shows = (page: typeof free, rid: string, timeout: number) =>
        expect
          .poll(
            async () => {
              const width = Number.parseInt(await resolution(page).innerText(), 10);
              return width === (await sentWidth(publisher, rid));
            },
            { timeout, message: `layer ${rid}` },
          )
          .toBe(true);
      await shows(limited, "h", TOP_MS_MAX);

      limitLink(400, 5);
      const decoded = async () =>
        (await Promise.all([limited, free].map(received))).map(({ decoded }) => decoded);
      const before = await decoded();
      const passed = await framesPassed(publisher, free, () =>
        Promise.all([playback(limited, LIMITED_S), playback(free, LIMITED_S)]),
      );
      const fps = (await decoded()).map((frames, i) => (frames - (before[i] ?? 0)) / LIMITED_S);
      const [low, top] = passed.result;
      console.info(
        "limited",
        low.perSecond,
        await resolution(limited).textContent(),
        Math.round(low.longestGapMs),
      );
      console.info(
        "free",
        top.perSecond,
        await resolution(free).textContent(),
        Math.round(top.longestGapMs),
      );
      await shows(limited, "l", SHOWN_MS_MAX);
      await shows(free, "h", SHOWN_MS_MAX);
      console.info("sent", passed.sent, "decoded per second", fps);
      for (const decodedFps of fps) {
        expect(decodedFps).toBeGreaterThanOrEqual((DECODED_MIN * leastSent(passed)) / LIMITED_S);
      }
      for (const { medianFps } of passed.result) {
        expect(medianFps).toBeGreaterThanOrEqual(shownFpsMin(leastSent(passed) / LIMITED_S));
      }
      expect(low.longestGapMs).toBeLessThanOrEqual(STANDSTILL_MS_MAX);

      liftLimit();
      const lifted = Date.now();
      await shows(limited, "h", BACK_MS_MAX);
      console.info("back on top after, ms", Date.now() - lifted);
    });
  },
);
