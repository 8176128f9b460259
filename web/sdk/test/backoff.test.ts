import { expect, test } from "vitest";
import { Backoff } from "../src/backoff.ts";

test("waits double up to the limit and start over after a reset", () => {
  const backoff = new Backoff(() => 1);
  const waits = Array.from({ length: 7 }, () => backoff.nextMs());
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  backoff.reset();
  expect(backoff.nextMs()).toBe(500);
});

test("chance takes away at most half", () => {
  expect(new Backoff(() => 0).nextMs()).toBe(250);
});
