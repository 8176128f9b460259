import { Backoff } from "./backoff.ts";
import { Emitter } from "./emitter.ts";
import { type Frame, Ledger } from "./ledger.ts";
import { CONNECT_MS_MAX, LiveSocket } from "./live-socket.ts";
import type { Params, Request, Result } from "./methods.ts";
import { onNetworkHint } from "./network-hints.ts";
import { RoomError } from "./room-error.ts";
import { wait } from "./wait.ts";
import type * as wire from "./wire.ts";

const PING_MS = 2_000;
const PONG_MS_MAX = 4_000;

/** `refused`: the connection was lost, and the server does not let this client in again. */
export type RoomEndReason = wire.EndReason | "refused";

/** How a participation ended. */
export interface RoomEnd {
  reason: RoomEndReason;
  /** For people: what a host said, or why the server refused. */
  text: string | undefined;
}

interface RoomSocketEvents {
  /** The client has entered, for the first time or anew: what it knew of the room is outdated. */
  joined: wire.Joined;
  /** The socket is lost; the session may go on. */
  away: undefined;
  /** The same session goes on. */
  resumed: undefined;
  /** The session is over; `joined` or `ended` follows. */
  gone: undefined;
  event: wire.Event;
  ended: RoomEnd;
}

interface Handshake {
  id: number;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** One participation: a session over as many WebSockets as it takes, or several sessions. */
export class RoomSocket extends Emitter<RoomSocketEvents> {
  readonly #url: URL;
  readonly #params: () => Params<"join">;
  readonly #backoff = new Backoff();
  readonly #closing = new AbortController();
  #ledger = new Ledger();
  #session: string | undefined;
  #socket: LiveSocket | undefined;
  /** The present socket carries the session. */
  #ready = false;
  #handshake: Handshake | undefined;
  #wake = new AbortController();
  #ping: ReturnType<typeof setInterval> | undefined;

  /** `params` is asked whenever the room is entered anew. */
  constructor(url: URL, params: () => Params<"join">) {
    super();
    this.#url = url;
    this.#params = params;
  }

