import type { Request } from "./methods.ts";
import { Turns } from "./turns.ts";
import { wait } from "./wait.ts";
import type { IceServer, PeerName } from "./wire.ts";

/** A short gap heals by itself; after this long the network has probably changed. */
const DISCONNECTED_MS_MAX = 1_500;
/** An ICE restart that has not reconnected by then is tried again. */
const RESTART_MS_MAX = 5_000;
/** Candidates found within this time travel in one request. */
const TRICKLE_MS = 30;

/** What a peer connection of a room needs around it. */
export interface PeerHost {
  iceServers: IceServer[];
  request: Request;
  /** Something failed that nobody waits for. */
  report(error: unknown): void;
}

/** What a room's two peer connections have in common: they trickle, and restart ICE. */
export abstract class RoomPeer {
  protected readonly peer: RTCPeerConnection;
  protected readonly host: PeerHost;
  /** Offers and answers must not cross. */
  protected readonly turns = new Turns();
  readonly #name: PeerName;
  readonly #closing = new AbortController();
  #gap: ReturnType<typeof setTimeout> | undefined;
  #restartWanted = false;
  #restarting = false;

  constructor(name: PeerName, host: PeerHost) {
    this.#name = name;
    this.host = host;
    const { iceServers } = host;
    this.peer = new RTCPeerConnection({ bundlePolicy: "max-bundle", iceServers });
    this.#trickle();
    this.peer.onconnectionstatechange = () => this.#changed();
  }

  /** Begins a restart of ICE; resolves when the server has been asked. */
  protected abstract renewIce(): Promise<unknown>;

  /** Restarts ICE until there is a connection again. */
  restart(): void {
    this.#restartWanted = true;
    if (!this.#restarting) this.#restart();
  }

  close(): void {
    clearTimeout(this.#gap);
    this.#closing.abort();
    this.peer.close();
  }

  /** Tells of an error, unless it comes from being closed. */
  protected report(error: unknown): void {
    if (!this.#closing.signal.aborted) this.host.report(error);
  }

  #changed(): void {
    clearTimeout(this.#gap);
    const state = this.peer.connectionState;
    if (state === "failed") this.restart();
    if (state === "disconnected") {
      this.#gap = setTimeout(() => this.restart(), DISCONNECTED_MS_MAX);
    }
  }

  async #restart(): Promise<void> {
    this.#restarting = true;
    const { signal } = this.#closing;
    while (!signal.aborted && (this.#restartWanted || this.peer.connectionState !== "connected")) {
      this.#restartWanted = false;
      await this.turns.take(() => this.renewIce()).catch((error) => this.report(error));
      await wait(RESTART_MS_MAX, signal);
    }
    this.#restarting = false;
  }

  #trickle(): void {
    let found: string[] = [];
    const send = () => {
      const candidates = found;
      found = [];
      this.host.request("trickle", { peer: this.#name, candidates }).catch(() => {
        // Without it the server still learns our address from our checks (RFC 8445 §7.3.1.3).
      });
    };
    this.peer.onicecandidate = ({ candidate }) => {
      if (!candidate?.candidate) return;
      if (found.length === 0) setTimeout(send, TRICKLE_MS);
      found.push(candidate.candidate);
    };
  }
}
