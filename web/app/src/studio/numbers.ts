import type { WhipPublisher } from "@headwater/client";
import { setText } from "../page/element.ts";
import { bitrate, duration, milliseconds, resolution, UNKNOWN } from "../page/format.ts";

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
  }

  async #show(stream: string): Promise<void> {
    const [stats, viewers] = await Promise.all([this.#publisher.stats(), viewersOf(stream)]);
    if (this.#timer === undefined || !stats) return;
    setText("stat-duration", duration(performance.now() - this.#since));
    setText("stat-bitrate", bitrate(stats.bitrate));
    setText("stat-fps", `${stats.fps} fps`);
    setText("stat-resolution", resolution(stats.width, stats.height));
    setText("stat-rtt", milliseconds(stats.roundTripMs));
    setText("viewers", viewers === undefined ? UNKNOWN : String(viewers));
  }
}

/** WHIP has no events: the server's listing tells how many watch. */
async function viewersOf(stream: string): Promise<number | undefined> {
  try {
    const response = await fetch("/api/v1/streams", {
      signal: AbortSignal.timeout(EVERY_MS),
    });
    const { streams }: { streams: { name: string; viewers: number }[] } = await response.json();
    return streams.find(({ name }) => name === stream)?.viewers;
  } catch {
    return undefined;
  }
}
