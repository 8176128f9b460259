import {
  type CameraOptions,
  openCamera,
  openInstead,
  openScreen,
  type ScreenOptions,
} from "./capture.ts";
import { Emitter } from "./emitter.ts";
import type { Size } from "./encodings.ts";
import { HostActions } from "./host-actions.ts";
import { LocalStream, type RoomPublishOptions } from "./local-stream.ts";
import type { Loose } from "./methods.ts";
import type { PlayStats } from "./play-stats.ts";
import type { PublishStats } from "./publish-stats.ts";
import { Publishing } from "./publishing.ts";
import type { RemoteStream } from "./remote-stream.ts";
import { roomAddress } from "./room-address.ts";
import { RoomError } from "./room-error.ts";
import type { PeerHost } from "./room-peer.ts";
import { type RoomEnd, type RoomEndReason, RoomSocket } from "./room-socket.ts";
import { Roster, type RosterEvents } from "./roster.ts";
import { Subscriptions } from "./subscriptions.ts";
import { ViewingPeer } from "./viewing-peer.ts";
import { Views } from "./views.ts";
import type * as wire from "./wire.ts";

/** `reconnecting`: media may go on meanwhile, and requests wait. */
export type RoomState = "connecting" | "connected" | "reconnecting" | "ended";

/** How to enter a room. */
export interface RoomOptions extends Loose<Omit<wire.Join, "room">> {
  /** Its name. Default: the last path segment of the URL. */
  room?: string | undefined;
}

/** A stream, or its name. */
export type StreamRef = string | { readonly name: string };

/** Numbers about a room's media, streams by their names. */
export interface RoomStats {
  /** As the server measures. */
  server: wire.Stats;
  /** What goes out. */
  published: Map<string, PublishStats>;
  /** What comes in. */
  played: Map<string, PlayStats>;
}

/** What a room tells. */
export interface RoomEvents extends RosterEvents {
  /** How it does from now on. */
  state: RoomState;
  /** A host asks to mute: `stream.mute(kind)` obeys. */
  muteRequested: { stream: LocalStream; kind: wire.TrackKind; by: string };
  /** Something failed that nobody waits for. */
  error: Error;
  /** The last one. */
  ended: RoomEnd;
}

/**
 * A room that this client is in, and everybody and everything in it. Streams of others come by
 * themselves, unless `subscribe` is `manual`. Lost connections are restored; where that takes
 * longer than the server waits, the room is entered anew, everything is published again, and
 * events tell what has changed meanwhile.
 */
export class Room extends Emitter<RoomEvents> {
  /** What hosts may do. */
  readonly host: HostActions;
  readonly #options: RoomOptions;
  readonly #socket: RoomSocket;
  readonly #publishing = new Publishing();
  readonly #subscriptions: Subscriptions;
  readonly #roster = new Roster((name, value) => this.emit(name, value as RoomEvents[typeof name]));
  #state: RoomState = "connecting";
  #endReason: RoomEndReason | undefined;
  #viewing: ViewingPeer | undefined;
  #peerHost: PeerHost;
  #views: Views | undefined;

  /**
   * `url` is either any address of the server, `https://live.example/`, and `options.room` names
   * the room; or one that ends in the room's name, `https://live.example/room/demo`. Use this and
   * `open` to listen from the very beginning, else `Room.join`.
   */
  constructor(url: string | URL, options: RoomOptions = {}) {
    super();
    this.#options = { ...options };
    const { socket, room } = roomAddress(url, options.room, location.href);
    this.#socket = new RoomSocket(socket, () => ({ ...this.#options, room }));
    const { request } = this.#socket;
    this.host = new HostActions(request);
    this.#subscriptions = new Subscriptions(request);
    this.#peerHost = { iceServers: [], request, report: (error) => this.#report(error) };
    this.on("track", ({ stream, kind }) => {
      this.#subscriptions.begun(stream.name, kind).catch((error) => this.#report(error));
    });
    this.#socket.on("joined", (joined) => this.#joined(joined));
    this.#socket.on("away", () => this.#enter("reconnecting"));
    this.#socket.on("resumed", () => this.#enter("connected"));
    this.#socket.on("gone", () => this.#release());
    this.#socket.on("event", (event) => this.#happen(event));
    this.#socket.on("ended", (end) => this.#ended(end));
  }

  /** Enters a room. Rejects with a `RoomError` when the server refuses or cannot be reached. */
  static async join(url: string | URL, options: RoomOptions = {}): Promise<Room> {
    const room = new Room(url, options);
    await room.open();
    return room;
  }

