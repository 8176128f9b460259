import { expect, test } from "vitest";
import { codecPreferences, layerSizes, videoEncodings } from "../src/encodings.ts";

const HD = { width: 1280, height: 720 };

test("three layers go from low to high", () => {
  expect(videoEncodings(3, undefined, HD)).toEqual([
    { rid: "l", scaleResolutionDownBy: 4, maxBitrate: 150_000 },
    { rid: "m", scaleResolutionDownBy: 2, maxBitrate: 500_000 },
    { rid: "h", scaleResolutionDownBy: 1, maxBitrate: 2_500_000 },
  ]);
});

test("one layer has no rid", () => {
  expect(videoEncodings(1, "H264", HD)).toEqual([{ maxBitrate: 2_500_000 }]);
});

test("VP9 and AV1 layers say their scalability mode", () => {
  for (const codec of ["VP9", "AV1"] as const) {
    const modes = videoEncodings(2, codec, HD).map(({ scalabilityMode }) => scalabilityMode);
    expect(modes).toEqual(["L1T2", "L1T2"]);
  }
});

test("larger pictures get more bits, but fewer per pixel", () => {
  const [full] = videoEncodings(1, undefined, { width: 1920, height: 1080 });
  expect(full?.maxBitrate).toBeGreaterThan(4_000_000);
  expect(full?.maxBitrate).toBeLessThan(2_500_000 * 2.25);
});

test("layers are told with their sizes, and a single encoding is no layer", () => {
  expect(layerSizes(videoEncodings(3, undefined, HD), { width: 1366, height: 768 })).toEqual([
    { rid: "l", width: 341, height: 192 },
    { rid: "m", width: 683, height: 384 },
    { rid: "h", width: 1366, height: 768 },
  ]);
  expect(layerSizes(videoEncodings(1, undefined, HD), HD)).toEqual([]);
});

test("the wanted codec is offered first, and the others after it", () => {
  const codecs = ["VP8", "rtx", "H264", "AV1"].map((name) => ({
    mimeType: `video/${name}`,
    clockRate: 90_000,
  }));
  const names = codecPreferences("H264", codecs).map(({ mimeType }) => mimeType);
  expect(names).toEqual(["video/H264", "video/VP8", "video/rtx", "video/AV1"]);
});
