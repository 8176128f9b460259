import { expect, test } from "vitest";
import { ServerEventParser } from "../src/server-events.ts";

test("events are read wherever the network cuts them", () => {
  const text =
    ': hello\n\nevent: viewercount\ndata: {"viewercount":3}\n\nevent:active\r\ndata:{}\r\n\r\n';
  for (let cut = 0; cut <= text.length; cut += 1) {
    const parser = new ServerEventParser();
    expect([...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))]).toEqual([
      { name: "viewercount", data: '{"viewercount":3}' },
      { name: "active", data: "{}" },
    ]);
  }
});

test("an event without data is none, and one without a name is a message", () => {
  expect(new ServerEventParser().push("event: x\n\ndata: a\ndata: b\n\n")).toEqual([
    { name: "message", data: "a\nb" },
  ]);
});