  /** Enters, once. See `join`. */
  async open(): Promise<void> {
    await this.#socket.open();
  }

  /** How it does. */
  get state(): RoomState {
    return this.#state;
  }

  /** Why the room is over for this client, in state `ended`. */
  get endReason(): RoomEndReason | undefined {
    return this.#endReason;
  }

  /** This client. */
  get me(): wire.Participant {
    return entered(this.#roster.me);
  }

  /** The room itself. */
  get info(): wire.Room {
    return entered(this.#roster.info);
  }

  /** The others, by id. */
  get participants(): ReadonlyMap<string, wire.Participant> {
    return this.#roster.participants;
  }

  /** What others publish, by name. */
  get streams(): ReadonlyMap<string, RemoteStream> {
    return this.#roster.streams;
  }

  /** What this client publishes. */
  get published(): ReadonlySet<LocalStream> {
    return this.#publishing.streams;
  }

  /** The latest, oldest first. */
  get messages(): readonly wire.Message[] {
    return this.#roster.messages;
  }

  /** Ids of those who speak, loudest first. */
  get speakers(): readonly string[] {
    return this.#roster.speakers;
  }

  /** Publishes tracks, at most one of each kind, which stay the caller's. */
  publish(
    tracks: MediaStream | readonly MediaStreamTrack[],
    options: RoomPublishOptions = {},
  ): Promise<LocalStream> {
    const all = tracks instanceof MediaStream ? tracks.getTracks() : tracks;
    return this.#publish(all, options, false);
  }

  /** Opens camera and microphone, and publishes them. */
  async publishCamera(options: CameraOptions = {}): Promise<LocalStream> {
    const media = await openCamera(options);
    const sources = { audio: "microphone", video: "camera", ...options.sources };
    return this.#publish(media.getTracks(), { ...options, sources }, true);
  }

  /** Asks what to share, and publishes it, with the label `screen` and two layers if not said otherwise. */
  async publishScreen(options: ScreenOptions = {}): Promise<LocalStream> {
    const media = await openScreen(options);
    const sources = { audio: "screen", video: "screen", ...options.sources };
    const usual = { label: "screen", layers: 2 as const };
    const stream = await this.#publish(media.getTracks(), { ...usual, ...options, sources }, true);
    // The browser has a button of its own to stop.
    media.getVideoTracks()[0]?.addEventListener("ended", () => {
      stream.stop().catch((error) => this.#report(error));
    });
    return stream;
  }

  /** Changes the microphone or camera of `publishCamera`. */
  async switchDevice(kind: wire.TrackKind, deviceId: string): Promise<void> {
    const source = kind === "audio" ? "microphone" : "camera";
    for (const stream of this.published) {
      const track = stream.track(kind);
      if (track?.source !== source) continue;
      return stream.replace(await openInstead(track.track, deviceId));
    }
    throw new Error(`No ${source} is published.`);
  }

  /** Asks for tracks of a stream, all of them without `kinds`. */
  subscribe(stream: StreamRef, kinds?: readonly wire.TrackKind[]): Promise<void> {
    return this.#subscriptions.subscribe(nameOf(stream), true, kinds);
  }

  /** Wants them no longer. */
  unsubscribe(stream: StreamRef, kinds?: readonly wire.TrackKind[]): Promise<void> {
    return this.#subscriptions.subscribe(nameOf(stream), false, kinds);
  }

  /** Lets nothing come of a track for now; `resume` is quicker than to subscribe anew. */
  pause(stream: StreamRef, kind: wire.TrackKind): Promise<void> {
    return this.#subscriptions.pause(nameOf(stream), kind, true);
  }

  /** Lets it come again. */
  resume(stream: StreamRef, kind: wire.TrackKind): Promise<void> {
    return this.#subscriptions.pause(nameOf(stream), kind, false);
  }

  /** Tells at which size a video is shown, in device pixels: no larger layer comes. 0×0: the largest. */
  show(stream: StreamRef, size: Size): Promise<void> {
    return this.#subscriptions.show(nameOf(stream), size);
  }

  /**
   * Shows a stream in an element and, from its size, asks for the layer that fits; nothing comes
   * of the video while no element with it is seen. The returned function ends that.
   */
  attach(stream: RemoteStream, element: HTMLVideoElement): () => void {
    element.srcObject = stream.media;
    this.#views ??= new Views((name, size) => {
      const stream = this.streams.get(name);
      if (!stream) return;
      const comes = stream.media.getVideoTracks().length > 0;
      this.#subscriptions.shown(name, size, comes).catch((error) => this.#report(error));
    });
    const unwatch = this.#views.add(stream.name, element);
    return () => {
      unwatch();
      if (element.srcObject === stream.media) element.srcObject = null;
    };
  }

  /** Writes to all, or to one participant. Resolves to the message's number. */
  async send(message: Loose<Omit<wire.Send, "kind">>): Promise<number> {
    return (await this.#socket.request("send", message)).number;
  }

  /** Like `send`, for programs. */
  async sendData(message: Loose<Omit<wire.Send, "kind">>): Promise<number> {
    return (await this.#socket.request("send", { ...message, kind: "data" })).number;
  }

  /** Changes what others see of this client. What is left out stays. */
  async setMetadata(change: Loose<wire.Metadata>): Promise<void> {
    await this.#socket.request("metadata", change);
    for (const [field, value] of Object.entries(change)) {
      // So will it be when the room is entered anew.
      if (value !== undefined) Object.assign(this.#options, { [field]: value });
    }
  }

  /** Numbers since the last call. */
  async stats(): Promise<RoomStats> {
    const [server, published, played] = await Promise.all([
      this.#socket.request("stats", {}),
      byName(this.published),
      byName(this.streams.values()),
    ]);
    return { server, published, played };
  }

  /** Leaves, and closes the devices that the room opened. Also happens when the page is left. */
  leave(): void {
    this.#socket.leave();
  }

  async #publish(
    tracks: readonly MediaStreamTrack[],
    options: RoomPublishOptions,
    owned: boolean,
  ): Promise<LocalStream> {
    const stream = new LocalStream(tracks, options, this.#publishing, owned);
    try {
      if (this.#state === "ended") throw new RoomError("ended", "The room was left, or is over.");
      await this.#publishing.add(stream);
    } catch (error) {
      stream.release();
      throw error;
    }
    return stream;
  }

  #joined(joined: wire.Joined): void {
    // The id that the server made up is kept.
    this.#options.id = joined.participant.id;
    this.#peerHost = { ...this.#peerHost, iceServers: joined.iceServers };
    this.#enter("connected");
    this.#roster.enter(joined);
    this.#subscriptions.repeat(this.streams).catch((error) => this.#report(error));
    this.#publishing.begin(this.#peerHost);
  }

  #happen(event: wire.Event): void {
    switch (event.event) {
      case "offer":
        this.#viewing ??= new ViewingPeer(this.#peerHost, this.#roster);
        this.#viewing.take(event);
        break;
      case "peerLost":
        if (event.peer === "view") this.#leaveViewing();
        else this.#publishing.anew();
        break;
      case "muteRequested": {
        const { kind, by } = event;
        const stream = [...this.published].find(({ name }) => name === event.stream);
        if (stream) this.emit("muteRequested", { stream, kind, by });
        break;
      }
      case "streamAdded":
      case "streamChanged":
        if (event.stream.participant === this.me.id) this.#publishing.told(event.stream);
        else this.#roster.apply(event);
        break;
      case "streamRemoved":
        this.#subscriptions.forget(event.stream);
        this.#roster.apply(event);
        break;
      default:
        this.#roster.apply(event);
    }
  }

  /** The session is over, and its two connections with it. */
  #release(): void {
    this.#leaveViewing();
    this.#publishing.end();
  }

  /** The next offer is for another connection. */
  #leaveViewing(): void {
    this.#viewing?.close();
    this.#viewing = undefined;
  }

  #ended({ reason, text }: RoomEnd): void {
    this.#release();
    this.#views?.close();
    for (const stream of this.published) stream.release();
    this.#endReason = reason;
    this.#enter("ended");
    this.emit("ended", { reason, text });
  }

  #report(error: unknown): void {
    // The room goes on anew, or has told that it is over.
    if (error instanceof RoomError && error.overtaken) return;
    this.emit("error", error instanceof Error ? error : new Error(String(error)));
  }

  #enter(state: RoomState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.emit("state", state);
  }
}

function nameOf(stream: StreamRef): string {
  return typeof stream === "string" ? stream : stream.name;
}

function entered<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("The room has not been entered yet.");
  return value;
}

async function byName<T>(
  streams: Iterable<{ name: string; stats(): Promise<T | undefined> }>,
): Promise<Map<string, T>> {
  const all = await Promise.all(
    [...streams].map(async (stream) => [stream.name, await stream.stats()] as const),
  );
  return new Map(all.flatMap(([name, stats]) => (stats === undefined ? [] : [[name, stats]])));
}
