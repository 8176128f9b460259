import { expect, test } from "vitest";
import { compareLines } from "../src/lines.ts";
import type { Line } from "../src/wire.ts";

const ada: Line[] = [
  { mid: "0", stream: "demo/ada", kind: "audio" },
  { mid: "1", stream: "demo/ada", kind: "video" },
];

test("lines that stay are left alone", () => {
  const copy = ada.map((line) => ({ ...line }));
  expect(compareLines(ada, copy)).toEqual({ ended: [], begun: [] });
});

test("a line that is used again has ended and begun", () => {
  const [sound, picture] = ada;
  const bob: Line = { mid: "1", stream: "demo/bob", kind: "video" };
  const after = sound ? [sound, bob] : [];
  expect(compareLines(ada, after)).toEqual({ ended: [picture], begun: [bob] });
});

test("the same track on another line has ended and begun", () => {
  const moved = ada.map((line) => ({ ...line, mid: String(Number(line.mid) + 2) }));
  expect(compareLines(ada, moved)).toEqual({ ended: ada, begun: moved });
});
