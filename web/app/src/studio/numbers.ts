import type { WhipPublisher } from "@headwater/client";
import { setText } from "../page/element.ts";
import { bitrate, duration, milliseconds, resolution, UNKNOWN } from "../page/format.ts";
import { type Listing, problemText, type StreamStatus, streamIn } from "./stream-status.ts";

const EVERY_MS = 1_000;
const SHOWN = ["bitrate", "fps", "resolution", "rtt", "duration"].map((name) => `stat-${name}`);

/** Shows how the broadcast is doing while it runs. */
export class Numbers {
  readonly #publisher: WhipPublisher;
  #timer: ReturnType<typeof setInterval> | undefined;
  #since = 0;

  constructor(publisher: WhipPublisher) {
    this.#publisher = publisher;
  }

  start(stream: string): void {
    if (this.#timer !== undefined) return;
    this.#since = performance.now();
    this.#timer = setInterval(() => this.#show(stream), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const id of ["viewers", ...SHOWN]) setText(id, UNKNOWN);
    setText("problems", "");
  }

  async #show(stream: string): Promise<void> {
    const [stats, status] = await Promise.all([this.#publisher.stats(), statusOf(stream)]);
    if (this.#timer === undefined) return;
    setText("viewers", status ? String(status.viewers) : UNKNOWN);
    if (status) setText("problems", problemText(status));
    if (!stats) return;
    setText("stat-duration", duration(performance.now() - this.#since));
    setText("stat-bitrate", bitrate(stats.bitrate));
    setText("stat-fps", `${stats.fps} fps`);
    setText("stat-resolution", resolution(stats.width, stats.height));
    setText("stat-rtt", milliseconds(stats.roundTripMs));
  }
}

/** WHIP has no events: the server's listing tells how many watch, and what is wrong. */
async function statusOf(stream: string): Promise<StreamStatus | undefined> {
  try {
    const response = await fetch("/api/v1/streams", {
      signal: AbortSignal.timeout(EVERY_MS),
    });
    const listing: Listing = await response.json();
    return streamIn(listing, stream);
  } catch {
    return undefined;
  }
}
