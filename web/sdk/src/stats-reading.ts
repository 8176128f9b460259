// lib.dom leaves most of webrtc-stats out; this is what both sides read of it.
export interface StatsEntry {
  id: string;
  type: string;
  timestamp: number;
  kind?: string;
  rid?: string;
  active?: boolean;
  bytesSent?: number;
  bytesReceived?: number;
  packetsLost?: number;
  framesPerSecond?: number;
  frameWidth?: number;
  frameHeight?: number;
  framesEncoded?: number;
  framesDecoded?: number;
  freezeCount?: number;
  totalFreezesDuration?: number;
  totalProcessingDelay?: number;
  qualityLimitationReason?: string;
  codecId?: string;
  mimeType?: string;
  selectedCandidatePairId?: string;
  nominated?: boolean;
  state?: string;
  currentRoundTripTime?: number;
}

/** What `RTCStatsReport` is, as far as reading goes. */
export type StatsReport = Iterable<[string, StatsEntry]> & {
  get(id: string): StatsEntry | undefined;
};

/** The reports of several senders or receivers as one. */
export async function gather(
  parts: readonly { getStats(): Promise<RTCStatsReport> }[],
): Promise<StatsReport> {
  const all = new Map<string, StatsEntry>();
  for (const report of await Promise.all(parts.map((part) => part.getStats()))) {
    for (const [id, entry] of report as unknown as StatsReport) all.set(id, entry);
  }
  return all;
}

/** All entries of one type. */
export function entries(report: StatsReport, type: string): StatsEntry[] {
  return [...report].map(([, entry]) => entry).filter((entry) => entry.type === type);
}

/** Round-trip time of the path in use, in ms. */
export function roundTripMs(report: StatsReport): number | undefined {
  const selected = entries(report, "transport")[0]?.selectedCandidatePairId;
  const pair =
    selected === undefined
      ? entries(report, "candidate-pair").find((p) => p.nominated && p.state === "succeeded")
      : report.get(selected);
  return pair?.currentRoundTripTime === undefined ? undefined : pair.currentRoundTripTime * 1000;
}

/** "VP8" of "video/VP8". */
export function codecName(report: StatsReport, entry: StatsEntry | undefined): string | undefined {
  return entry?.codecId && report.get(entry.codecId)?.mimeType?.split("/")[1];
}

/** Remembers counters, and says by how much each grew since the last reading. */
export class Growth {
  readonly #last = new Map<string, { value: number; at: number }>();

  /** Growth since the last reading; `undefined` at the first one or when the counter restarted. */
  of(key: string, value: number | undefined): number | undefined {
    return this.#step(key, value, 0)?.value;
  }

  /** Growth per second, given the time of this reading in ms. */
  perSecond(key: string, value: number | undefined, at: number): number | undefined {
    const step = this.#step(key, value, at);
    return step && step.at > 0 ? (step.value * 1000) / step.at : undefined;
  }

  #step(key: string, value: number | undefined, at: number) {
    if (value === undefined) return undefined;
    const last = this.#last.get(key);
    this.#last.set(key, { value, at });
    if (!last || value < last.value) return undefined;
    return { value: value - last.value, at: at - last.at };
  }
}
