import { Connection } from "./connection.ts";
import { Emitter } from "./emitter.ts";
import {
  audioEncodings,
  type LayerCount,
  pictureSize,
  preferCodec,
  type VideoCodec,
  videoEncodings,
} from "./encodings.ts";
import type { Endpoint } from "./http-session.ts";
import { type PublishStats, PublishStatsReader } from "./publish-stats.ts";
import { withOpusStereo, withVideoCodecFirst } from "./sdp.ts";
import type { StatsReport } from "./stats-reading.ts";

export type PublisherState = "idle" | "connecting" | "live" | "reconnecting" | "ended" | "failed";

export interface PublishOptions extends Endpoint {
  /** Send this video codec, if browser and server have it. Default: the browser's choice. */
  codec?: VideoCodec | undefined;
  /** Simulcast layers; viewers on thin links get a lower one. Default 3. */
  layers?: LayerCount | undefined;
  /** Send sound in stereo. */
  stereo?: boolean | undefined;
}

export interface PublisherEvents {
  /** How it does from now on. */
  state: PublisherState;
  /** An attempt failed. In state `failed` nothing more is tried. */
  error: Error;
}

/** Publishes a `MediaStream` by WHIP (RFC 9725). */
export class WhipPublisher extends Emitter<PublisherEvents> {
  #connection: Connection | undefined;
  #stats = new PublishStatsReader();
  #state: PublisherState = "idle";
  #tracks: MediaStreamTrack[] = [];

  /** How it does. */
  get state(): PublisherState {
    return this.#state;
  }

  /** Starts publishing; resolves when the server has accepted. Ends what this object published before. */
  async publish(stream: MediaStream, options: PublishOptions): Promise<void> {
    this.stop();
    this.#tracks = stream.getTracks();
    const { codec } = options;
    const sound = (sdp: string) => (options.stereo ? withOpusStereo(sdp) : sdp);
    const picture = (sdp: string) => (codec ? withVideoCodecFirst(sdp, codec) : sdp);
    const connection = new Connection({
      endpoint: options,
      prepare: (peer) => {
        this.#stats = new PublishStatsReader();
        for (const track of this.#tracks) addTrack(peer, track, stream, options);
      },
      editOffer: sound,
      // A browser sends what the answer asks for.
      editAnswer: (sdp) => sound(picture(sdp)),
      patient: false,
    });
    this.#connection = connection;
    connection.on("state", (state) => this.#enter(state === "connected" ? "live" : state));
    connection.on("error", (error) => this.emit("error", error));
    this.#enter("connecting");
    await connection.open();
  }

  /** Sends `track` in place of the one of the same kind, without interruption. */
  async replace(track: MediaStreamTrack): Promise<void> {
    this.#tracks = this.#tracks.map((old) => (old.kind === track.kind ? track : old));
    const sender = this.#connection?.peer
      ?.getSenders()
      .find((candidate) => candidate.track?.kind === track.kind);
    await sender?.replaceTrack(track);
  }

  /** Numbers since the last call; `undefined` when nothing is published. */
  async stats(): Promise<PublishStats | undefined> {
    const report = await this.#connection?.peer?.getStats();
    return report && this.#stats.read(report as unknown as StatsReport);
  }

  /** Ends the session. The tracks stay the caller's. */
  stop(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  #enter(state: PublisherState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.emit("state", state);
  }
}

function addTrack(
  peer: RTCPeerConnection,
  track: MediaStreamTrack,
  stream: MediaStream,
  { codec, layers = 3, stereo }: PublishOptions,
): void {
  if (track.kind === "audio") {
    const sendEncodings = audioEncodings(stereo);
    peer.addTransceiver(track, { direction: "sendonly", streams: [stream], sendEncodings });
    return;
  }
  const transceiver = peer.addTransceiver(track, {
    direction: "sendonly",
    streams: [stream],
    sendEncodings: videoEncodings(layers, codec, pictureSize(track)),
  });
  if (codec) preferCodec(transceiver, codec);
}
