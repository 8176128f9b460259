import { expect, test } from "vitest";
import { shownSize } from "../src/shown-size.ts";

test("the largest place counts, in device pixels, rounded up", () => {
  const places = [
    { width: 160, height: 90 },
    { width: 641, height: 361 },
  ];
  expect(shownSize(places, 1)).toEqual({ width: 672, height: 384 });
  expect(shownSize(places, 2)).toEqual({ width: 1312, height: 736 });
});

test("pixels finer than can be seen are not asked for", () => {
  expect(shownSize([{ width: 320, height: 160 }], 3)).toEqual({ width: 640, height: 320 });
});

test("without a place of some size it is not shown", () => {
  expect(shownSize([], 1)).toBeUndefined();
  expect(shownSize([{ width: 0, height: 0 }], 1)).toBeUndefined();
});
