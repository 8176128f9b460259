export type { LayerCount, VideoCodec } from "./encodings.ts";
export type { Endpoint } from "./http-session.ts";
export type { Layer, LayerChoice } from "./layers.ts";
export type { PlayStats } from "./play-stats.ts";
export { type PlayerEvents, type PlayerState, WhepPlayer } from "./player.ts";
export type { PublishedLayer, PublishStats } from "./publish-stats.ts";
export {
  type PublisherEvents,
  type PublisherState,
  type PublishOptions,
  WhipPublisher,
} from "./publisher.ts";
export { RequestError } from "./request-error.ts";
