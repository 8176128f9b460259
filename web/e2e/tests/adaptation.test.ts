import { expect, test } from "vitest";
import { openPage, publishPage, state } from "../lib/chromium.ts";
import { liftLimit, limitLink, NEAR } from "../lib/far-host.ts";
import { useFarStage } from "../lib/far-stage.ts";
import { playback } from "../lib/frames.ts";
import { describeInOwnNetwork } from "../lib/own-network.ts";

const WINDOW = { viewport: { width: 480, height: 480 } };
const TOP = "1280 × 720";
/** Half of the seconds show at least this many of 30 frames, those after the limit fell included. */
const LOW_FPS_MIN = 20;
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
      await publishPage(stage.near, stage.server, "adapt", { codec: "VP8" });
      const free = await openPage(stage.near, `${stage.server.url}/watch/adapt`, WINDOW);
      const limited = await openPage(
        stage.far,
        `${stage.server.url.replace("127.0.0.1", NEAR)}/watch/adapt`,
        WINDOW,
      );
      await state(free, "live");
      await state(limited, "live");
      const resolution = (page: typeof free) => page.getByTestId("stat-resolution");
      await resolution(limited).filter({ hasText: TOP }).waitFor({ timeout: 20_000 });

      limitLink(400, 5);
      const [low, top] = await Promise.all([playback(limited, 20), playback(free, 20)]);
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
      expect(await resolution(limited).textContent()).toContain("320 × 180");
      expect(await resolution(free).textContent()).toContain(TOP);
      expect(low.medianFps).toBeGreaterThanOrEqual(LOW_FPS_MIN);
      expect(low.longestGapMs).toBeLessThanOrEqual(STANDSTILL_MS_MAX);
      expect(top.medianFps).toBeGreaterThanOrEqual(LOW_FPS_MIN);

      liftLimit();
      const lifted = Date.now();
      await resolution(limited).filter({ hasText: TOP }).waitFor({ timeout: BACK_MS_MAX });
      console.info("back on top after, ms", Date.now() - lifted);
    });
  },
);
