import { type PlayStats, PlayStatsReader } from "./play-stats.ts";
import { gather } from "./stats-reading.ts";
import type { Stream, Track, TrackKind } from "./wire.ts";

/** A stream that somebody else publishes in the room. */
export class RemoteStream {
  /** What comes of it. The same object for this stream's life; its tracks come and go. */
  readonly media = new MediaStream();
  /** As the server last told. */
  info: Stream;
  /** The rid of the layer that comes; `undefined` before the server told, and without simulcast. */
  layer: string | undefined;
  readonly #receivers = new Map<TrackKind, RTCRtpReceiver>();
  readonly #stats = new PlayStatsReader();

  /** Made by the room. */
  constructor(info: Stream) {
    this.info = info;
  }

  /** Unique on the server; `/whep/{name}` plays it. */
  get name(): string {
    return this.info.name;
  }

  /** Whose it is: a participant's id. */
  get participant(): string {
    return this.info.participant;
  }

  /** What tells the streams of one participant apart. */
  get label(): string | undefined {
    return this.info.label;
  }

  /** Media comes from its publisher. */
  get active(): boolean {
    return this.info.active;
  }

  /** What is told of its tracks, whether they come to this client or not. */
  get tracks(): readonly Track[] {
    return this.info.tracks;
  }

  /** What is told of the track of this kind, if there is one. */
  track(kind: TrackKind): Track | undefined {
    return this.info.tracks.find((track) => track.kind === kind);
  }

  /** Numbers since the last call; `undefined` when nothing comes. */
  async stats(): Promise<PlayStats | undefined> {
    const receivers = [...this.#receivers.values()];
    return receivers.length > 0 ? this.#stats.read(await gather(receivers)) : undefined;
  }

  /** For the room: this comes from now on, or nothing of this kind. */
  carry(kind: TrackKind, receiver: RTCRtpReceiver | undefined): MediaStreamTrack | undefined {
    const former = this.#receivers.get(kind)?.track;
    if (former) this.media.removeTrack(former);
    if (receiver) {
      this.#receivers.set(kind, receiver);
      this.media.addTrack(receiver.track);
    } else {
      this.#receivers.delete(kind);
    }
    return former;
  }
}
