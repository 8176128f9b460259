import type * as wire from "./wire.ts";

type Nothing = Record<string, never>;

/** What each method takes and gives. */
export interface Methods {
  join: [wire.Join, wire.Joined];
  resume: [wire.Resume, wire.Resumed];
  leave: [Nothing, Nothing];
  publish: [wire.Publish, wire.Published];
  unpublish: [wire.Unpublish, Nothing];
  mute: [wire.Mute, Nothing];
  subscribe: [wire.Subscribe, Nothing];
  unsubscribe: [wire.Subscribe, Nothing];
  layers: [wire.Layers, Nothing];
  answer: [wire.Answer, Nothing];
  trickle: [wire.Trickle, Nothing];
  restart: [wire.Restart, wire.Restarted];
  send: [wire.Send, wire.Sent];
  metadata: [wire.Metadata, Nothing];
  host: [wire.Host, Nothing];
  stats: [Nothing, wire.Stats];
  ping: [Nothing, Nothing];
}

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
