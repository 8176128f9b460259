import { Connection } from "./connection.ts";
import { Emitter } from "./emitter.ts";
import type { Endpoint, HttpSession } from "./http-session.ts";
import { type Layer, type LayerChoice, parseLayers } from "./layers.ts";
import { linkWithRel } from "./link-header.ts";
import { type PlayStats, PlayStatsReader } from "./play-stats.ts";
import { withOpusStereo } from "./sdp.ts";
import { followEvents, type ServerEvent } from "./server-events.ts";
import { entries, type StatsReport } from "./stats-reading.ts";

const LAYER_REL = "urn:ietf:params:whep:ext:core:layer";
const EVENTS = ["active", "inactive", "layers", "layer", "viewercount", "reconnect"];
const LOOK_MS = 500;
/** No media for this long: nobody publishes, as far as a viewer can tell. */
const SILENT_MS_MAX = 3_000;
/** The same before the first media: a live stream delivers much sooner. */
const FIRST_MEDIA_MS_MAX = 1_500;
/** The server says that the stream is live, but nothing comes: the codecs may have changed. */
const STARVED_MS_MAX = 8_000;

/** `waiting`: connected, and nobody publishes now. */
export type PlayerState =
  | "idle"
  | "connecting"
  | "waiting"
  | "live"
  | "reconnecting"
  | "ended"
  | "failed";

export interface PlayerEvents {
  /** How it does from now on. */
  state: PlayerState;
  /** The layers to choose from; empty without simulcast. */
  layers: Layer[];
  /** The rid of the layer that comes from now on; only with simulcast. */
  layer: string;
  /** How many watch this stream. */
  viewers: number;
  /** An attempt failed. In state `failed` nothing more is tried. */
  error: Error;
}

/** Plays a stream by WHEP (draft-ietf-wish-whep), and keeps playing. */
export class WhepPlayer extends Emitter<PlayerEvents> {
  /** The same object for this player's life; its tracks change when the session does. */
  readonly stream = new MediaStream();
  #connection: Connection | undefined;
  #stats = new PlayStatsReader();
  #state: PlayerState = "idle";
  #choice: LayerChoice = "auto";
  #wasLive = false;
  /** What the server's events say; `undefined` until they do. */
  #published: boolean | undefined;
  #mediaBytes = 0;
  /** When media last came or, before the first, when the connection came up. */
  #mediaAt = 0;
  #session: AbortController | undefined;

  /** How it does. */
  get state(): PlayerState {
    return this.#state;
  }

  /** The stream has been live while this player watched. */
  get wasLive(): boolean {
    return this.#wasLive;
  }

  /** The layer asked for. */
  get choice(): LayerChoice {
    return this.#choice;
  }

  /** Starts to play; resolves when the server has accepted, be the stream live yet or not. */
  async play(url: string | URL, { token }: Omit<Endpoint, "url"> = {}): Promise<MediaStream> {
    this.stop();
    const connection = new Connection({
      endpoint: { url, token },
      prepare: (peer) => this.#receive(peer),
      editOffer: withOpusStereo,
      patient: true,
    });
    this.#connection = connection;
    connection.on("error", (error) => this.emit("error", error));
    connection.on("opened", (session) => this.#opened(session));
    connection.on("state", (state) => {
      this.#mediaAt = performance.now();
      // Whether a connected player is live or waiting, the media tells.
      if (state !== "connected") this.#enter(state);
    });
    const timer = setInterval(() => this.#look(connection), LOOK_MS);
    connection.closing.addEventListener("abort", () => {
      clearInterval(timer);
      this.#session?.abort();
    });
    this.#wasLive = false;
    this.#enter("connecting");
    await connection.open();
    return this.stream;
  }

  /** Asks for one layer by its rid, or for what the network allows. */
  async choose(choice: LayerChoice): Promise<void> {
    this.#choice = choice;
    const session = this.#connection?.session;
    const link = session && linkWithRel(session.links, LAYER_REL);
    if (!link) return;
    const mediaId = this.#connection?.peer
      ?.getTransceivers()
      .find(({ receiver }) => receiver.track.kind === "video")?.mid;
    await session.request(link.url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ mediaId, ...(choice !== "auto" && { rid: choice }) }),
    });
  }

  /** Numbers since the last call; `undefined` when nothing is played. */
  async stats(): Promise<PlayStats | undefined> {
    const report = await this.#connection?.peer?.getStats();
    return report && this.#stats.read(report as unknown as StatsReport);
  }

  /** Ends the session. */
  stop(): void {
    this.#connection?.close();
    this.#connection = undefined;
    for (const track of this.stream.getTracks()) this.stream.removeTrack(track);
  }

  #receive(peer: RTCPeerConnection): void {
    this.#stats = new PlayStatsReader();
    this.#mediaBytes = 0;
    for (const kind of ["audio", "video"] as const) {
      const { receiver } = peer.addTransceiver(kind, { direction: "recvonly" });
      for (const old of this.stream.getTracks()) {
        if (old.kind === kind) this.stream.removeTrack(old);
      }
      this.stream.addTrack(receiver.track);
    }
  }

  #opened(session: HttpSession): void {
    this.#published = undefined;
    this.#session?.abort();
    this.#session = new AbortController();
    followEvents(session, EVENTS, this.#session.signal, (event) => this.#told(event));
    if (this.#choice !== "auto") {
      this.choose(this.#choice).catch((error) => this.emit("error", error));
    }
  }

  #told({ name, data }: ServerEvent): void {
    switch (name) {
      case "active":
        this.#published = true;
        this.#mediaAt = performance.now();
        break;
      case "inactive":
        this.#published = false;
        if (this.#connection?.state === "connected") this.#enter("waiting");
        break;
      case "layers":
        this.emit("layers", parseLayers(data));
        break;
      case "layer":
        this.emit("layer", JSON.parse(data).rid);
        break;
      case "viewercount":
        this.emit("viewers", JSON.parse(data).viewercount);
        break;
      case "reconnect":
        this.#connection?.reopen("The server asked to reconnect.");
        break;
    }
  }

  async #look(connection: Connection): Promise<void> {
    const report = await connection.peer?.getStats();
    if (!report || connection.state !== "connected") return;
    const bytes = entries(report as unknown as StatsReport, "inbound-rtp").reduce(
      (sum, { bytesReceived = 0 }) => sum + bytesReceived,
      0,
    );
    const now = performance.now();
    const flows = bytes > this.#mediaBytes;
    const silentMs = now - this.#mediaAt;
    this.#mediaBytes = bytes;
    if (flows) this.#mediaAt = now;

    if (this.#published === false) this.#enter("waiting");
    else if (flows) this.#enter("live");
    else if (silentMs > (this.#state === "live" ? SILENT_MS_MAX : FIRST_MEDIA_MS_MAX)) {
      this.#enter("waiting");
      if (this.#published && silentMs > STARVED_MS_MAX)
        connection.reopen("The stream is live, but nothing arrives.");
    }
  }

  #enter(state: PlayerState): void {
    if (this.#state === state) return;
    this.#state = state;
    if (state === "live") this.#wasLive = true;
    this.emit("state", state);
  }
}
