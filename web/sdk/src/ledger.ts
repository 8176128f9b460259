import type * as wire from "./wire.ts";

/** What the server sends. Without `n` it belongs to no session. */
export interface Frame {
  n?: number;
  id?: number;
  result?: unknown;
  error?: wire.Error;
  events?: wire.Event[];
}

/** A request that has to get through, whatever becomes of the socket. */
export interface Pending {
  method: string;
  params: object;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/**
 * The books of one session: what was asked and not answered, and which frames were seen. It knows
 * no sockets: it takes texts and gives texts.
 */
export class Ledger {
  #lastId: number;
  #seen = 0;
  /** Their ids are given when they leave, so that those of `resume` and `ping` may come between. */
  #unsent: Pending[] = [];
  readonly #sent = new Map<number, Pending>();
  /** Frames that came before one that is missing. */
  readonly #early = new Map<number, Frame>();

  /** `lastId`: of the session before, if that one was on the same socket. */
  constructor(lastId = 0) {
    this.#lastId = lastId;
  }

  get lastId(): number {
    return this.#lastId;
  }

  /** The highest `n` up to which nothing is missing. */
  get seen(): number {
    return this.#seen;
  }

  /** Keeps a request until it is answered. */
  add(request: Pending): void {
    this.#unsent.push(request);
  }

  /** What was added and not sent yet, to be sent now, in this order. */
  flush(): string[] {
    const requests = this.#unsent;
    this.#unsent = [];
    return requests.map((request) => {
      this.#lastId += 1;
      this.#sent.set(this.#lastId, request);
      return this.#write(this.#lastId, request);
    });
  }

  /** After a `resume`: what is to be sent again, since the server has got only up to `received`. */
  again(received: number): string[] {
    return [...this.#sent]
      .filter(([id]) => id > received)
      .map(([id, request]) => this.#write(id, request));
  }

  /** A request for the present socket alone. */
  once(method: string, params: object): { id: number; text: string } {
    this.#lastId += 1;
    return { id: this.#lastId, text: this.#write(this.#lastId, { method, params }) };
  }

  /** The frames to carry out now: each once, in order. */
  receive(text: string): Frame[] {
    const frame: Frame = JSON.parse(text);
    if (frame.n === undefined) return [frame];
    if (frame.n > this.#seen) this.#early.set(frame.n, frame);
    const ready: Frame[] = [];
    for (;;) {
      const next = this.#early.get(this.#seen + 1);
      if (!next) return ready;
      this.#seen += 1;
      this.#early.delete(this.#seen);
      ready.push(next);
    }
  }

  /** The request that a response is for; `undefined` when nobody waits for it. */
  settle(id: number): Pending | undefined {
    const request = this.#sent.get(id);
    this.#sent.delete(id);
    return request;
  }

  /** Everything unanswered, which never will be. */
  abandon(): Pending[] {
    const all = [...this.#sent.values(), ...this.#unsent];
    this.#sent.clear();
    this.#unsent = [];
    return all;
  }

  #write(id: number, { method, params }: Pick<Pending, "method" | "params">): string {
    return JSON.stringify({ id, method, params, ...(this.#seen > 0 && { seen: this.#seen }) });
  }
}
