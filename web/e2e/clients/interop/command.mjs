// What the clients written for Node have in common: the command line, WHIP and WHEP over HTTP,
// and the one line of JSON at the end.
//
//   publish URL [--seconds N] [--codec H264|VP8] [--video-only|--audio-only]
//   watch URL [--seconds N] [--codec H264|VP8] [--video-only|--audio-only]
import { parseArgs } from "node:util";

/** From the POST to the connection. */
const CONNECT_MS_MAX = 10_000;

/** Reads the command line. */
export function command() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: "string", default: "5" },
      codec: { type: "string", default: "H264" },
      "video-only": { type: "boolean", default: false },
      "audio-only": { type: "boolean", default: false },
    },
  });
  const [role, url] = positionals;
  if (!["publish", "watch"].includes(role) || !url) throw new Error("publish URL or watch URL");
  return {
    role,
    url,
    seconds: Number(values.seconds),
    codec: values.codec,
    video: !values["audio-only"],
    audio: !values["video-only"],
  };
}

/** Posts an offer; the answer, and the session's URL. */
export async function post(url, offer) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/sdp" },
    body: offer,
  });
  const text = await response.text();
  if (response.status !== 201) throw new Error(`${response.status} ${text}`);
  return { answer: text, session: new URL(response.headers.get("Location"), url) };
}

/**
 * Runs one session. `open` connects and returns `{ session, connected, close, measured }`;
 * `connected` is a promise. Prints what was measured after the seconds, or at SIGTERM.
 */
export async function run(client, options, open) {
  const start = performance.now();
  let peer;
  try {
    peer = await open(options);
    await within(CONNECT_MS_MAX, "the connection", peer.connected);
    const connectedMs = Math.round(performance.now() - start);
    await Promise.race([
      new Promise((passed) => setTimeout(passed, options.seconds * 1000)),
      new Promise((told) => process.once("SIGTERM", told)),
    ]);
    process.stdout.write(`${JSON.stringify({ client, connectedMs, ...peer.measured() })}\n`);
  } catch (error) {
    process.stderr.write(`${client}: ${error.message}\n`);
    process.exitCode = 1;
  }
  if (peer) {
    await fetch(peer.session, { method: "DELETE" }).catch(() => {});
    peer.close();
  }
  process.exit();
}

function within(ms, what, promise) {
  const late = new Promise((_, failed) =>
    setTimeout(() => failed(new Error(`waited ${ms} ms in vain for ${what}`)), ms),
  );
  return Promise.race([promise, late]);
}
