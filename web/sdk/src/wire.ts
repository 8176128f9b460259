// Written by `make types` from crates/signaling/src/dialect/headwater: change it there.

/** The parameters and the result of each method. */
export type Methods = {
  join: [Join, Joined];
  resume: [Resume, Resumed];
  leave: [Nothing, Nothing];
  publish: [Publish, Published];
  unpublish: [Unpublish, Nothing];
  mute: [Mute, Nothing];
  subscribe: [Subscribe, Nothing];
  unsubscribe: [Subscribe, Nothing];
  layers: [Layers, Nothing];
  answer: [Answer, Nothing];
  trickle: [Trickle, Nothing];
  restart: [Restart, Restarted];
  send: [Send, Sent];
  metadata: [Metadata, Nothing];
  host: [Host, Nothing];
  stats: [Nothing, Stats];
  ping: [Nothing, Nothing];
};

/** An action of a host. */
export type Action = "mute" | "kick" | "lock" | "unlock" | "close";

/** `answer`: answers the server's offer for the viewing peer connection. */
export type Answer = {
  /** The number of the offer. */
  offer: number;
  /** The complete SDP answer. */
  sdp: string;
};

/** Kinds of refusals. */
export type Code =
  | "badRequest"
  | "unknownMethod"
  | "notJoined"
  | "alreadyJoined"
  | "sessionGone"
  | "tokenMissing"
  | "tokenWrong"
  | "forbidden"
  | "locked"
  | "notFound"
  | "conflict"
  | "limitReached"
  | "tooFast"
  | "busy";

/** Why a participation ended. */
export type EndReason = "left" | "lost" | "replaced" | "kicked" | "closed" | "slow" | "stopping";

/** Why a request was refused. */
export type Error = {
  /** The kind of refusal, for programs. */
  code: Code;
  /** What is wrong and how to fix it, for people. */
  message: string;
  /** The field of the request that is at fault, such as `params.room`, if it is a single one. */
  field?: string;
};

/** Something that happened. A frame carries one or several, in order. */
export type Event =
  | {
      event: "participantJoined";
      /** The new participant. */
      participant: Participant;
    }
  | {
      event: "participantChanged";
      /** The participant with its new values. */
      participant: Participant;
    }
  | {
      event: "participantLeft";
      /** The participant's id. */
      id: string;
      /** Why it left. */
      reason: EndReason;
    }
  | {
      event: "streamAdded";
      /** The new stream. */
      stream: Stream;
    }
  | {
      event: "streamChanged";
      /** The stream with its new values. */
      stream: Stream;
    }
  | {
      event: "streamRemoved";
      /** The stream's name. */
      stream: string;
    }
  | {
      event: "message";
      /** The message. */
      message: Message;
    }
  | {
      event: "speakers";
      /** The ids of the participants who speak now, loudest first. */
      participants: Array<string>;
    }
  | {
      event: "roomChanged";
      /** The room with its new values. */
      room: Room;
    }
  | {
      event: "muteRequested";
      /** The stream's name. */
      stream: string;
      /** The track to mute. */
      kind: TrackKind;
      /** The host's id. */
      by: string;
    }
  | {
      event: "offer";
      /** The number of the offer, counted from one. */
      number: number;
      /** The complete SDP. */
      sdp: string;
      /** The track on each m-line that is in use. */
      lines: Array<Line>;
    }
  | {
      event: "layer";
      /** The stream's name. */
      stream: string;
      /** The rid of the new layer. */
      rid: string;
    }
  | {
      event: "peerLost";
      /** The lost peer connection. */
      peer: PeerName;
    }
  | {
      event: "ended";
      /** Why it ended. */
      reason: EndReason;
      /** The reason that a host gave, for people. */
      text?: string;
    };

/** `host`: an action that only a host may take. */
export type Host = {
  /** The action. */
  action: Action;
  /** With `kick`, the id of the participant to remove. */
  participant?: string;
  /** With `mute`, the name of the stream. */
  stream?: string;
  /** With `mute`, the track. Without it, audio. */
  kind?: TrackKind;
  /** With `kick` or `close`, the reason that the removed participants are told. */
  reason?: string;
};

/** A STUN or TURN server, as `RTCPeerConnection` takes it. */
export type IceServer = {
  /** A `stun:`, `turn:` or `turns:` URL. */
  urls: string;
  /** The TURN user name. */
  username?: string;
  /** The TURN password. */
  credential?: string;
};

