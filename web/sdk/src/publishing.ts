import type { LocalStream, LocalTrack, StreamPublisher } from "./local-stream.ts";
import { PublishingPeer } from "./publishing-peer.ts";
import { RoomError } from "./room-error.ts";
import type { PeerHost } from "./room-peer.ts";
import type { Stream } from "./wire.ts";

/** All that this client publishes, from one session to the next. */
export class Publishing implements StreamPublisher {
  readonly #streams = new Set<LocalStream>();
  /** Absent between two sessions. */
  #host: PeerHost | undefined;
  /** Made for the first stream: who only watches has none. */
  #peer: PublishingPeer | undefined;

  get streams(): ReadonlySet<LocalStream> {
    return this.#streams;
  }

  /** A session has begun: publishes everything in it. */
  begin(host: PeerHost): void {
    this.#host = host;
    for (const stream of this.#streams) this.publish(stream).catch(host.report);
  }

  /** The session is over. */
  end(): void {
    this.#peer?.close();
    this.#peer = undefined;
    this.#host = undefined;
  }

  /** The server's words about one of them. */
  told(info: Stream): void {
    const ours = [...this.#streams].find(({ options }) => options.label === info.label);
    if (ours) ours.info = info;
  }

  /** Publishes a further stream, in place of the one with the same label. */
  async add(stream: LocalStream): Promise<void> {
    const former = [...this.#streams].find(({ options }) => options.label === stream.options.label);
    if (former) this.#streams.delete(former);
    this.#streams.add(stream);
    try {
      await this.publish(stream);
    } catch (error) {
      this.#streams.delete(stream);
      if (former) this.#streams.add(former);
      throw error;
    }
    former?.release();
    if (former) await this.#peer?.vacate(former);
  }

  async publish(stream: LocalStream): Promise<void> {
    await this.#during(async (peer) => {
      stream.name = await peer.publish(stream);
    });
  }

  async unpublish(stream: LocalStream): Promise<void> {
    if (!this.#streams.delete(stream)) return;
    await this.#during((peer) => peer.unpublish(stream));
  }

  async mute(stream: LocalStream, track: LocalTrack): Promise<void> {
    await this.#during((peer) => peer.mute(stream, track));
  }

  async send(track: LocalTrack): Promise<void> {
    await this.#during((peer) => peer.send(track));
  }

  sender(track: LocalTrack): RTCRtpSender | undefined {
    return this.#peer?.sender(track);
  }

  /** The server has given the connection up: everything is published over another one. */
  anew(): void {
    const host = this.#host;
    this.end();
    if (host) this.begin(host);
  }

  /** Between sessions there is nothing to do: what counts then is told when the next begins. */
  async #during(job: (peer: PublishingPeer) => Promise<void>): Promise<void> {
    if (!this.#host) return;
    this.#peer ??= new PublishingPeer(this.#host);
    const peer = this.#peer;
    try {
      await job(peer);
    } catch (error) {
      const ended = error instanceof RoomError && error.code === "ended";
      if (ended || this.#peer === peer) throw error;
    }
  }
}
