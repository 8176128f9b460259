import type * as wire from "./wire.ts";

/** `unreachable`: no answer from the server. `ended`: the room was left, or is over. */
export type RoomErrorCode = wire.Code | "unreachable" | "ended";

/** A request to a room was refused, or could not be made. */
export class RoomError extends Error {
  override readonly name = "RoomError";
  /** For programs. */
  readonly code: RoomErrorCode;
  /** The field of the request that is at fault, if one is: `params.body`. */
  readonly field: string | undefined;

  constructor(code: RoomErrorCode, message: string, field?: string) {
    super(message);
    this.code = code;
    this.field = field;
  }

  /** The same request may succeed later. */
  get temporary(): boolean {
    return ["unreachable", "busy", "tooFast", "limitReached"].includes(this.code);
  }

  /** The request was overtaken by the end of its session: whether it was carried out is unknown. */
  get overtaken(): boolean {
    return this.code === "sessionGone" || this.code === "ended";
  }
}
