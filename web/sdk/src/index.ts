export { type CameraOptions, openCamera, type ScreenOptions } from "./capture.ts";
export type { LayerCount, Size, VideoCodec } from "./encodings.ts";
export type { HostActions } from "./host-actions.ts";
export type { Endpoint } from "./http-session.ts";
export type { Layer, LayerChoice } from "./layers.ts";
export type { LocalStream, LocalTrack, RoomPublishOptions } from "./local-stream.ts";
export type { PlayStats } from "./play-stats.ts";
export { type PlayerEvents, type PlayerState, WhepPlayer } from "./player.ts";
export type { PublishedLayer, PublishStats } from "./publish-stats.ts";
export {
  type PublisherEvents,
  type PublisherState,
  type PublishOptions,
  WhipPublisher,
} from "./publisher.ts";
export type { RemoteStream } from "./remote-stream.ts";
export { RequestError } from "./request-error.ts";
export {
  Room,
  type RoomEvents,
  type RoomOptions,
  type RoomState,
  type RoomStats,
  type StreamRef,
} from "./room.ts";
export { RoomError, type RoomErrorCode } from "./room-error.ts";
export type { RoomEnd, RoomEndReason } from "./room-socket.ts";
export type { RemoteTrack } from "./roster.ts";
export type {
  EndReason,
  Message,
  MessageKind,
  Participant,
  ParticipantState,
  Quality,
  Role,
  Room as RoomInfo,
  Stream,
  SubscribeMode,
  Track,
  TrackKind,
} from "./wire.ts";
