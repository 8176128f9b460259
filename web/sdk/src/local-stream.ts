import type { LayerCount, VideoCodec } from "./encodings.ts";
import { type PublishStats, PublishStatsReader } from "./publish-stats.ts";
import { gather } from "./stats-reading.ts";
import type { Stream, TrackKind } from "./wire.ts";

/** How a stream is published in a room. */
export interface RoomPublishOptions {
  /** Tells several streams of one participant apart. A stream of the same label is replaced. */
  label?: string | undefined;
  /** Send this video codec, if browser and server have it. Default: the browser's choice. */
  codec?: VideoCodec | undefined;
  /** Simulcast layers; viewers on thin links get a lower one. Default 3. */
  layers?: LayerCount | undefined;
  /** Send sound in stereo. */
  stereo?: boolean | undefined;
  /** Where the tracks come from: `camera`, `microphone`, `screen` or the application's word. */
  sources?: { [Kind in TrackKind]?: string | undefined } | undefined;
  /** Begin muted. */
  muted?: { [Kind in TrackKind]?: boolean | undefined } | undefined;
}

/** A track of a stream that this client publishes. */
export interface LocalTrack {
  readonly kind: TrackKind;
  readonly source: string | undefined;
  track: MediaStreamTrack;
  muted: boolean;
}

/** What a stream asks of the one who publishes it. */
export interface StreamPublisher {
  /** Publishes, or tells the server what has changed. */
  publish(stream: LocalStream): Promise<void>;
  unpublish(stream: LocalStream): Promise<void>;
  mute(stream: LocalStream, track: LocalTrack): Promise<void>;
  /** Sends the present `track.track`, or nothing while it is muted. */
  send(track: LocalTrack): Promise<void>;
  sender(track: LocalTrack): RTCRtpSender | undefined;
}

/** A stream that this client publishes. */
export class LocalStream {
  /** What is published, for a preview. The same object for this stream's life. */
  readonly media = new MediaStream();
  /** As it was asked for. */
  readonly options: RoomPublishOptions;
  /** The name that the server gave it; empty before. */
  name = "";
  /** As the server last told; `undefined` before. */
  info: Stream | undefined;
  readonly #publisher: StreamPublisher;
  readonly #tracks: LocalTrack[] = [];
  readonly #stats = new PublishStatsReader();
  /** The tracks were captured for this stream, and end with it. */
  readonly #owned: boolean;

  /** Made by `Room.publish` and its relatives. */
  constructor(
    tracks: readonly MediaStreamTrack[],
    options: RoomPublishOptions,
    publisher: StreamPublisher,
    owned: boolean,
  ) {
    this.options = options;
    this.#publisher = publisher;
    this.#owned = owned;
    for (const track of tracks) this.#add(track);
  }

  /** At most one of each kind. */
  get tracks(): readonly LocalTrack[] {
    return this.#tracks;
  }

  /** The track of a kind, if the stream has one. */
  track(kind: TrackKind): LocalTrack | undefined {
    return this.#tracks.find((track) => track.kind === kind);
  }

  /** Sends nothing any more, or something again, and tells the others. The device stays open. */
  async mute(kind: TrackKind, muted = true): Promise<void> {
    const track = this.track(kind);
    if (!track || track.muted === muted) return;
    track.muted = muted;
    await this.#publisher.mute(this, track);
  }

  /**
   * Sends `track` in place of the one of the same kind, without interruption; or in addition,
   * where there was none. The one before ends if it was captured for this stream.
   */
  async replace(track: MediaStreamTrack): Promise<void> {
    const ours = this.track(track.kind as TrackKind);
    if (!ours) {
      this.#add(track);
      return this.#publisher.publish(this);
    }
    const { track: former } = ours;
    if (former === track) return;
    ours.track = track;
    this.media.removeTrack(former);
    this.media.addTrack(track);
    await this.#publisher.send(ours);
    if (this.#owned) former.stop();
  }

  /** Ends the stream. Tracks that the caller brought stay the caller's. */
  async stop(): Promise<void> {
    this.release();
    await this.#publisher.unpublish(this);
  }

  /** Closes devices that were opened for this stream. */
  release(): void {
    if (this.#owned) for (const { track } of this.#tracks) track.stop();
  }

  /** Numbers since the last call; `undefined` when nothing is sent. */
  async stats(): Promise<PublishStats | undefined> {
    const senders = this.#tracks.flatMap((track) => this.#publisher.sender(track) ?? []);
    return senders.length > 0 ? this.#stats.read(await gather(senders)) : undefined;
  }

  #add(track: MediaStreamTrack): void {
    const kind = track.kind as TrackKind;
    const { sources, muted } = this.options;
    this.#tracks.push({ kind, source: sources?.[kind], track, muted: muted?.[kind] ?? false });
    this.media.addTrack(track);
  }
}
