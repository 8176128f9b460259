import { Backoff } from "./backoff.ts";
import { Emitter } from "./emitter.ts";
import { type Endpoint, HttpSession } from "./http-session.ts";
import { iceServers } from "./link-header.ts";
import { RequestError } from "./request-error.ts";
import { withIce, writeFragment } from "./sdp.ts";
import { wait } from "./wait.ts";

/** ICE and DTLS must be up this long after the answer, else a new session is tried. */
const CONNECT_MS_MAX = 10_000;
/** A short gap heals by itself; after this long the network has probably changed. */
const DISCONNECTED_MS_MAX = 1_500;
/** An ICE restart that has not reconnected by then gives way to a new session. */
const RESTART_MS_MAX = 5_000;
/** Candidates found within this time travel in one request. */
const TRICKLE_MS = 30;

const NO_MEDIA_PATH = "Media finds no way between this browser and the server.";

export type ConnectionState = "connecting" | "connected" | "reconnecting" | "failed" | "ended";

/** What makes a connection a publisher's or a viewer's. */
export interface ConnectionRole {
  endpoint: Endpoint;
  /** Adds the transceivers to a new peer connection. */
  prepare(peer: RTCPeerConnection): void;
  /** Last changes to the local offer. */
  editOffer?(sdp: string): string;
  /** Last changes to the server's answer. */
  editAnswer?(sdp: string): string;
  /** An unreachable server at the very first attempt is worth waiting for. */
  patient: boolean;
}

interface ConnectionEvents {
  state: ConnectionState;
  /** A session was opened; its predecessor, if any, is gone. */
  opened: HttpSession;
  /** An attempt failed. In state `failed` nothing more is tried. */
  error: Error;
}

/** One attempt: a peer connection and its session. */
interface Link {
  peer: RTCPeerConnection;
  session: HttpSession;
  answer: string;
}

/** Keeps one WHIP or WHEP session alive: trickle, ICE restart, and a new session when that fails. */
export class Connection extends Emitter<ConnectionEvents> {
  readonly #role: ConnectionRole;
  readonly #backoff = new Backoff();
  readonly #closing = new AbortController();
  #state: ConnectionState = "connecting";
  #link: Link | undefined;
  #wasConnected = false;
  #watchdog: ReturnType<typeof setTimeout> | undefined;

  constructor(role: ConnectionRole) {
    super();
    this.#role = role;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get peer(): RTCPeerConnection | undefined {
    return this.#link?.peer;
  }

  get session(): HttpSession | undefined {
    return this.#link?.session;
  }

