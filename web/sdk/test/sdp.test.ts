import { expect, test } from "vitest";
import {
  readFragment,
  withIce,
  withOpusStereo,
  withVideoCodecFirst,
  writeFragment,
} from "../src/sdp.ts";

const lines = (...all: string[]) => [...all, ""].join("\r\n");

const OFFER = lines(
  "v=0",
  "a=group:BUNDLE 0 1",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111 0",
  "a=ice-ufrag:abcd",
  "a=ice-pwd:secretsecretsecretsecret",
  "a=mid:0",
  "a=rtpmap:111 opus/48000/2",
  "a=fmtp:111 minptime=10;useinbandfec=1",
  "a=rtpmap:0 PCMU/8000",
  "m=video 9 UDP/TLS/RTP/SAVPF 96",
  "a=ice-ufrag:abcd",
  "a=ice-pwd:secretsecretsecretsecret",
  "a=mid:1",
  "a=fmtp:111 made-up=1",
);

test("stereo is asked for in the Opus parameters and nowhere else", () => {
  const changed = withOpusStereo(OFFER);
  expect(changed).toBe(OFFER.replace("useinbandfec=1", "useinbandfec=1;stereo=1;sprop-stereo=1"));
  expect(withOpusStereo(changed)).toBe(changed);
});

test("Opus without parameters gets some", () => {
  const bare = lines("v=0", "m=audio 9 X 111", "a=rtpmap:111 opus/48000/2", "a=mid:0");
  expect(withOpusStereo(bare)).toContain(
    "opus/48000/2\r\na=fmtp:111 stereo=1;sprop-stereo=1\r\na=mid:0\r\n",
  );
});

test("stereo can be asked for on some lines alone", () => {
  expect(withOpusStereo(OFFER, ["0"])).toBe(withOpusStereo(OFFER));
  expect(withOpusStereo(OFFER, ["1"])).toBe(OFFER);
  expect(withOpusStereo(OFFER, [])).toBe(OFFER);
});

test("the wanted video codec comes first, in all its formats", () => {
  const answer = lines(
    "v=0",
    "m=audio 9 X 102",
    "a=rtpmap:102 opus/48000/2",
    "m=video 9 X 96 97 102 104",
    "a=rtpmap:96 VP8/90000",
    "a=rtpmap:97 rtx/90000",
    "a=rtpmap:102 H264/90000",
    "a=rtpmap:104 H264/90000",
  );
  const changed = answer.replace("96 97 102 104", "102 104 96 97");
  expect(withVideoCodecFirst(answer, "H264")).toBe(changed);
  expect(withVideoCodecFirst(answer, "AV1")).toBe(answer);
});

test("a fragment names the ICE session, the first section and the candidates", () => {
  expect(writeFragment(OFFER, ["candidate:1 1 udp 2 192.0.2.1 9 typ host"], true)).toBe(
    lines(
      "a=group:BUNDLE 0 1",
      "a=ice-ufrag:abcd",
      "a=ice-pwd:secretsecretsecretsecret",
      "m=audio 9 UDP/TLS/RTP/SAVPF 111 0",
      "a=mid:0",
      "a=candidate:1 1 udp 2 192.0.2.1 9 typ host",
      "a=end-of-candidates",
    ),
  );
});

test("after a restart the answer has the new credentials and candidates, once", () => {
  const answer = OFFER.replaceAll("a=mid", "a=candidate:old\r\na=end-of-candidates\r\na=mid");
  const ice = readFragment(
    lines("a=ice-ufrag:new", "a=ice-pwd:newnew", "m=audio 9 X 0", "a=mid:0", "a=candidate:7"),
  );
  expect(ice).toEqual({ ufrag: "new", pwd: "newnew", candidates: ["candidate:7"] });
  const changed = ice && withIce(answer, ice);
  expect(changed?.match(/a=ice-ufrag:new\r\na=ice-pwd:newnew\r\n/g)).toHaveLength(2);
  expect(changed?.match(/a=candidate:7\r\na=end-of-candidates\r\nm=video/g)).toHaveLength(1);
  expect(changed).not.toContain("old");
});

test("a restart without credentials is none", () => {
  expect(readFragment(lines("a=mid:0"))).toBeUndefined();
});
