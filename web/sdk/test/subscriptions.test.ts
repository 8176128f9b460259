import { expect, test } from "vitest";
import type { Request } from "../src/methods.ts";
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
  await subscriptions.shown("s", size);
  await subscriptions.shown("s", { ...size });
  expect(take()).toEqual([["layers", { stream: "s", paused: false, ...size }]]);
  await subscriptions.shown("s", undefined);
  await subscriptions.shown("s", undefined);
  expect(take()).toEqual([["layers", { stream: "s", paused: true, ...size }]]);
  await subscriptions.shown("s", size);
  expect(take()).toEqual([["layers", { stream: "s", paused: false, ...size }]]);
});

test("what was paused on purpose stays paused when it comes into view", async () => {
  const { subscriptions, take } = recorded();
  await subscriptions.pause("s", "video", true);
  await subscriptions.shown("s", undefined);
  await subscriptions.shown("s", { width: 32, height: 32 });
  expect(take().at(-1)).toEqual(["layers", { stream: "s", paused: true, width: 32, height: 32 }]);
});

test("a new session is told all wishes for streams that are still there", async () => {
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
    ["layers", { stream: "b", paused: false, width: 64, height: 32 }],
    ["layers", { stream: "b", kind: "audio", paused: true }],
  ]);
});
