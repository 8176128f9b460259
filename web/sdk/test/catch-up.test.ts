import { expect, test } from "vitest";
import { catchUp, type Known } from "../src/catch-up.ts";
import type { Joined, Message, Participant, Stream } from "../src/wire.ts";

const participant = (id: string, name = id): Participant => ({
  id,
  name,
  role: "publisher",
  metadata: "",
  state: "connected",
  quality: "good",
  joinedAt: 1,
});
const stream = (name: string, active = true): Stream => ({
  name,
  participant: name.split("/")[1] ?? "",
  active,
  tracks: [],
});
const message = (number: number, sentAt: number): Message => ({
  number,
  kind: "chat",
  from: "ada",
  name: "Ada",
  body: "hello",
  sentAt,
});
const joined = (more: Partial<Joined>): Joined => ({
  session: "s",
  participant: participant("me"),
  room: { name: "demo", locked: false, participants: 1, viewers: 0 },
  participants: [],
  streams: [],
  messages: [],
  iceServers: [],
  ...more,
});
const NOTHING: Known = { participants: new Map(), streams: new Map(), messages: [] };

test("who knows nothing is told everything", () => {
  const ada = participant("ada");
  const garden = stream("demo/ada");
  expect(catchUp(NOTHING, joined({ participants: [ada], streams: [garden] }))).toEqual([
    { event: "participantJoined", participant: ada },
    { event: "streamAdded", stream: garden },
  ]);
});

test("who was away is told the difference, and nobody leaves before their streams", () => {
  const known: Known = {
    participants: new Map(["ada", "bob", "cleo"].map((id) => [id, participant(id)])),
    streams: new Map(
      ["demo/ada", "demo/bob", "demo/cleo"].map((name) => [name, { info: stream(name) }]),
    ),
    messages: [],
  };
  const now = joined({
    participants: [participant("ada"), participant("bob", "Robert")],
    streams: [stream("demo/ada"), stream("demo/bob", false)],
  });
  expect(catchUp(known, now)).toEqual([
    { event: "streamRemoved", stream: "demo/cleo" },
    { event: "participantLeft", id: "cleo", reason: "left" },
    { event: "participantChanged", participant: participant("bob", "Robert") },
    { event: "streamChanged", stream: stream("demo/bob", false) },
  ]);
});

test("only messages that were missed are told, also in a room that has begun anew", () => {
  const known = { ...NOTHING, messages: [message(7, 1000)] };
  const missed = (...messages: Message[]) =>
    catchUp(known, joined({ messages })).map((event) => event.event === "message" && event.message);
  expect(missed(message(6, 900), message(7, 1000), message(8, 1000))).toEqual([message(8, 1000)]);
  expect(missed(message(1, 2000))).toEqual([message(1, 2000)]);
});
