import { codecName, entries, Growth, roundTripMs, type StatsReport } from "./stats-reading.ts";

export interface PlayStats {
  fps: number;
  width: number;
  height: number;
  /** Sound and picture, in bit/s. */
  bitrate: number;
  packetsLost: number;
  freezes: number;
  /**
   * From the server to the decoded frame: half a round trip, and the time from a frame's first
   * packet until it is decoded. The publisher's side is not known here.
   */
  delayMs: number | undefined;
  roundTripMs: number | undefined;
  codec: string | undefined;
}

/** Turns successive reports of a viewing peer into numbers for people. */
export class PlayStatsReader {
  readonly #growth = new Growth();
  #processingMs: number | undefined;

  read(report: StatsReport): PlayStats {
    const received = entries(report, "inbound-rtp");
    const video = received.find((entry) => entry.kind === "video");
    const rttMs = roundTripMs(report);
    const seconds = this.#growth.of("processing", video?.totalProcessingDelay);
    const decoded = this.#growth.of("decoded", video?.framesDecoded);
    if (seconds !== undefined && decoded) this.#processingMs = (seconds * 1000) / decoded;
    return {
      fps: Math.round(video?.framesPerSecond ?? 0),
      width: video?.frameWidth ?? 0,
      height: video?.frameHeight ?? 0,
      bitrate: received.reduce(
        (sum, { id, bytesReceived, timestamp }) =>
          sum + 8 * (this.#growth.perSecond(id, bytesReceived, timestamp) ?? 0),
        0,
      ),
      packetsLost: received.reduce((sum, entry) => sum + Math.max(0, entry.packetsLost ?? 0), 0),
      freezes: video?.freezeCount ?? 0,
      delayMs: this.#processingMs === undefined ? undefined : this.#processingMs + (rttMs ?? 0) / 2,
      roundTripMs: rttMs,
      codec: codecName(report, video),
    };
  }
}
