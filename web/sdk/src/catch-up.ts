import type { Event, Joined, Message, Participant, Stream } from "./wire.ts";

/** What a client knows of a room, of others. */
export interface Known {
  participants: ReadonlyMap<string, Participant>;
  streams: ReadonlyMap<string, { readonly info: Stream }>;
  messages: readonly Message[];
}

/**
 * The events that lead from what is known to what `join` says: who enters anew learns what it
 * missed as if it had been there.
 */
export function catchUp(known: Known, joined: Joined): Event[] {
  const events: Event[] = [];
  const streams = new Set(joined.streams.map(({ name }) => name));
  for (const stream of known.streams.keys()) {
    if (!streams.has(stream)) events.push({ event: "streamRemoved", stream });
  }
  const ids = new Set(joined.participants.map(({ id }) => id));
  for (const id of known.participants.keys()) {
    if (!ids.has(id)) events.push({ event: "participantLeft", id, reason: "left" });
  }
  for (const participant of joined.participants) {
    const before = known.participants.get(participant.id);
    if (!before) events.push({ event: "participantJoined", participant });
    else if (differ(before, participant)) events.push({ event: "participantChanged", participant });
  }
  for (const stream of joined.streams) {
    const before = known.streams.get(stream.name)?.info;
    if (!before) events.push({ event: "streamAdded", stream });
    else if (differ(before, stream)) events.push({ event: "streamChanged", stream });
  }
  for (const message of joined.messages) {
    if (isNew(message, known.messages.at(-1))) events.push({ event: "message", message });
  }
  return events;
}

/** Numbers begin again where a room does: the time decides. */
function isNew(message: Message, last: Message | undefined): boolean {
  if (!last || message.sentAt !== last.sentAt) return message.sentAt > (last?.sentAt ?? 0);
  return message.number > last.number;
}

function differ(a: object, b: object): boolean {
  return JSON.stringify(a) !== JSON.stringify(b);
}
