import { codecName, entries, Growth, roundTripMs, type StatsReport } from "./stats-reading.ts";

export interface PublishedLayer {
  /** `undefined` without simulcast. */
  rid: string | undefined;
  active: boolean;
  width: number;
  height: number;
  fps: number;
  /** In bit/s. */
  bitrate: number;
}

export interface PublishStats {
  /** Everything sent, sound too, in bit/s. */
  bitrate: number;
  /** Of the best active layer; 0 without video. */
  fps: number;
  width: number;
  height: number;
  roundTripMs: number | undefined;
  codec: string | undefined;
  /** What holds the quality down: `cpu`, `bandwidth`, `other`; `none` otherwise. */
  limitedBy: string;
  /** Worst first. */
  layers: PublishedLayer[];
}

/** Turns successive reports of a publishing peer into numbers for people. */
export class PublishStatsReader {
  readonly #growth = new Growth();

  read(report: StatsReport): PublishStats {
    const sent = entries(report, "outbound-rtp").map((entry) => ({
      entry,
      bitrate: 8 * (this.#growth.perSecond(entry.id, entry.bytesSent, entry.timestamp) ?? 0),
    }));
    const video = sent.filter(({ entry }) => entry.kind === "video");
    const layers = video
      .map(({ entry, bitrate }) => ({
        rid: entry.rid,
        active: entry.active ?? true,
        width: entry.frameWidth ?? 0,
        height: entry.frameHeight ?? 0,
        fps: Math.round(entry.framesPerSecond ?? 0),
        bitrate,
      }))
      .sort((a, b) => a.height - b.height);
    const best = layers.findLast((layer) => layer.active && layer.fps > 0);
    return {
      bitrate: sent.reduce((sum, { bitrate }) => sum + bitrate, 0),
      fps: best?.fps ?? 0,
      width: best?.width ?? 0,
      height: best?.height ?? 0,
      roundTripMs: roundTripMs(report),
      codec: codecName(report, video[0]?.entry),
      limitedBy:
        video.map(({ entry }) => entry.qualityLimitationReason).find((r) => r && r !== "none") ??
        "none",
      layers,
    };
  }
}
