import type { Locator } from "playwright-core";
import { until } from "./until.ts";

const PLAYS_MS_MAX = 15_000;
const FRAMES = 10;

/** Waits until a video element shows moving pictures; also one inside a custom element. */
export async function moves(video: Locator): Promise<void> {
  await video.waitFor({ timeout: PLAYS_MS_MAX });
  const shown = () =>
    video.evaluate((it) => (it as HTMLVideoElement).getVideoPlaybackQuality().totalVideoFrames);
  let before = await shown();
  await until("a video to play", PLAYS_MS_MAX, async () => {
    const now = await shown();
    // An element that is given a stream anew counts from its beginning.
    before = Math.min(before, now);
    return now > before + FRAMES;
  });
}
