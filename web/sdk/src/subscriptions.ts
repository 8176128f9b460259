import type { Size } from "./encodings.ts";
import type { Request } from "./methods.ts";
import { RoomError } from "./room-error.ts";
import type { TrackKind } from "./wire.ts";

const KINDS: readonly TrackKind[] = ["audio", "video"];

/** How one stream is to come. What is not said is the server's choice. */
interface Wish {
  subscribed: Map<TrackKind, boolean>;
  paused: Set<TrackKind>;
  /** Attached to elements of which none is seen. */
  hidden: boolean;
  size: Size | undefined;
}

/** What this client wants to have of others' streams, from one session to the next. */
export class Subscriptions {
  readonly #request: Request;
  readonly #wishes = new Map<string, Wish>();

  constructor(request: Request) {
    this.#request = request;
  }

  /** Wants the tracks of these kinds, or no longer. */
  async subscribe(
    stream: string,
    wanted: boolean,
    kinds: readonly TrackKind[] = KINDS,
  ): Promise<void> {
    for (const kind of kinds) this.#wish(stream).subscribed.set(kind, wanted);
    const method = wanted ? "subscribe" : "unsubscribe";
    await this.#request(method, { stream, kinds: [...kinds] });
  }

  async pause(stream: string, kind: TrackKind, paused: boolean): Promise<void> {
    const wish = this.#wish(stream);
    if (paused) wish.paused.add(kind);
    else wish.paused.delete(kind);
    await this.#request("layers", { stream, kind, paused: isPaused(wish, kind) });
  }

  async show(stream: string, size: Size): Promise<void> {
    this.#wish(stream).size = size;
    await this.#request("layers", { stream, ...size });
  }

  /**
   * The size at which elements show it; `undefined`: none is seen. The server is told while the
   * video comes; else when it begins.
   */
  async shown(stream: string, size: Size | undefined, comes: boolean): Promise<void> {
    const wish = this.#wish(stream);
    const hidden = size === undefined;
    const same = size?.width === wish.size?.width && size?.height === wish.size?.height;
    if (hidden === wish.hidden && (hidden || same)) return;
    wish.hidden = hidden;
    wish.size = size ?? wish.size;
    if (!comes) return;
    const paused = isPaused(wish, "video");
    await orGone(this.#request("layers", { stream, paused, ...wish.size }));
  }

  /** A track begins to come: how, the server does not know, or not any more. */
  async begun(stream: string, kind: TrackKind): Promise<void> {
    const wish = this.#wishes.get(stream);
    if (!wish) return;
    const paused = isPaused(wish, kind);
    const size = kind === "video" ? wish.size : undefined;
    if (!size && !paused) return;
    await orGone(this.#request("layers", { stream, kind, paused, ...size }));
  }

  /** The stream is over. */
  forget(stream: string): void {
    this.#wishes.delete(stream);
  }

  /** Tells a new session what is wanted of the streams that are still there; see also `begun`. */
  async repeat(present: ReadonlyMap<string, unknown>): Promise<void> {
    for (const stream of this.#wishes.keys()) {
      if (!present.has(stream)) this.#wishes.delete(stream);
    }
    await Promise.all([...this.#wishes].flatMap(([stream, wish]) => this.#tell(stream, wish)));
  }

  #tell(stream: string, wish: Wish): Promise<unknown>[] {
    const kinds = (wanted: boolean) => KINDS.filter((kind) => wish.subscribed.get(kind) === wanted);
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

  #wish(stream: string): Wish {
    const wish = this.#wishes.get(stream) ?? {
      subscribed: new Map(),
      paused: new Set(),
      hidden: false,
      size: undefined,
    };
    this.#wishes.set(stream, wish);
    return wish;
  }
}

function isPaused({ paused, hidden }: Wish, kind: TrackKind): boolean {
  return paused.has(kind) || (hidden && kind === "video");
}

/**
 * What the room asks for by itself: the stream may have ended while the request was on its way,
 * which is nobody's error. What is wished is told again when it begins anew.
 */
async function orGone(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof RoomError && error.code === "notFound")) throw error;
  }
}
