import { codecName, entries, Growth, roundTripMs, type StatsReport } from "./stats-reading.ts";

export interface PlayStats {
  fps: number;
  width: number;
  height: number;
  /** Sound and picture, in bit/s. */
  bitrate: number;
  packetsLost: number;
  freezes: number;
  /** Network and buffer of this side: half a round trip plus the time in the jitter buffer. */
  delayMs: number | undefined;
  roundTripMs: number | undefined;
  codec: string | undefined;
}

/** Turns successive reports of a viewing peer into numbers for people. */
export class PlayStatsReader {
  readonly #growth = new Growth();
  #bufferMs: number | undefined;

  read(report: StatsReport): PlayStats {
    const received = entries(report, "inbound-rtp");
    const video = received.find((entry) => entry.kind === "video");
    const rttMs = roundTripMs(report);
    const delaySeconds = this.#growth.of("delay", video?.jitterBufferDelay);
    const emitted = this.#growth.of("emitted", video?.jitterBufferEmittedCount);
    if (delaySeconds !== undefined && emitted) this.#bufferMs = (delaySeconds * 1000) / emitted;
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
      delayMs: this.#bufferMs === undefined ? undefined : this.#bufferMs + (rttMs ?? 0) / 2,
      roundTripMs: rttMs,
      codec: codecName(report, video),
    };
  }
}