/** `join`: enters a room, which is created if it does not exist. */
export type Join = {
  /** The room's name. */
  room: string;
  /**
   * The participant's id. A participant who has this id already is replaced. Without it, the
   * server chooses one.
   */
  id?: string;
  /** The name that others see. Without it, they see the id. */
  name?: string;
  /** Text of the application that others see. The server does not interpret it. */
  metadata?: string;
  /** The role to join with. Without it, `publisher`. */
  role?: Role;
  /** The token for this role, if the server requires one. */
  token?: string;
  /** Which streams of others the participant gets. Without it, `auto`. */
  subscribe?: SubscribeMode;
};

/** The result of `join`. */
export type Joined = {
  /** The secret with which the client can `resume` this participation. */
  session: string;
  /** The participant itself. */
  participant: Participant;
  /** The room as it is now. */
  room: Room;
  /** The other participants. */
  participants: Array<Participant>;
  /** All streams in the room. */
  streams: Array<Stream>;
  /** The latest messages to all, oldest first. */
  messages: Array<Message>;
  /** The ICE servers for both peer connections. */
  iceServers: Array<IceServer>;
};

/** A simulcast layer of a video track. */
export type Layer = {
  /** The layer's rid. */
  rid: string;
  /** Width in pixels; 0 when the publisher did not say. */
  width: number;
  /** Height in pixels; 0 when the publisher did not say. */
  height: number;
  /** Whether the server receives packets of the layer. */
  active: boolean;
};

/**
 * `layers`: changes how the server sends a subscribed track. Fields that are left out keep their
 * values.
 */
export type Layers = {
  /** The stream's name. */
  stream: string;
  /** The track. Without it, video. */
  kind?: TrackKind;
  /** Whether the server pauses the track. */
  paused?: boolean;
  /**
   * Width in pixels at which the video is shown. The server sends no larger layer than this size
   * needs. 0 allows the largest.
   */
  width?: number;
  /** Height in pixels at which the video is shown, see `width`. */
  height?: number;
};

/** The track that an m-line of an offer carries. */
export type Line = {
  /** The m-line's `a=mid`. */
  mid: string;
  /** The stream's name. */
  stream: string;
  /** The track of the stream. */
  kind: TrackKind;
};

/** A message of a participant. */
export type Message = {
  /** The message's number, which counts up in the room. */
  number: number;
  /** Whether the message is for people or for programs. */
  kind: MessageKind;
  /** The sender's id. */
  from: string;
  /** The sender's name when it sent the message; the sender may have left since. */
  name: string;
  /** The id of the only recipient besides the sender; absent when the message is for all. */
  to?: string;
  /** The topic, for programs. */
  topic?: string;
  /** The text. */
  body: string;
  /** When it was sent, in milliseconds since 1970. */
  sentAt: number;
};

/** Whether a message is for people or for programs. */
export type MessageKind = "chat" | "data";

/**
 * `metadata`: changes what others see of the participant. Fields that are left out keep their
 * values.
 */
export type Metadata = {
  /** The new name, see [`Join::name`]. */
  name?: string;
  /** The new metadata, see [`Join::metadata`]. */
  metadata?: string;
};

/** `mute`: tells others that the participant muted or unmuted a track of its own stream. */
export type Mute = {
  /** The stream's name. */
  stream: string;
  /** The track that was muted or unmuted. */
  kind: TrackKind;
  /** Whether the track is muted now. */
  muted: boolean;
};

/** An object without fields. */
export type Nothing = Record<string, never>;

/** A participant in a room. */
export type Participant = {
  /** The participant's id, unique in the room. */
  id: string;
  /** The name to show to people. */
  name: string;
  /** What the participant may do. */
  role: Role;
  /** Text of the application, which the server does not interpret. */
  metadata: string;
  /** Whether the participant's socket is connected. */
  state: ParticipantState;
  /** The quality of the participant's connection. */
  quality: Quality;
  /** When the participant joined, in milliseconds since 1970. */
  joinedAt: number;
};

/** Whether a participant's socket is connected. */
export type ParticipantState = "connected" | "lost";

/** One of a participant's two peer connections. */
export type PeerName = "publish" | "view";

/** `publish`: begins a stream, or changes its tracks. */
export type Publish = {
  /**
   * Tells the participant's streams apart and becomes part of the stream's name. Without it, the
   * stream is named after its participant alone.
   */
  label?: string;
  /** The tracks of the stream, at most one of each kind. */
  tracks: Array<PublishedTrack>;
  /** The complete SDP offer of the publishing peer connection. */
  sdp: string;
};

/** The result of `publish`. */
export type Published = {
  /** The stream's name. */
  stream: string;
  /** The SDP answer to the offer. */
  sdp: string;
};