  /** Aborted by `close`. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Opens the session; resolves when the server has answered, rejects when it never will. */
  async open(): Promise<void> {
    if (!this.closing.aborted) addEventListener("pagehide", this.#onPageHide);
    while (!this.closing.aborted) {
      try {
        return await this.#attempt();
      } catch (error) {
        if (this.closing.aborted) return;
        const cause = error instanceof Error ? error : new Error(String(error));
        this.emit("error", cause);
        if (!this.#worthRetrying(cause)) {
          this.#release();
          this.#enter("failed");
          throw cause;
        }
        const asked = cause instanceof RequestError ? (cause.retryAfterMs ?? 0) : 0;
        await wait(Math.max(asked, this.#backoff.nextMs()), this.closing);
      }
    }
  }

  /** Gives up the present session, if there is one, for a new one. */
  reopen(reason: string): void {
    if (!this.#link) return;
    this.#release();
    this.#enter("reconnecting");
    this.emit("error", new Error(reason));
    wait(this.#backoff.nextMs(), this.closing)
      .then(() => this.open())
      .catch(() => {
        // Told by `error` and the state.
      });
  }

  /** Ends the session. */
  close(): void {
    if (this.closing.aborted) return;
    this.#closing.abort();
    this.#release();
    this.#enter("ended");
  }

  async #attempt(): Promise<void> {
    const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    let link: Link | undefined;
    try {
      this.#role.prepare(peer);
      const offer = await peer.createOffer();
      const sdp = this.#role.editOffer?.(offer.sdp ?? "") ?? offer.sdp ?? "";
      // The offer leaves before gathering starts: the answer brings the ICE servers to gather from.
      const session = await HttpSession.open(this.#role.endpoint, sdp);
      if (this.closing.aborted) {
        session.close();
        throw new Error("closed while the server answered");
      }
      const answer = this.#role.editAnswer?.(session.answer) ?? session.answer;
      link = { peer, session, answer };
      this.#link = link;
      this.emit("opened", session);

      const servers = iceServers(session.links);
      if (servers.length > 0)
        peer.setConfiguration({ ...peer.getConfiguration(), iceServers: servers });
      this.#trickle(link);
      await peer.setLocalDescription({ type: "offer", sdp });
      await peer.setRemoteDescription({ type: "answer", sdp: answer });
      this.#watch(link);
    } catch (error) {
      peer.close();
      // Given up for another one in the meantime: that one is on its way.
      if (link && this.#link !== link) return;
      this.#release();
      throw error;
    }
  }

  #trickle({ peer, session }: Link): void {
    let found: string[] = [];
    let complete = false;
    let scheduled = false;
    const send = () => {
      scheduled = false;
      if (!peer.localDescription || peer.signalingState === "closed") return;
      const fragment = writeFragment(peer.localDescription.sdp, found, complete);
      found = [];
      session.trickle(fragment).catch(() => {
        // Without it the server still learns our address from our checks (RFC 8445 §7.3.1.3).
      });
    };
    peer.onicecandidate = ({ candidate }) => {
      if (candidate?.candidate) found.push(candidate.candidate);
      complete = candidate === null;
      if (!scheduled) setTimeout(send, TRICKLE_MS);
      scheduled = true;
    };
  }

  #watch(link: Link): void {
    const { peer } = link;
    this.#expect(CONNECT_MS_MAX, () => this.reopen(NO_MEDIA_PATH));
    peer.onconnectionstatechange = () => {
      switch (peer.connectionState) {
        case "connected":
          clearTimeout(this.#watchdog);
          this.#wasConnected = true;
          this.#backoff.reset();
          return this.#enter("connected");
        case "disconnected":
          return this.#expect(DISCONNECTED_MS_MAX, () => this.#restart(link));
        case "failed":
          // A restart helps only where there was a path before.
          return this.#state === "connected" ? this.#restart(link) : this.reopen(NO_MEDIA_PATH);
      }
    };
    // The server's goodbye: ICE may look healthy for long after it.
    const dtls = peer.getTransceivers()[0]?.receiver.transport;
    if (dtls) {
      dtls.onstatechange = () => {
        if (dtls.state === "closed" && this.#link === link) {
          this.reopen("The server ended the session.");
        }
      };
    }
  }

  #restart(link: Link): void {
    if (this.#link !== link) return;
    this.#enter("reconnecting");
    this.#expect(RESTART_MS_MAX, () => this.reopen(NO_MEDIA_PATH));
    this.#renewIce(link).catch(() => {
      if (this.#link === link) this.reopen(NO_MEDIA_PATH);
    });
  }

  async #renewIce({ peer, session, answer }: Link): Promise<void> {
    const offer = await peer.createOffer({ iceRestart: true });
    const sdp = this.#role.editOffer?.(offer.sdp ?? "") ?? offer.sdp ?? "";
    const ice = await session.restart(writeFragment(sdp, [], false));
    await peer.setLocalDescription({ type: "offer", sdp });
    await peer.setRemoteDescription({ type: "answer", sdp: withIce(answer, ice) });
  }

  #worthRetrying(error: Error): boolean {
    if (!(error instanceof RequestError)) return false;
    if (error.status === 0) return this.#wasConnected || this.#role.patient;
    // Our own predecessor may still count as live for a while.
    return error.temporary || (error.status === 409 && this.#wasConnected);
  }

  #expect(ms: number, otherwise: () => void): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(otherwise, ms);
  }

  #release(): void {
    clearTimeout(this.#watchdog);
    removeEventListener("pagehide", this.#onPageHide);
    this.#link?.peer.close();
    this.#link?.session.close();
    this.#link = undefined;
  }

  #enter(state: ConnectionState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.emit("state", state);
  }

  readonly #onPageHide = () => this.close();
}