  /** Enters; rejects when the server refuses or cannot be reached, and nothing more is tried then. */
  async open(): Promise<void> {
    const { signal } = this.#closing;
    onNetworkHint(() => this.#hint(), signal);
    addEventListener("pagehide", () => this.leave(), { signal });
    try {
      await this.#connect();
    } catch (error) {
      this.#end({ reason: "refused", text: textOf(error) });
      throw error;
    }
  }

  /** Waits while the socket is away. Rejects with `sessionGone` when the session ended first. */
  readonly request: Request = (method, params) => {
    if (this.#closing.signal.aborted)
      return Promise.reject(new RoomError("ended", "The room was left, or is over."));
    return new Promise((resolve, reject) => {
      this.#ledger.add({ method, params, resolve: (result) => resolve(result as never), reject });
      this.#flush();
    });
  };

  /** Goes, and tells the server where that is possible. */
  leave(): void {
    // What is sent before `close` still goes out, also from a page that is left.
    if (this.#ready) this.#socket?.send(this.#ledger.once("leave", {}).text);
    this.#end({ reason: "left", text: undefined });
  }

  async #connect(): Promise<void> {
    const socket = await LiveSocket.open(this.#url, this.#closing.signal);
    this.#socket = socket;
    socket.onText = (text) => this.#receive(text);
    socket.onLost = (code, reason) => this.#lost(code, reason);
    try {
      if (this.#session === undefined || !(await this.#resume(this.#session))) await this.#join();
    } catch (error) {
      this.#drop();
      throw error;
    }
    // Who heard of it may have left.
    if (this.#socket !== socket) return;
    this.#ready = true;
    this.#flush();
    this.#ping = setInterval(() => this.#check(), PING_MS);
  }

  async #join(): Promise<void> {
    const joined = await this.#ask("join", this.#params());
    this.#session = joined.session;
    this.emit("joined", joined);
  }

  async #resume(session: string): Promise<boolean> {
    try {
      const { received } = await this.#ask("resume", { session, seen: this.#ledger.seen });
      for (const text of this.#ledger.again(received)) this.#socket?.send(text);
      this.emit("resumed", undefined);
      return true;
    } catch (error) {
      if (!(error instanceof RoomError && error.code === "sessionGone")) throw error;
      this.#forget();
      return false;
    }
  }

  /** The request that opens a socket: it is not kept when the socket is lost. */
  #ask<Name extends "join" | "resume">(method: Name, params: Params<Name>): Promise<Result<Name>> {
    return new Promise<wire.Methods[Name][1]>((resolve, reject) => {
      const { id, text } = this.#ledger.once(method, params);
      this.#handshake = { id, resolve: (result) => resolve(result as never), reject };
      if (!this.#socket) return this.#handshake.reject(unreachable());
      this.#socket.send(text);
      this.#socket.expect(CONNECT_MS_MAX);
    });
  }

  #receive(text: string): void {
    for (const frame of this.#ledger.receive(text)) {
      if (frame.id !== undefined) this.#respond(frame.id, frame);
      for (const event of frame.events ?? []) this.#happen(event);
    }
  }

  #respond(id: number, { result, error }: Frame): void {
    const ours = this.#handshake?.id === id;
    const request = ours ? this.#handshake : this.#ledger.settle(id);
    if (ours) this.#handshake = undefined;
    // The session works: the next loss is another story.
    else this.#backoff.reset();
    if (error) request?.reject(new RoomError(error.code, error.message, error.field));
    else request?.resolve(result);
  }

  #happen(event: wire.Event): void {
    // After a listener has left, nothing happens any more.
    if (this.#closing.signal.aborted) return;
    if (event.event !== "ended") {
      this.emit("event", event);
    } else if (event.reason === "stopping" || event.reason === "lost") {
      // Nobody wanted that: there will be a server to join anew.
      this.#drop();
      this.#forget();
      this.#return();
    } else {
      this.#end({ reason: event.reason, text: event.text });
    }
  }

  /** The socket is gone. Close codes: `docs/protocol/headwater.md`, "A session". */
  #lost(code: number, reason: string): void {
    // Who waits for the answer to `join` or `resume` tries again.
    const awaited = this.#handshake !== undefined;
    this.#drop();
    if (code === 4000) this.#end({ reason: "replaced", text: undefined });
    else if (code === 4001) this.#end({ reason: "closed", text: undefined });
    else if (code === 1008) this.#end({ reason: "refused", text: reason });
    else if (!awaited) this.#return();
  }

  async #return(): Promise<void> {
    this.emit("away", undefined);
    while (!this.#closing.signal.aborted) {
      this.#wake = new AbortController();
      await wait(this.#backoff.nextMs(), this.#wake.signal);
      if (this.#closing.signal.aborted) return;
      try {
        return await this.#connect();
      } catch (error) {
        if (error instanceof RoomError && error.temporary) continue;
        this.#end({ reason: "refused", text: textOf(error) });
      }
    }
  }

  #hint(): void {
    this.#wake.abort();
    if (this.#ready) this.#check();
  }

  #check(): void {
    this.#socket?.send(this.#ledger.once("ping", {}).text);
    this.#socket?.expect(PONG_MS_MAX);
  }

  #flush(): void {
    if (!this.#ready) return;
    for (const text of this.#ledger.flush()) this.#socket?.send(text);
  }

  #drop(): void {
    clearInterval(this.#ping);
    this.#ready = false;
    this.#handshake?.reject(unreachable());
    this.#handshake = undefined;
    this.#socket?.close();
    this.#socket = undefined;
  }

  #forget(): void {
    const unanswered = this.#ledger.abandon();
    this.#ledger = new Ledger(this.#ledger.lastId);
    this.#session = undefined;
    this.emit("gone", undefined);
    const error = new RoomError("sessionGone", "The session ended before the answer came.");
    for (const request of unanswered) request.reject(error);
  }

  #end(end: RoomEnd): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#wake.abort();
    this.#drop();
    const error = new RoomError("ended", "The room was left, or is over.");
    for (const request of this.#ledger.abandon()) request.reject(error);
    this.emit("ended", end);
  }
}

function unreachable(): RoomError {
  return new RoomError("unreachable", "The server cannot be reached.");
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