/** The size of a simulcast layer. */
export type PublishedLayer = {
  /** The layer's rid. */
  rid: string;
  /** Width in pixels. */
  width: number;
  /** Height in pixels. */
  height: number;
};

/** An m-line of the offer that carries a track of the stream. */
export type PublishedTrack = {
  /** The m-line's `a=mid`. */
  mid: string;
  /** Where the media comes from: `camera`, `microphone`, `screen` or a word of the application. */
  source?: string;
  /** Whether the track starts muted. */
  muted?: boolean;
  /** The simulcast layers, worst first. The server chooses layers by their sizes. */
  layers?: Array<PublishedLayer>;
};

/** The quality of a participant's connection, measured by its packet loss and round-trip time. */
export type Quality = "unknown" | "good" | "fair" | "poor";

/** `restart`: restarts ICE, for example after a change of network. */
export type Restart = {
  /** The peer connection to restart. */
  peer: PeerName;
  /**
   * With `publish`, the client's offer with new credentials. With `view`, absent: the server
   * offers.
   */
  sdp?: string;
};

/** The result of `restart`. */
export type Restarted = {
  /**
   * The SDP answer for the publishing peer connection. Absent for the viewing one: its offer
   * follows as an event.
   */
  sdp?: string;
};

/** `resume`: continues a participation over a new socket. */
export type Resume = {
  /** The secret from the result of `join`. */
  session: string;
  /** The highest `n` that the client has seen. */
  seen: number;
};

/** The result of `resume`. */
export type Resumed = {
  /** The highest id of a request that the server has received. The client sends later ones again. */
  received: number;
};

/** What a participant may do. */
export type Role = "host" | "publisher" | "viewer" | "hidden";

/** The state of a room. */
export type Room = {
  /** The room's name. */
  name: string;
  /** Whether only hosts may join. */
  locked: boolean;
  /** The number of participants, without hidden ones. */
  participants: number;
  /** The number of external viewers: they watch a stream by WHEP without joining the room. */
  viewers: number;
};

/** A message to send to all participants, or to one. */
export type Send = {
  /** Whether the message is for people or for programs. Without it, `chat`. */
  kind?: MessageKind;
  /** The id of the recipient. Without it, all participants get the message. */
  to?: string;
  /** The topic, for programs. */
  topic?: string;
  /** The text. */
  body: string;
};

/** A message that was sent. */
export type Sent = {
  /** The number of the message in its room. */
  number: number;
};

/** The result of `stats`. */
export type Stats = {
  /**
   * The estimated bandwidth of the path to this participant in bit/s; absent before the server
   * has sent media.
   */
  bandwidth?: number;
  /** The layers that the participant publishes. */
  published: Array<TrackStats>;
};

/** A stream in a room. */
export type Stream = {
  /** The stream's name, unique on the server; `/whep/{name}` plays it. */
  name: string;
  /** The id of the participant who publishes it. */
  participant: string;
  /** Tells the streams of one participant apart; absent on a stream that was published without. */
  label?: string;
  /** Whether the server receives media. */
  active: boolean;
  /** The tracks, audio first. */
  tracks: Array<Track>;
};

/** `subscribe` and `unsubscribe`: starts or stops the tracks of another participant's stream. */
export type Subscribe = {
  /** The stream's name. */
  stream: string;
  /** The tracks. Without it, all tracks of the stream. */
  kinds?: Array<TrackKind>;
};

/** Which streams of others a participant gets. */
export type SubscribeMode = "auto" | "manual";

/** A track of a stream. */
export type Track = {
  /** Audio or video. */
  kind: TrackKind;
  /** Where the media comes from, such as `camera`; absent when the publisher did not say. */
  source?: string;
  /** Whether the publisher has muted the track. */
  muted: boolean;
  /** The codec's name in SDP; absent before the first packet. */
  codec?: string;
  /** The simulcast layers, worst first; empty without simulcast. */
  layers: Array<Layer>;
};

/** The kind of a track. */
export type TrackKind = "audio" | "video";

/** Measurements of one layer of a published track, as the server receives it. */
export type TrackStats = {
  /** The stream's name. */
  stream: string;
  /** The track. */
  kind: TrackKind;
  /** The layer's rid; absent without simulcast. */
  rid?: string;
  /** Bit rate in bit/s, measured over the last second. */
  bitrate: number;
};

/** `trickle`: adds ICE candidates of the client. */
export type Trickle = {
  /** The peer connection that the candidates belong to. */
  peer: PeerName;
  /** The candidates, each as `candidate:…`. */
  candidates: Array<string>;
};

/** `unpublish`: ends a stream. */
export type Unpublish = {
  /** The stream's name. */
  stream: string;
};
