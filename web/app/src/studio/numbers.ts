import type { WhipPublisher } from "@headwater/client";
import { setText } from "../page/element.ts";
import { bitrate, duration, milliseconds, resolution, UNKNOWN } from "../page/format.ts";

const EVERY_MS = 1_000;
const SHOWN = ["bitrate", "fps", "resolution", "rtt", "duration"].map((id) => `stat-${id}`);

/** Shows how the broadcast is doing while it runs. */
export class Numbers {
  readonly #publisher: WhipPublisher;
  #timer: ReturnType<typeof setInterval> | undefined;
  #since = 0;

  constructor(publisher: WhipPublisher) {
    this.#publisher = publisher;
    publisher.on("viewers", (viewers) => setText("viewers", String(viewers)));
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#since = performance.now();
    this.#timer = setInterval(() => this.#show(), EVERY_MS);
    this.#show();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const id of ["viewers", ...SHOWN]) setText(id, UNKNOWN);
  }

  async #show(): Promise<void> {
    setText("stat-duration", duration(performance.now() - this.#since));
    const stats = await this.#publisher.stats();
    if (!stats || this.#timer === undefined) return;
    setText("stat-bitrate", bitrate(stats.bitrate));
    setText("stat-fps", `${stats.fps} fps`);
    setText("stat-resolution", resolution(stats.width, stats.height));
    setText("stat-rtt", milliseconds(stats.roundTripMs));
  }
}
