import { expect, test } from "vitest";
import { isStreamName, streamOfPath } from "../src/page/address.ts";
import { bitrate, duration, resolution } from "../src/page/format.ts";
import { randomStreamName } from "../src/studio/stream-name.ts";
import { problemText, streamIn } from "../src/studio/stream-status.ts";

test("stream names are those that the server takes", () => {
  for (const name of ["live", "room/camera-1", "a.b_c~d", "9"]) {
    expect(isStreamName(name), name).toBe(true);
  }
  for (const name of ["", "a/", "/a", "..", "a/..", "a/b/c", "café", "a b", "x".repeat(129)]) {
    expect(isStreamName(name), name).toBe(false);
  }
});

test("the stream is what follows /watch/", () => {
  expect(streamOfPath("/watch/room/camera")).toBe("room/camera");
  expect(streamOfPath("/watch/x/")).toBe("x");
  expect(streamOfPath("/watch/")).toBeUndefined();
  expect(streamOfPath("/watch/a%20b")).toBeUndefined();
});

test("random names are good names", () => {
  for (const chance of [0, 0.5, 0.999]) {
    expect(isStreamName(randomStreamName(() => chance))).toBe(true);
  }
});

test("numbers read well", () => {
  expect(bitrate(2_449_000)).toBe("2.4 Mbit/s");
  expect(bitrate(480_400)).toBe("480 kbit/s");
  expect(resolution(1280, 720)).toBe("1280 × 720");
  expect(resolution(0, 0)).toBe("–");
  expect([7_000, 750_000, 3_723_000].map(duration)).toEqual(["0:07", "12:30", "1:02:03"]);
});

test("the studio tells the problems of its own stream, one in a line", () => {
  const [none, one, two] = [[], [{ message: "one" }], [{ message: "one" }, { message: "two" }]];
  const of = (name: string, problems: { message: string }[]) => ({ name, viewers: 0, problems });
  const listing = { streams: [of("a", one), of("b", none), of("b/c", two)] };
  const told = ["a", "b", "b/c"]
    .map((name) => streamIn(listing, name))
    .map((s) => s && problemText(s));
  expect(told).toEqual(["one", "", "one\ntwo"]);
  expect(streamIn(listing, "c")).toBeUndefined();
});
