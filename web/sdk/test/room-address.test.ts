import { expect, test } from "vitest";
import { whepUrl } from "../src/element-source.ts";
import { roomAddress } from "../src/room-address.ts";

const BASE = "https://live.example/studio/index.html";
const read = (url: string, room?: string) => {
  const { socket, room: name } = roomAddress(url, room, BASE);
  return [socket.href, name];
};

test("without a name the last path segment is the room", () => {
  expect(read("https://a.example/room/demo")).toEqual(["wss://a.example/api/v1/connect", "demo"]);
  expect(read("http://a.example:8080/r/caf%C3%A9/?x=1")).toEqual([
    "ws://a.example:8080/api/v1/connect",
    "café",
  ]);
  expect(read("wss://a.example/demo")).toEqual(["wss://a.example/api/v1/connect", "demo"]);
  expect(read("/rooms/demo")).toEqual(["wss://live.example/api/v1/connect", "demo"]);
});

test("with a name any address of the server will do", () => {
  expect(read("https://a.example", "demo")).toEqual(["wss://a.example/api/v1/connect", "demo"]);
  expect(read("/anything/else", "demo")).toEqual(["wss://live.example/api/v1/connect", "demo"]);
});

test("an address without a room is a mistake", () => {
  expect(() => read("https://a.example/")).toThrow("No room");
});

test("a player plays what a stream's page plays", () => {
  expect(whepUrl("/watch/demo/ada?x=1", BASE).href).toBe("https://live.example/whep/demo/ada?x=1");
  expect(whepUrl("https://a.example/whep/x", BASE).href).toBe("https://a.example/whep/x");
});
