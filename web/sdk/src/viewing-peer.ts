import { compareLines } from "./lines.ts";
import { type PeerHost, RoomPeer } from "./room-peer.ts";
import { withOpusStereo } from "./sdp.ts";
import type { Event, Line } from "./wire.ts";

/** The server offers media. */
export type Offer = Extract<Event, { event: "offer" }>;

/** Is told which tracks come. */
export interface Audience {
  begun(line: Line, receiver: RTCRtpReceiver): void;
  ended(line: Line): void;
}

/** The peer connection over which everything of others comes: the server offers. */
export class ViewingPeer extends RoomPeer {
  readonly #audience: Audience;
  #lines: Line[] = [];

  constructor(host: PeerHost, audience: Audience) {
    super("view", host);
    this.#audience = audience;
  }

  /** Answers an offer, after those before it. */
  take(offer: Offer): void {
    this.turns.take(() => this.#answer(offer)).catch((error) => this.report(error));
  }

  protected renewIce(): Promise<unknown> {
    return this.host.request("restart", { peer: "view" });
  }

  override close(): void {
    super.close();
    this.#carry([]);
  }

  async #answer({ number, sdp, lines }: Offer): Promise<void> {
    await this.peer.setRemoteDescription({ type: "offer", sdp });
    const answer = await this.peer.createAnswer();
    const stereo = withOpusStereo(answer.sdp ?? "");
    await this.peer.setLocalDescription({ type: "answer", sdp: stereo });
    const answered = this.host.request("answer", { offer: number, sdp: stereo });
    this.#carry(lines);
    await answered;
  }

  /**
   * A line that is used again keeps its receiver and track, and `track` events come or not
   * depending on the browser: what the server says of the lines is what counts.
   */
  #carry(lines: Line[]): void {
    const { ended, begun } = compareLines(this.#lines, lines);
    this.#lines = lines;
    for (const line of ended) this.#audience.ended(line);
    const transceivers = this.peer.getTransceivers();
    for (const line of begun) {
      const transceiver = transceivers.find(({ mid }) => mid === line.mid);
      if (transceiver) this.#audience.begun(line, transceiver.receiver);
    }
  }
}
