import { expect, test } from "vitest";
import { parseLayers } from "../src/layers.ts";

test("layers come worst first, temporal layers merged, silent ones inactive", () => {
  const data = JSON.stringify({
    "1": [
      { rid: "h", bitrate: 0, width: 1280, height: 720 },
      { rid: "m", temporalLayerId: 1, bitrate: 500, width: 640, height: 360 },
      { rid: "m", temporalLayerId: 0, bitrate: 300, width: 640, height: 360 },
      { spatialLayerId: 0, bitrate: 7 },
    ],
  });
  expect(parseLayers(data)).toEqual([
    { rid: "m", active: true, bitrate: 500, width: 640, height: 360 },
    { rid: "h", active: false, bitrate: 0, width: 1280, height: 720 },
  ]);
});

test("a silent layer keeps its place where sizes are unknown", () => {
  const data = JSON.stringify({
    video: [
      { rid: "l", bitrate: 200 },
      { rid: "m", bitrate: 500 },
      { rid: "h", bitrate: 0 },
    ],
  });
  expect(parseLayers(data).map(({ rid }) => rid)).toEqual(["l", "m", "h"]);
});
