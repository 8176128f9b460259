import { catchUp } from "./catch-up.ts";
import { RemoteStream } from "./remote-stream.ts";
import type { Audience } from "./viewing-peer.ts";
import type {
  EndReason,
  Event,
  Joined,
  Line,
  Message,
  Participant,
  Room,
  Stream,
  TrackKind,
} from "./wire.ts";

/** So many messages are kept; the oldest are dropped for new ones. */
const MESSAGES_MAX = 500;

/** A track that comes or went. */
export interface RemoteTrack {
  stream: RemoteStream;
  kind: TrackKind;
  /** As the browser has it. */
  track: MediaStreamTrack;
  /** `stream.media`. */
  media: MediaStream;
}

/** What a room tells of others. */
export interface RosterEvents {
  /** Somebody came, or was there before. */
  participantJoined: Participant;
  /** Name, metadata, state or quality; also of this client. */
  participantChanged: Participant;
  /** Somebody is gone; the streams went before. */
  participantLeft: { participant: Participant; reason: EndReason };
  /** A stream began, or was there before. Its tracks follow. */
  streamAdded: RemoteStream;
  /** Whether media comes, what is muted, which layers there are. */
  streamChanged: RemoteStream;
  /** A stream is over. */
  streamRemoved: RemoteStream;
  /** A track comes from now on; it is in `media`. */
  track: RemoteTrack;
  /** It does not any more. */
  trackEnded: RemoteTrack;
  /** Somebody wrote; also what this client wrote. */
  message: Message;
  /** Ids of those who speak, loudest first. */
  speakers: readonly string[];
  /** It was locked or opened, or another number of people is in it. */
  roomChanged: Room;
  /** Another layer of a video comes from now on. */
  layer: { stream: RemoteStream; rid: string };
}

type Tell = <Name extends keyof RosterEvents>(name: Name, value: RosterEvents[Name]) => void;

/** Who and what is in a room. */
export class Roster implements Audience {
  readonly participants = new Map<string, Participant>();
  /** Of others. */
  readonly streams = new Map<string, RemoteStream>();
  messages: readonly Message[] = [];
  speakers: readonly string[] = [];
  me: Participant | undefined;
  info: Room | undefined;
  readonly #tell: Tell;
  /** What the m-lines bring, also for streams that are announced a little later. */
  readonly #received = new Map<Line, RTCRtpReceiver>();

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** The room was entered, for the first time or anew. */
  enter(joined: Joined): void {
    const { participants, streams, messages, me } = this;
    this.me = joined.participant;
    // What was written before one came is no news.
    if (!me) this.messages = joined.messages;
    const others = joined.streams.filter(
      ({ participant }) => participant !== joined.participant.id,
    );
    const known = { participants, streams, messages: me ? messages : joined.messages };
    for (const event of catchUp(known, { ...joined, streams: others })) this.apply(event);
    this.info = joined.room;
    if (me) this.#tell("roomChanged", joined.room);
  }

  apply(event: Event): void {
    switch (event.event) {
      case "participantJoined":
      case "participantChanged":
        if (event.participant.id === this.me?.id) this.me = event.participant;
        else this.participants.set(event.participant.id, event.participant);
        this.#tell(event.event, event.participant);
        break;
      case "participantLeft":
        this.#part(event.id, event.reason);
        break;
      case "streamAdded":
      case "streamChanged":
        this.#see(event.stream);
        break;
      case "streamRemoved":
        this.#lose(event.stream);
        break;
      case "message":
        this.messages = [...this.messages, event.message].slice(-MESSAGES_MAX);
        this.#tell("message", event.message);
        break;
      case "speakers":
        this.speakers = event.participants;
        this.#tell("speakers", event.participants);
        break;
      case "roomChanged":
        this.info = event.room;
        this.#tell("roomChanged", event.room);
        break;
      case "layer": {
        const stream = this.streams.get(event.stream);
        if (!stream) break;
        stream.layer = event.rid;
        this.#tell("layer", { stream, rid: event.rid });
      }
    }
  }

  begun(line: Line, receiver: RTCRtpReceiver): void {
    this.#received.set(line, receiver);
    const stream = this.streams.get(line.stream);
    if (!stream) return;
    const { kind } = line;
    this.#take(stream, kind);
    stream.carry(kind, receiver);
    this.#tell("track", { stream, kind, track: receiver.track, media: stream.media });
  }

  ended(line: Line): void {
    this.#received.delete(line);
    const stream = this.streams.get(line.stream);
    if (stream) this.#take(stream, line.kind);
  }

  #part(id: string, reason: EndReason): void {
    const participant = this.participants.get(id);
    if (!participant) return;
    this.participants.delete(id);
    this.#tell("participantLeft", { participant, reason });
  }

  #see(info: Stream): void {
    const known = this.streams.get(info.name);
    if (known) {
      known.info = info;
      this.#tell("streamChanged", known);
      return;
    }
    const stream = new RemoteStream(info);
    this.streams.set(info.name, stream);
    this.#tell("streamAdded", stream);
    for (const [line, receiver] of this.#received) {
      if (line.stream === info.name) this.begun(line, receiver);
    }
  }

  #lose(name: string): void {
    const stream = this.streams.get(name);
    if (!stream) return;
    this.#take(stream, "audio");
    this.#take(stream, "video");
    this.streams.delete(name);
    this.#tell("streamRemoved", stream);
  }

  /** Takes away what comes of a stream. */
  #take(stream: RemoteStream, kind: TrackKind): void {
    const track = stream.carry(kind, undefined);
    if (track) this.#tell("trackEnded", { stream, kind, track, media: stream.media });
  }
}
