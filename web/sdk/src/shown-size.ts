import type { Size } from "./encodings.ts";

/** Sizes are rounded up to this, so that a window that is being dragged asks seldom. */
const STEP_PX = 32;
/** What finer screens could show beyond this, nobody sees in moving pictures. */
const PIXEL_RATIO_MAX = 2;

/** How large a video is shown, of all the places where it is; `undefined` when nowhere. */
export function shownSize(places: readonly Size[], pixelRatio: number): Size | undefined {
  const visible = places.filter(({ width, height }) => width > 0 && height > 0);
  if (visible.length === 0) return undefined;
  const ratio = Math.min(pixelRatio, PIXEL_RATIO_MAX);
  const round = (side: number) => Math.ceil((side * ratio) / STEP_PX) * STEP_PX;
  return {
    width: round(Math.max(...visible.map(({ width }) => width))),
    height: round(Math.max(...visible.map(({ height }) => height))),
  };
}
