import type { Methods } from "./wire.ts";

/** JSON leaves out what is `undefined`: where a field may be absent, `undefined` is as good. */
export type Loose<T> = { [K in keyof T]: T[K] | (object extends Pick<T, K> ? undefined : never) };

/** What a request carries. */
export type Params<Name extends keyof Methods> = Loose<Methods[Name][0]>;

/** What its response brings. */
export type Result<Name extends keyof Methods> = Methods[Name][1];

/** Asks the server for something; rejects with a `RoomError` when it refuses. */
export type Request = <Name extends keyof Methods>(
  method: Name,
  params: Params<Name>,
) => Promise<Result<Name>>;
