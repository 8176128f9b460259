import { expect, test } from "vitest";
import { Ledger } from "../src/ledger.ts";

const request = (method: string) => ({
  method,
  params: {},
  resolve: () => {},
  reject: () => {},
});
const read = (texts: string[]) => texts.map((text) => JSON.parse(text));
const frame = (n: number, more: object = {}) => JSON.stringify({ n, ...more });
const numbers = (ledger: Ledger, ...frames: number[]) =>
  frames.flatMap((n) => ledger.receive(frame(n)).map((ready) => ready.n));

test("requests go out once, in order, with rising ids and what was seen", () => {
  const ledger = new Ledger();
  ledger.add(request("send"));
  expect(read(ledger.flush())).toEqual([{ id: 1, method: "send", params: {} }]);
  ledger.receive(frame(1));
  ledger.add(request("stats"));
  ledger.add(request("mute"));
  expect(read(ledger.flush())).toEqual([
    { id: 2, method: "stats", params: {}, seen: 1 },
    { id: 3, method: "mute", params: {}, seen: 1 },
  ]);
  expect(ledger.flush()).toEqual([]);
});

test("frames are carried out once and in order, whatever comes twice or early", () => {
  const ledger = new Ledger();
  expect(numbers(ledger, 1, 2, 2, 1)).toEqual([1, 2]);
  expect(numbers(ledger, 4, 5, 4)).toEqual([]);
  expect(ledger.seen).toBe(2);
  expect(numbers(ledger, 3, 4, 5, 6)).toEqual([3, 4, 5, 6]);
  expect(ledger.seen).toBe(6);
});

test("a frame without a number is carried out at once", () => {
  const ledger = new Ledger();
  expect(ledger.receive('{"id":19,"result":{"received":18}}')).toHaveLength(1);
  expect(ledger.seen).toBe(0);
});

test("after a resume the server gets again what it did not get, and nothing else", () => {
  const ledger = new Ledger();
  for (const method of ["send", "mute", "stats"]) ledger.add(request(method));
  ledger.flush();
  ledger.once("ping", {});
  // The answer to the first came before the socket was lost, that to the second not.
  const [response] = ledger.receive(frame(1, { id: 1, result: {} }));
  expect(ledger.settle(response?.id ?? 0)?.method).toBe("send");
  ledger.add(request("metadata"));

  const resume = ledger.once("resume", { session: "s", seen: ledger.seen });
  expect(resume.id).toBe(5);
  expect(read(ledger.again(2))).toEqual([{ id: 3, method: "stats", params: {}, seen: 1 }]);
  expect(read(ledger.flush())).toEqual([{ id: 6, method: "metadata", params: {}, seen: 1 }]);

  expect(ledger.settle(2)?.method).toBe("mute");
  expect(ledger.settle(2)).toBeUndefined();
  expect(ledger.again(0).map((text) => JSON.parse(text).id)).toEqual([3, 6]);
});

test("what was never answered is handed back in order when the session is given up", () => {
  const ledger = new Ledger(40);
  ledger.add(request("send"));
  ledger.flush();
  ledger.add(request("mute"));
  expect(ledger.abandon().map(({ method }) => method)).toEqual(["send", "mute"]);
  expect(ledger.abandon()).toEqual([]);
  expect(ledger.lastId).toBe(41);
});
