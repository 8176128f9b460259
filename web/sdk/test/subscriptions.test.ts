import { expect, test } from "vitest";
import type { Request } from "../src/methods.ts";
import { RoomError, type RoomErrorCode } from "../src/room-error.ts";
import { Subscriptions } from "../src/subscriptions.ts";

function recorded() {
  const asked: unknown[] = [];
  const request: Request = async (method, params) => {
    asked.push([method, params]);
    return {} as never;
  };
  const take = () => asked.splice(0);
  return { subscriptions: new Subscriptions(request), take };
}

test("a size is told once, and a video that is not seen is paused", async () => {
  const { subscriptions, take } = recorded();
  const size = { width: 640, height: 352 };
  await subscriptions.shown("s", size, true);
  await subscriptions.shown("s", { ...size }, true);
  expect(take()).toEqual([["layers", { stream: "s", paused: false, ...size }]]);
  await subscriptions.shown("s", undefined, true);
  await subscriptions.shown("s", undefined, true);
  expect(take()).toEqual([["layers", { stream: "s", paused: true, ...size }]]);
  await subscriptions.shown("s", size, true);
  expect(take()).toEqual([["layers", { stream: "s", paused: false, ...size }]]);
});

test("what was paused on purpose stays paused when it comes into view", async () => {
  const { subscriptions, take } = recorded();
  await subscriptions.pause("s", "video", true);
  await subscriptions.shown("s", undefined, true);
  await subscriptions.shown("s", { width: 32, height: 32 }, true);
  expect(take().at(-1)).toEqual(["layers", { stream: "s", paused: true, width: 32, height: 32 }]);
});

test("how a track is to come is told when it begins", async () => {
  const { subscriptions, take } = recorded();
  const size = { width: 160, height: 96 };
  await subscriptions.shown("s", size, false);
  await subscriptions.begun("other", "video");
  expect(take()).toEqual([]);
  await subscriptions.begun("s", "audio");
  await subscriptions.begun("s", "video");
  const told = ["layers", { stream: "s", kind: "video", paused: false, ...size }];
  expect(take()).toEqual([told]);
  // Who unsubscribes and subscribes again gets the same.
  await subscriptions.begun("s", "video");
  expect(take()).toEqual([told]);
});

test("a track that ends before a request for it arrives is an error only for a caller that waits", async () => {
  const refusing = (code: RoomErrorCode) =>
    new Subscriptions(() => Promise.reject(new RoomError(code, "there is no such stream")));
  const size = { width: 160, height: 96 };
  const gone = refusing("notFound");
  await gone.shown("s", size, true);
  await gone.begun("s", "video");
  await expect(gone.show("s", size)).rejects.toThrow("no such stream");
  await expect(gone.pause("s", "video", true)).rejects.toThrow("no such stream");
  await expect(refusing("busy").shown("s", size, true)).rejects.toThrow();
});

test("a new session is told all settings of streams that are still there", async () => {
  const { subscriptions, take } = recorded();
  await subscriptions.subscribe("a", true, ["audio"]);
  await subscriptions.subscribe("a", false, ["video"]);
  await subscriptions.pause("b", "audio", true);
  await subscriptions.show("b", { width: 64, height: 32 });
  await subscriptions.subscribe("gone", true);
  take();
  await subscriptions.repeat(
    new Map([
      ["a", 0],
      ["b", 0],
    ]),
  );
  expect(take()).toEqual([
    ["subscribe", { stream: "a", kinds: ["audio"] }],
    ["unsubscribe", { stream: "a", kinds: ["video"] }],
  ]);
});
