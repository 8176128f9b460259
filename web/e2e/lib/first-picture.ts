import type { Page } from "playwright-core";
import { median } from "./frames.ts";

declare global {
  /** Put there by `recordFrames`. */
  var firstPicture: { postedAt: number; frames: { at: number; rtp: number }[] };
}

const CLOCK_KHZ = 90;
/** Lags of frames differ by this much at the live edge, too. */
const JITTER_MS = 150;

/** How a viewer came in, in ms. */
export interface Join {
  /** From its POST to its first picture. */
  firstMs: number;
  /** From its POST to the live edge. */
  liveMs: number;
  behindAtFirstMs: number;
  longestGapMs: number;
  frames: number;
}

/** What a page that ran `recordFrames` has seen so far. */
export async function measureJoin(page: Page): Promise<Join> {
  const { postedAt, frames } = await page.evaluate(() => globalThis.firstPicture);
  const lags = frames.map(({ at, rtp }) => at - rtp / CLOCK_KHZ);
  const edge = median(lags.slice(-30));
  const live = frames[lags.findIndex((lag) => lag <= edge + JITTER_MS)];
  const gaps = frames.slice(1).map(({ at }, i) => at - (frames[i]?.at ?? at));
  return {
    firstMs: Math.round((frames[0]?.at ?? Number.POSITIVE_INFINITY) - postedAt),
    liveMs: Math.round((live?.at ?? Number.POSITIVE_INFINITY) - postedAt),
    behindAtFirstMs: Math.round((lags[0] ?? 0) - edge),
    longestGapMs: Math.round(Math.max(...gaps)),
    frames: frames.length,
  };
}

/** Runs in the page before its scripts: notes when it asks for a stream, and each frame. */
export function recordFrames(): void {
  const found = { postedAt: 0, frames: [] as { at: number; rtp: number }[] };
  globalThis.firstPicture = found;
  const original = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    if (init?.method === "POST" && !found.postedAt) found.postedAt = performance.now();
    return original(input, init);
  };
  const watch = (video: HTMLVideoElement) =>
    video.requestVideoFrameCallback((_, { rtpTimestamp = 0 }) => {
      found.frames.push({ at: performance.now(), rtp: rtpTimestamp });
      watch(video);
    });
  document.addEventListener("DOMContentLoaded", () => {
    const video = document.querySelector("video");
    if (video) watch(video);
  });
}
