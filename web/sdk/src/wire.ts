// Written by `make types` from crates/signaling/src/dialect/headwater: change it there.

/** What each method takes and gives. */
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

/** What a host does. */
export type Action = "mute" | "kick" | "lock" | "unlock" | "close";

/** `answer`: to the server's offer for the viewing peer connection. */
export type Answer = {
  /** The number of the offer. */
  offer: number;
  /** The answer. */
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

/** Why a participation is over. */
export type EndReason = "left" | "lost" | "replaced" | "kicked" | "closed" | "slow" | "stopping";

/** Why a request was refused. */
export type Error = {
  /** For programs. */
  code: Code;
  /** For people: what is wrong, and what to do. */
  message: string;
  /** The field of the request that is at fault, if one is: `params.room`. */
  field?: string;
};

/** What happened. A frame brings one or several, in order. */
export type Event =
  | {
      event: "participantJoined";
      /** Who. */
      participant: Participant;
    }
  | {
      event: "participantChanged";
      /** As it is now. */
      participant: Participant;
    }
  | {
      event: "participantLeft";
      /** Who. */
      id: string;
      /** Why. */
      reason: EndReason;
    }
  | {
      event: "streamAdded";
      /** Which. */
      stream: Stream;
    }
  | {
      event: "streamChanged";
      /** As it is now. */
      stream: Stream;
    }
  | {
      event: "streamRemoved";
      /** Its name. */
      stream: string;
    }
  | {
      event: "message";
      /** What. */
      message: Message;
    }
  | {
      event: "speakers";
      /** Ids of participants. */
      participants: Array<string>;
    }
  | {
      event: "roomChanged";
      /** As it is now. */
      room: Room;
    }
  | {
      event: "muteRequested";
      /** The stream's name. */
      stream: string;
      /** Which track. */
      kind: TrackKind;
      /** The host's id. */
      by: string;
    }
  | {
      event: "offer";
      /** Counts up from one. */
      number: number;
      /** The whole offer. */
      sdp: string;
      /** What the m-lines that are in use carry. */
      lines: Array<Line>;
    }
  | {
      event: "layer";
      /** The stream's name. */
      stream: string;
      /** The layer's rid. */
      rid: string;
    }
  | {
      event: "peerLost";
      /** Which. */
      peer: PeerName;
    }
  | {
      event: "ended";
      /** Why. */
      reason: EndReason;
      /** What a host said. */
      text?: string;
    };

/** `host`: what only a host may do. */
export type Host = {
  /** What. */
  action: Action;
  /** `kick`: whom, by id. */
  participant?: string;
  /** `mute`: which stream. */
  stream?: string;
  /** `mute`: which track; without it, audio. */
  kind?: TrackKind;
  /** `kick`, `close`: told to those who have to go. */
  reason?: string;
};

/** A STUN or TURN server, as `RTCPeerConnection` takes it. */
export type IceServer = {
  /** `stun:…`, `turn:…` or `turns:…`. */
  urls: string;
  /** Of TURN. */
  username?: string;
  /** Of TURN. */
  credential?: string;
};

/** `join`: enters a room, which begins to be if it was not. */
export type Join = {
  /** The room's name. */
  room: string;
  /** Who: another participation with this id ends. Without it the server makes one up. */
  id?: string;
  /** What others see. Without it they see the id. */
  name?: string;
  /** Whatever the application wants others to know. */
  metadata?: string;
  /** What the participant wants to be. Without it, `publisher`. */
  role?: Role;
  /** Where the server asks for one. */
  token?: string;
  /** Without it, `auto`. */
  subscribe?: SubscribeMode;
};

/** Of `join`. */
export type Joined = {
  /** The secret with which `resume` goes on. */
  session: string;
  /** The participant itself. */
  participant: Participant;
  /** The room. */
  room: Room;
  /** The others. */
  participants: Array<Participant>;
  /** All streams. */
  streams: Array<Stream>;
  /** The latest that were sent to all, oldest first. */
  messages: Array<Message>;
  /** For both peer connections. */
  iceServers: Array<IceServer>;
};

/** A simulcast layer. */
export type Layer = {
  /** Its name. */
  rid: string;
  /** In pixels; 0 when its publisher did not say. */
  width: number;
  /** See `width`. */
  height: number;
  /** Packets of it come. */
  active: boolean;
};

/** `layers`: how a subscribed track is to come. What is left out stays as it is. */
export type Layers = {
  /** The stream's name. */
  stream: string;
  /** Which track; without it, video. */
  kind?: TrackKind;
  /** Send nothing for now. */
  paused?: boolean;
  /**
   * The size at which the video is shown, in pixels: no larger layer than is needed for it. 0
   * for the largest.
   */
  width?: number;
  /** See `width`. */
  height?: number;
};

/** What an m-line of an offer carries. */
export type Line = {
  /** The `a=mid`. */
  mid: string;
  /** The stream's name. */
  stream: string;
  /** Which track of it. */
  kind: TrackKind;
};

/** What somebody wrote. */
export type Message = {
  /** Counts up in the room. */
  number: number;
  /** For people or for programs. */
  kind: MessageKind;
  /** The writer's id. */
  from: string;
  /** The writer's name, which may be gone by now. */
  name: string;
  /** The only one who gets it, besides the writer; absent: all. */
  to?: string;
  /** What it is about. */
  topic?: string;
  /** The text. */
  body: string;
  /** When, in milliseconds since 1970. */
  sentAt: number;
};

/** For whom a message is. */
export type MessageKind = "chat" | "data";

/** `metadata`: changes what others see of the participant. What is left out stays. */
export type Metadata = {
  /** See [`Join::name`]. */
  name?: string;
  /** See [`Join::metadata`]. */
  metadata?: string;
};

/** `mute`: tells others that a track of the own stream carries nothing, or something again. */
export type Mute = {
  /** The stream's name. */
  stream: string;
  /** Which track. */
  kind: TrackKind;
  /** Nothing comes. */
  muted: boolean;
};

/** No fields. */
export type Nothing = Record<string, never>;

/** Somebody in a room. */
export type Participant = {
  /** Unique in the room. */
  id: string;
  /** For people. */
  name: string;
  /** What it may do. */
  role: Role;
  /** The application's. */
  metadata: string;
  /** Whether it is heard of. */
  state: ParticipantState;
  /** Of its connection. */
  quality: Quality;
  /** Since when, in milliseconds since 1970. */
  joinedAt: number;
};

/** Whether a participant is heard of. */
export type ParticipantState = "connected" | "lost";

/** One of a participant's two peer connections. */
export type PeerName = "publish" | "view";

/** `publish`: begins a stream, or changes what it consists of. */
export type Publish = {
  /**
   * Tells the participant's streams apart: the first part of a name. Without it, the stream is
   * named for its participant alone.
   */
  label?: string;
  /** At most one of each kind. */
  tracks: Array<PublishedTrack>;
  /** The whole offer of the publishing peer connection. */
  sdp: string;
};

/** Of `publish`. */
export type Published = {
  /** The stream's name. */
  stream: string;
  /** The answer to the offer. */
  sdp: string;
};

/** The size of one encoding. */
export type PublishedLayer = {
  /** Its rid. */
  rid: string;
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
};

/** One m-line of the offer that belongs to the stream. */
export type PublishedTrack = {
  /** The m-line's `a=mid`. */
  mid: string;
  /** Where it comes from: `camera`, `microphone`, `screen` or what the application calls it. */
  source?: string;
  /** It begins muted. */
  muted?: boolean;
  /** The simulcast layers, worst first, with their sizes, by which the server chooses. */
  layers?: Array<PublishedLayer>;
};

/** How well a participant's connection does. */
export type Quality = "unknown" | "good" | "fair" | "poor";

/** `restart`: ICE begins anew, since the network has changed. */
export type Restart = {
  /** Which peer connection. */
  peer: PeerName;
  /** For `publish` the client's offer with new credentials. For `view` the server offers. */
  sdp?: string;
};

/** Of `restart`. */
export type Restarted = {
  /** The answer for the publishing peer connection. For the viewing one an offer follows. */
  sdp?: string;
};

/** `resume`: goes on with a participation over a new socket. */
export type Resume = {
  /** The secret that `join` gave. */
  session: string;
  /** The highest `n` that the client has seen. */
  seen: number;
};

/** Of `resume`. */
export type Resumed = {
  /** The highest id of a request that the server has got: later ones are to be sent again. */
  received: number;
};

/** What a participant may do. */
export type Role = "host" | "publisher" | "viewer" | "hidden";

/** A room. */
export type Room = {
  /** Its name. */
  name: string;
  /** Only hosts may enter. */
  locked: boolean;
  /** Those in it, without the hidden. */
  participants: number;
  /** Those who watch a stream of it without being in it: by WHEP. */
  viewers: number;
};

/** `send`: a message to all, or to one. */
export type Send = {
  /** Of whom it is for people, or for programs. Without it, `chat`. */
  kind?: MessageKind;
  /** The id of the participant that gets it; without it, all. */
  to?: string;
  /** What it is about, for programs. */
  topic?: string;
  /** The text. */
  body: string;
};

/** Of `send`. */
export type Sent = {
  /** The message's number. */
  number: number;
};

/** Of `stats`. */
export type Stats = {
  /** What the path to this participant carries, in bit/s; absent before anything was sent. */
  bandwidth?: number;
  /** What it publishes. */
  published: Array<TrackStats>;
};

/** A stream in a room. */
export type Stream = {
  /** Unique on the server; `/whep/{name}` plays it. */
  name: string;
  /** Whose: a participant's id. */
  participant: string;
  /** What tells the participant's streams apart. */
  label?: string;
  /** Media comes. */
  active: boolean;
  /** Audio first. */
  tracks: Array<Track>;
};

/** `subscribe` and `unsubscribe`. */
export type Subscribe = {
  /** The stream's name. */
  stream: string;
  /** Which tracks; without it, all. */
  kinds?: Array<TrackKind>;
};

/** Which streams of others a participant gets. */
export type SubscribeMode = "auto" | "manual";

/** A track of a stream. */
export type Track = {
  /** Audio or video. */
  kind: TrackKind;
  /** Where it comes from. */
  source?: string;
  /** Its publisher sends nothing. */
  muted: boolean;
  /** As SDP calls it; absent before the first packet. */
  codec?: string;
  /** Simulcast layers, worst first; empty without. */
  layers: Array<Layer>;
};

/** Audio or video. */
export type TrackKind = "audio" | "video";

/** One layer of a published track, as the server gets it. */
export type TrackStats = {
  /** The stream's name. */
  stream: string;
  /** Which track. */
  kind: TrackKind;
  /** The layer; absent without simulcast. */
  rid?: string;
  /** In bit/s, over the last second. */
  bitrate: number;
};

/** `trickle`: candidates of the client. */
export type Trickle = {
  /** Of which peer connection. */
  peer: PeerName;
  /** `candidate:…` each. */
  candidates: Array<string>;
};

/** `unpublish`: ends a stream. */
export type Unpublish = {
  /** The stream's name. */
  stream: string;
};
