import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { active, FFMPEG_VERSIONS, publishWithFfmpeg } from "../lib/interop.ts";
import { describeInOwnNetwork } from "../lib/own-network.ts";
import { startRelay, type Way } from "../lib/relay.ts";
import { type Server, startServer } from "../lib/server.ts";
import { until } from "../lib/until.ts";

/** Datagrams of DTLS with none lost. Of those to FFmpeg the first is never looked at. GnuTLS in 8.1.2
 * gives each message its own. */
const DATAGRAMS = {
  "8.0": { "to client": 3, "to server": 2 },
  "8.1.2": { "to client": 3, "to server": 6 },
  "9.0.2": { "to client": 3, "to server": 2 },
};

/** From the first datagram of DTLS to the last: FFmpeg's side repeats nothing before a second, and
 * only when something comes. Without a loss it is a tenth of a second. */
const HANDSHAKE_MS_MAX = 3_000;

/** Of 50 packets of sound a second. After a datagram of DTLS too much, 8.1.2 and 9.0.2 send one packet
 * for each that they receive. */
const PACKETS_MIN = 35;
/** Until they do so in a second: a busy machine sends fewer in one and more in the next. */
const FLOWS_MS_MAX = 8_000;

/** Each version is the server of DTLS, which sends its last flight once. */
const rows = FFMPEG_VERSIONS.flatMap((version) =>
  (["to client", "to server"] satisfies Way[]).flatMap((way) =>
    Array.from({ length: DATAGRAMS[version][way] }, (_, at) => ({ version, way, number: at + 1 })),
  ),
);

describeInOwnNetwork("A handshake of FFmpeg", import.meta.filename, () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server?.stop());

  test.each(rows)("$version survives loss of datagram $number $way", async (row) => {
    const { version, way, number } = row;
    const relay = await startRelay(server, (to, count) => to === way && count === number);
    const stream = `${version}-${way.replace(" ", "-")}-${number}`;
    const publisher = publishWithFfmpeg(version, relay.server, stream, { media: "audio alone" });
    try {
      await active(server, stream, publisher).catch((error) => {
        const passed = relay.passed.map((one) => JSON.stringify(one)).join("\n");
        throw new Error(`${error.message}\n${passed}`);
      });
      expect(relay.passed.filter(({ dropped }) => dropped)).toHaveLength(1);
      const [first, last] = [relay.passed.at(0)?.at ?? 0, relay.passed.at(-1)?.at ?? 0];
      expect(last - first).toBeLessThanOrEqual(HANDSHAKE_MS_MAX);
      await until("the sound to flow", FLOWS_MS_MAX, async () => {
        const before = relay.media;
        await sleep(1_000);
        return relay.media - before >= PACKETS_MIN;
      });
    } finally {
      await publisher.stop();
      await relay.stop();
    }
  });
});
