import type { Page } from "playwright-core";

/**
 * A stream that plays has at least this many of its 30 frames a second. How many more says what else the
 * machine was doing: browsers encode and decode on the processor here. The figures are printed; on a
 * quiet machine they are close to 30.
 */
export const PLAYS_FPS_MIN = 20;

/** The same where the publisher, which is short of time too, makes only so many frames a second. */
export function playsFpsMin(madeFps: number): number {
  return Math.min(PLAYS_FPS_MIN, (2 / 3) * madeFps);
}

/**
 * Where so many frames come in a second, a page shows at least this many. It draws on the processor, too,
 * and last of all: a busy machine that encodes and decodes all frames draws every other one.
 */
export function shownFpsMin(comingFps: number): number {
  return comingFps / 3;
}

export interface Playback {
  /** Frames shown in each whole second. */
  perSecond: number[];
  medianFps: number;
  longestGapMs: number;
}

/** Counts the frames that the page's video shows for `seconds`. */
export async function playback(page: Page, seconds: number): Promise<Playback> {
  const times = await page.evaluate(shownFrames, seconds * 1000);
  const perSecond = Array.from(
    { length: seconds },
    (_, second) => times.filter((at) => Math.floor(at / 1000) === second).length,
  );
  const edges = [0, ...times, seconds * 1000];
  const gaps = edges.slice(1).map((at, i) => at - (edges[i] ?? 0));
  return { perSecond, medianFps: median(perSecond), longestGapMs: Math.max(...gaps) };
}

/** Resolves when the page's video shows another frame, with the time at which it did, as of `Date.now`. */
export function nextFrame(page: Page): Promise<number> {
  return page.evaluate(() => {
    const video = document.querySelector("video");
    return new Promise<number>((shown) =>
      video?.requestVideoFrameCallback(() => shown(Date.now())),
    );
  });
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? 0;
}

/** Runs in the page. When each frame was shown, in ms from now. */
function shownFrames(durationMs: number): Promise<number[]> {
  const video = document.querySelector("video");
  const start = performance.now();
  const times: number[] = [];
  const note = () => {
    times.push(performance.now() - start);
    video?.requestVideoFrameCallback(note);
  };
  video?.requestVideoFrameCallback(note);
  return new Promise((done) => setTimeout(() => done(times), durationMs));
}
