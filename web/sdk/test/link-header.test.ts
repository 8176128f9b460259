import { expect, test } from "vitest";
import { iceServers, linkWithRel, parseLinks } from "../src/link-header.ts";

test("several links of one header are told apart, commas in quotes or not", () => {
  const links = parseLinks(
    '<stun:stun.example:3478>; rel="ice-server", ' +
      '</whep/x/1/events>; rel="urn:e"; events="active,inactive", <layer>;rel=urn:l',
  );
  expect(links.map((link) => link.url)).toEqual([
    "stun:stun.example:3478",
    "/whep/x/1/events",
    "layer",
  ]);
  expect(links[1]?.params).toEqual({ rel: "urn:e", events: "active,inactive" });
  expect(linkWithRel(links, "urn:l")?.url).toBe("layer");
});

test("a missing semicolon between parameters is forgiven", () => {
  const [link] = parseLinks('<e>; rel="a" events="b"');
  expect(link?.params).toEqual({ rel: "a", events: "b" });
});

test("ICE servers come with their credentials unescaped", () => {
  const header =
    '<turn:t.example?transport=udp>; rel="ice-server"; username="u,1"; ' +
    'credential="p\\"w\\\\d"; credential-type="password", <x>; rel="other"';
  expect(iceServers(parseLinks(header))).toEqual([
    { urls: "turn:t.example?transport=udp", username: "u,1", credential: 'p"w\\d' },
  ]);
});

test("no header means no links", () => {
  expect(parseLinks(null)).toEqual([]);
  expect(parseLinks("nonsense")).toEqual([]);
});
