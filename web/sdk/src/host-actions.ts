import type { Request } from "./methods.ts";
import type { TrackKind } from "./wire.ts";

/** What only a host may do in a room; others get `forbidden`. */
export class HostActions {
  readonly #request: Request;

  constructor(request: Request) {
    this.#request = request;
  }

  /** Asks a participant to mute a track. It is the participant who does it. */
  async mute(stream: string | { readonly name: string }, kind: TrackKind = "audio"): Promise<void> {
    const name = typeof stream === "string" ? stream : stream.name;
    await this.#request("host", { action: "mute", stream: name, kind });
  }

  /** Sends a participant away, who is told the reason. */
  async kick(participant: string, reason?: string): Promise<void> {
    await this.#request("host", { action: "kick", participant, reason });
  }

  /** Lets nobody in but hosts. */
  async lock(): Promise<void> {
    await this.#request("host", { action: "lock" });
  }

  /** Lets others in again. */
  async unlock(): Promise<void> {
    await this.#request("host", { action: "unlock" });
  }

  /** Ends the room for all, who are told the reason. */
  async close(reason?: string): Promise<void> {
    await this.#request("host", { action: "close", reason });
  }
}
