import {
  audioEncodings,
  layerSizes,
  pictureSize,
  preferCodec,
  type VideoCodec,
  videoEncodings,
} from "./encodings.ts";
import type { LocalStream, LocalTrack } from "./local-stream.ts";
import { type PeerHost, RoomPeer } from "./room-peer.ts";
import { withOpusStereo } from "./sdp.ts";
import type { PublishedTrack } from "./wire.ts";

/** The peer connection that carries all that this client publishes: the client offers. */
export class PublishingPeer extends RoomPeer {
  /** Which m-line carries a track. Lines that are not here are free. */
  readonly #lines = new Map<LocalTrack, RTCRtpTransceiver>();
  readonly #codecs = new Map<RTCRtpTransceiver, VideoCodec>();
  readonly #stereo = new Set<RTCRtpTransceiver>();

  constructor(host: PeerHost) {
    super("publish", host);
  }

  /** Publishes a stream, or tells what has changed of it. Resolves to its name. */
  publish(stream: LocalStream): Promise<string> {
    return this.turns.take(async () => {
      const added = stream.tracks.filter((track) => !this.#lines.has(track));
      try {
        for (const track of added) await this.#occupy(track, stream);
        const sdp = await this.#offer();
        const tracks = stream.tracks.map((track) => this.#describe(track, stream));
        const { label } = stream.options;
        const published = await this.host.request("publish", { label, tracks, sdp });
        await this.#accept(published.sdp);
        return published.stream;
      } catch (error) {
        await this.#rollBack();
        for (const track of added) await this.#vacate(track);
        throw error;
      }
    });
  }

  /** Ends a stream. */
  unpublish(stream: LocalStream): Promise<void> {
    return this.turns.take(async () => {
      for (const track of stream.tracks) await this.#vacate(track);
      await this.host.request("unpublish", { stream: stream.name });
    });
  }

  /** Frees the lines of a stream that the server has already let go. */
  vacate(stream: LocalStream): Promise<void> {
    return this.turns.take(async () => {
      for (const track of stream.tracks) await this.#vacate(track);
    });
  }

  /** Stops or goes on sending a track, and tells it. */
  mute(stream: LocalStream, track: LocalTrack): Promise<void> {
    return this.turns.take(async () => {
      const { kind, muted } = track;
      await this.#send(track);
      await this.host.request("mute", { stream: stream.name, kind, muted });
    });
  }

  /** Sends what a track is now. */
  send(track: LocalTrack): Promise<void> {
    return this.turns.take(() => this.#send(track));
  }

  sender(track: LocalTrack): RTCRtpSender | undefined {
    return this.#lines.get(track)?.sender;
  }

  protected async renewIce(): Promise<void> {
    // Without an answer there is no ICE that could begin anew.
    if (!this.peer.remoteDescription) return;
    try {
      const sdp = await this.#offer({ iceRestart: true });
      const { sdp: answer } = await this.host.request("restart", { peer: "publish", sdp });
      await this.#accept(answer ?? "");
    } catch (error) {
      await this.#rollBack();
      throw error;
    }
  }

  async #send(track: LocalTrack): Promise<void> {
    await this.sender(track)?.replaceTrack(track.muted ? null : track.track);
  }

  /** Gives a track a line: one that is free and fits, else a new one. */
  async #occupy(track: LocalTrack, { media, options }: LocalStream): Promise<void> {
    const sendEncodings = encodings(track, options);
    const free = this.#free(track, sendEncodings, options.codec);
    const transceiver =
      free ??
      this.peer.addTransceiver(track.kind, {
        direction: "sendonly",
        streams: [media],
        sendEncodings,
      });
    this.#lines.set(track, transceiver);
    if (options.stereo) this.#stereo.add(transceiver);
    if (free) {
      free.direction = "sendonly";
      await retune(free.sender, sendEncodings);
    } else if (track.kind === "video" && options.codec) {
      this.#codecs.set(transceiver, options.codec);
      preferCodec(transceiver, options.codec);
    }
    await this.#send(track);
  }

  #free(
    { kind }: LocalTrack,
    wanted: readonly RTCRtpEncodingParameters[],
    codec: VideoCodec | undefined,
  ): RTCRtpTransceiver | undefined {
    const taken = new Set(this.#lines.values());
    return this.peer.getTransceivers().find((transceiver) => {
      if (taken.has(transceiver) || transceiver.receiver.track.kind !== kind) return false;
      // Encodings are settled for good when a line is made.
      const rids = transceiver.sender.getParameters().encodings.map(({ rid }) => rid);
      const same = kind === "audio" || String(rids) === String(wanted.map(({ rid }) => rid));
      return same && (kind === "audio" || this.#codecs.get(transceiver) === codec);
    });
  }

  async #vacate(track: LocalTrack): Promise<void> {
    const transceiver = this.#lines.get(track);
    this.#lines.delete(track);
    if (!transceiver || this.peer.signalingState === "closed") return;
    this.#stereo.delete(transceiver);
    transceiver.direction = "inactive";
    await transceiver.sender.replaceTrack(null);
  }

  #describe(track: LocalTrack, { options }: LocalStream): PublishedTrack {
    const { kind, source, muted } = track;
    const mid = this.#lines.get(track)?.mid ?? "";
    const layers =
      kind === "video" ? layerSizes(encodings(track, options), pictureSize(track.track)) : [];
    return { mid, muted, layers, ...(source !== undefined && { source }) };
  }

  async #offer(options: RTCOfferOptions = {}): Promise<string> {
    const offer = await this.peer.createOffer(options);
    await this.peer.setLocalDescription(offer);
    return this.#sound(offer.sdp ?? "");
  }

  async #accept(answer: string): Promise<void> {
    // A browser sends stereo where the answer asks for it.
    await this.peer.setRemoteDescription({ type: "answer", sdp: this.#sound(answer) });
  }

  async #rollBack(): Promise<void> {
    if (this.peer.signalingState !== "have-local-offer") return;
    await this.peer.setLocalDescription({ type: "rollback" });
  }

  #sound(sdp: string): string {
    return withOpusStereo(
      sdp,
      [...this.#stereo].flatMap(({ mid }) => mid ?? []),
    );
  }
}

function encodings(
  { kind, track }: LocalTrack,
  { codec, layers = 3, stereo }: LocalStream["options"],
): RTCRtpEncodingParameters[] {
  return kind === "audio"
    ? audioEncodings(stereo)
    : videoEncodings(layers, codec, pictureSize(track));
}

/** Sets the bitrates of a line that is used again. */
async function retune(
  sender: RTCRtpSender,
  wanted: readonly RTCRtpEncodingParameters[],
): Promise<void> {
  const parameters = sender.getParameters();
  for (const [index, encoding] of parameters.encodings.entries()) {
    const maxBitrate = wanted[index]?.maxBitrate;
    if (maxBitrate === undefined) delete encoding.maxBitrate;
    else encoding.maxBitrate = maxBitrate;
  }
  await sender.setParameters(parameters);
}
