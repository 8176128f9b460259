import dgram from "node:dgram";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { dtlsRecords } from "./dtls-records.ts";
import type { Server } from "./server.ts";

/** Which way a datagram goes. */
export type Way = "to server" | "to client";

/** A datagram of DTLS that came to the relay. */
export interface Passing {
  way: Way;
  /** Of those that go this way, counted from 1. */
  number: number;
  /** When, in milliseconds. */
  at: number;
  /** What is in it, for a log. */
  records: string;
  dropped: boolean;
}

export interface Relay {
  /** A client that uses this one as its server reaches the server through the relay. */
  readonly server: Server;
  /** Every datagram of DTLS so far. */
  readonly passed: readonly Passing[];
  /** Packets of media that the client has sent so far. */
  readonly media: number;
  stop(): Promise<void>;
}

/** The first bytes of DTLS and of SRTP (RFC 7983 §7). */
const isDtls = ([first = 0]: Buffer) => first >= 20 && first <= 63;
const isMedia = ([first = 0]: Buffer) => first >= 128 && first <= 191;

/**
 * Stands between one client and the server: hands signalling on, and writes a port of its own into the
 * answer, so that datagrams come through it too. Those of DTLS that `drops` names are lost.
 */
export async function startRelay(
  server: Server,
  drops: (way: Way, number: number) => boolean,
): Promise<Relay> {
  const passed: Passing[] = [];
  const counts = { "to server": 0, "to client": 0 };
  const near = await bound();
  const far = await bound();
  let client: AddressInfo | undefined;
  let [port, media] = [0, 0];

  function isLost(way: Way, datagram: Buffer): boolean {
    if (!isDtls(datagram)) return false;
    counts[way] += 1;
    const dropped = drops(way, counts[way]);
    const records = dtlsRecords(datagram).join(" ");
    passed.push({ way, number: counts[way], at: performance.now(), records, dropped });
    return dropped;
  }
  near.on("message", (datagram, from) => {
    client = { ...from, address: from.address };
    if (isMedia(datagram)) media += 1;
    if (!isLost("to server", datagram)) far.send(datagram, port, "127.0.0.1");
  });
  far.on("message", (datagram) => {
    if (client && !isLost("to client", datagram)) near.send(datagram, client.port, client.address);
  });

  const signalling = http.createServer(async (request, response) => {
    const { "content-length": _, host: __, connection: ___, ...headers } = request.headers;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = await fetch(`${server.url}${request.url}`, {
      method: request.method ?? "GET",
      headers: headers as Record<string, string>,
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    });
    const body = (await answer.text()).replace(
      /^(a=candidate:\S+ 1 udp \d+) \S+ (\d+)/gim,
      (_line, head, media) => {
        port = Number(media);
        return `${head} 127.0.0.1 ${near.address().port}`;
      },
    );
    const of = Object.fromEntries(answer.headers);
    const length = Buffer.byteLength(body);
    response.writeHead(answer.status, { ...of, "content-length": length, connection: "close" });
    response.end(body);
  });
  await new Promise<void>((listening) => signalling.listen(0, "127.0.0.1", listening));
  const own = (signalling.address() as AddressInfo).port;

  return {
    server: { ...server, port: own, url: `http://127.0.0.1:${own}` },
    passed,
    get media() {
      return media;
    },
    async stop() {
      near.close();
      far.close();
      signalling.closeAllConnections();
      await new Promise((closed) => signalling.close(closed));
    },
  };
}

function bound(): Promise<dgram.Socket> {
  const socket = dgram.createSocket("udp4");
  return new Promise((ready) => socket.bind(0, "127.0.0.1", () => ready(socket)));
}
