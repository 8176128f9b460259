import type { Size } from "./encodings.ts";
import type { Request } from "./methods.ts";
import { RoomError } from "./room-error.ts";
import type { TrackKind } from "./wire.ts";

const KINDS: readonly TrackKind[] = ["audio", "video"];

/** How the server should send one stream. What is left out is the server's choice. */
interface Settings {
  subscribed: Map<TrackKind, boolean>;
  paused: Set<TrackKind>;
  /** Attached to elements, but none of them is visible. */
  hidden: boolean;
  size: Size | undefined;
}

/** The subscriptions of this client to others' streams. They outlast a session. */
export class Subscriptions {
  readonly #request: Request;
  readonly #settings = new Map<string, Settings>();

  constructor(request: Request) {
    this.#request = request;
  }

  /** Subscribes to the tracks of these kinds, or unsubscribes from them. */
  async subscribe(
    stream: string,
    wanted: boolean,
    kinds: readonly TrackKind[] = KINDS,
  ): Promise<void> {
    for (const kind of kinds) this.#settingsOf(stream).subscribed.set(kind, wanted);
    const method = wanted ? "subscribe" : "unsubscribe";
    await this.#request(method, { stream, kinds: [...kinds] });
  }

  async pause(stream: string, kind: TrackKind, paused: boolean): Promise<void> {
    const settings = this.#settingsOf(stream);
    if (paused) settings.paused.add(kind);
    else settings.paused.delete(kind);
    await this.#request("layers", { stream, kind, paused: isPaused(settings, kind) });
  }

  async show(stream: string, size: Size): Promise<void> {
    this.#settingsOf(stream).size = size;
    await this.#request("layers", { stream, ...size });
  }

  /**
   * Sets the size at which elements show the stream; `undefined`: none of them is visible. The
   * server is told at once when the video comes already, otherwise when it begins.
   */
  async shown(stream: string, size: Size | undefined, comes: boolean): Promise<void> {
    const settings = this.#settingsOf(stream);
    const hidden = size === undefined;
    const same = size?.width === settings.size?.width && size?.height === settings.size?.height;
    if (hidden === settings.hidden && (hidden || same)) return;
    settings.hidden = hidden;
    settings.size = size ?? settings.size;
    if (!comes) return;
    const paused = isPaused(settings, "video");
    await orGone(this.#request("layers", { stream, paused, ...settings.size }));
  }

  /** Tells the server the settings of a track that begins: it does not know them, or has dropped them. */
  async begun(stream: string, kind: TrackKind): Promise<void> {
    const settings = this.#settings.get(stream);
    if (!settings) return;
    const paused = isPaused(settings, kind);
    const size = kind === "video" ? settings.size : undefined;
    if (!size && !paused) return;
    await orGone(this.#request("layers", { stream, kind, paused, ...size }));
  }

  /** Drops the settings of a stream that has ended. */
  forget(stream: string): void {
    this.#settings.delete(stream);
  }

  /** Subscribes again in a new session, to the streams that are still there; see also `begun`. */
  async repeat(present: ReadonlyMap<string, unknown>): Promise<void> {
    for (const stream of this.#settings.keys()) {
      if (!present.has(stream)) this.#settings.delete(stream);
    }
    await Promise.all(
      [...this.#settings].flatMap(([stream, settings]) => this.#tell(stream, settings)),
    );
  }

  #tell(stream: string, settings: Settings): Promise<unknown>[] {
    const kinds = (wanted: boolean) =>
      KINDS.filter((kind) => settings.subscribed.get(kind) === wanted);
    const told: Promise<unknown>[] = [];
    for (const [method, wanted] of [
      ["subscribe", true],
      ["unsubscribe", false],
    ] as const) {
      if (kinds(wanted).length > 0) {
        told.push(orGone(this.#request(method, { stream, kinds: kinds(wanted) })));
      }
    }
    return told;
  }

  #settingsOf(stream: string): Settings {
    const settings = this.#settings.get(stream) ?? {
      subscribed: new Map(),
      paused: new Set(),
      hidden: false,
      size: undefined,
    };
    this.#settings.set(stream, settings);
    return settings;
  }
}

function isPaused({ paused, hidden }: Settings, kind: TrackKind): boolean {
  return paused.has(kind) || (hidden && kind === "video");
}

/**
 * Awaits a request that the library makes by itself. When the stream ended while the request was
 * on its way, that is nobody's error: `begun` tells the settings again when it begins anew.
 */
async function orGone(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof RoomError && error.code === "notFound")) throw error;
  }
}
