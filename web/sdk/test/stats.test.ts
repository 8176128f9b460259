import { expect, test } from "vitest";
import { PlayStatsReader } from "../src/play-stats.ts";
import { PublishStatsReader } from "../src/publish-stats.ts";
import type { StatsEntry, StatsReport } from "../src/stats-reading.ts";

function report(...all: StatsEntry[]): StatsReport {
  return new Map(all.map((entry) => [entry.id, entry]));
}

const PAIR = { id: "p", type: "candidate-pair", timestamp: 0, currentRoundTripTime: 0.02 };
const TRANSPORT = { id: "t", type: "transport", timestamp: 0, selectedCandidatePairId: "p" };
const CODEC = { id: "c", type: "codec", timestamp: 0, mimeType: "video/VP8" };

test("a viewer's delay is the newest processing time plus half a round trip", () => {
  const at = (timestamp: number, delay: number, decoded: number, bytes: number): StatsReport =>
    report(PAIR, TRANSPORT, CODEC, {
      id: "v",
      type: "inbound-rtp",
      kind: "video",
      timestamp,
      bytesReceived: bytes,
      totalProcessingDelay: delay,
      framesDecoded: decoded,
      framesPerSecond: 30,
      codecId: "c",
    });
  const reader = new PlayStatsReader();
  expect(reader.read(at(0, 100, 100, 0)).delayMs).toBeUndefined();
  const stats = reader.read(at(2000, 101.5, 150, 250_000));
  expect(stats).toMatchObject({ delayMs: 40, bitrate: 1_000_000, fps: 30, codec: "VP8" });
});

test("a publisher's numbers are those of its best running layer", () => {
  const layer = (rid: string, height: number, bytesSent: number, timestamp: number) => ({
    id: rid,
    rid,
    type: "outbound-rtp",
    kind: "video",
    timestamp,
    bytesSent,
    frameHeight: height,
    frameWidth: (height * 16) / 9,
    framesPerSecond: rid === "h" ? 0 : 30,
    qualityLimitationReason: rid === "h" ? "bandwidth" : "none",
  });
  const reader = new PublishStatsReader();
  reader.read(report(layer("h", 720, 0, 0), layer("l", 180, 0, 0)));
  const stats = reader.read(report(layer("h", 720, 0, 1000), layer("l", 180, 12_500, 1000)));
  expect(stats).toMatchObject({ height: 180, fps: 30, bitrate: 100_000, limitedBy: "bandwidth" });
  expect(stats.layers.map(({ rid }) => rid)).toEqual(["l", "h"]);
});

test("a counter that restarts gives no negative rate", () => {
  const at = (timestamp: number, bytesSent: number) =>
    report({ id: "a", type: "outbound-rtp", kind: "audio", timestamp, bytesSent });
  const reader = new PublishStatsReader();
  reader.read(at(0, 1000));
  expect(reader.read(at(1000, 10)).bitrate).toBe(0);
});
