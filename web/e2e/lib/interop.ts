import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Server } from "./server.ts";
import { until } from "./until.ts";

const CLIENTS = resolve(import.meta.dirname, "../clients/interop");
/** Where `make setup-test` puts what is not in the registry of Node. */
const INSTALLED = resolve(import.meta.dirname, "../../../.setup/interop/bin");

/** Longer than any test publishes; the test ends it. */
const PUBLISH_S = "40";
/** From its start until its stream is active: a busy machine needs a while to start the program. FFmpeg's
 * own limit for a handshake is 5 s. */
export const ACTIVE_MS_MAX = 20_000;

/** Programs with the command line of `clients/interop`, both publishers and viewers. */
export const LIBRARIES = {
  "aiortc 1.16.0": [join(INSTALLED, "python"), join(CLIENTS, "aiortc_peer.py")],
  "Pion 4.2.26": [join(INSTALLED, "pion")],
  "node-datachannel 0.33.4": ["node", join(CLIENTS, "node-datachannel.mjs")],
  "werift 0.22.9": ["node", join(CLIENTS, "werift.mjs")],
} as const;

export type Library = keyof typeof LIBRARIES;
export const LIBRARY_NAMES = Object.keys(LIBRARIES) as Library[];

export type Media = "video and audio" | "video alone" | "audio alone";
const ONLY = {
  "video and audio": [],
  "video alone": ["--video-only"],
  "audio alone": ["--audio-only"],
} as const;

/** The statistics of aiortc have one entry for media and retransmissions: of losses it tells nothing. */
export const TELLS_NO_LOSSES: Library = "aiortc 1.16.0";

/** What a client printed at its end. What a client cannot know is not there. */
export interface Measured {
  connectedMs: number;
  videoPackets: number;
  audioPackets: number;
  /** Of video: with different timestamps or, where the client decodes, decoded. */
  frames?: number;
  keyframes?: number;
  /** Packets of video that never came, not even as retransmissions. */
  lost?: number;
  nacks?: number;
}

/** A client that runs. */
export class InteropClient {
  readonly #child: ChildProcess;
  #out = "";
  #complaints = "";

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stdout?.on("data", (text) => {
      this.#out += text;
    });
    this.#child.stderr?.on("data", (text) => {
      this.#complaints += text;
    });
    this.#child.on("error", (error) => {
      this.#complaints += `${error.message}. Has "make setup-test" run?`;
    });
  }

  get ended(): boolean {
    const { exitCode, signalCode, pid } = this.#child;
    return exitCode !== null || signalCode !== null || pid === undefined;
  }

  /** What it has complained of so far. */
  get complaints(): string {
    return this.#complaints;
  }

  /** Waits for its end; throws with its complaints unless that was a good one. */
  async measured(): Promise<Measured> {
    await this.#end();
    const line = this.#out.trim().split("\n").at(-1);
    if (this.#child.exitCode !== 0 || !line) throw new Error(`It failed:\n${this.#complaints}`);
    return JSON.parse(line);
  }

  /** Ends it, and with it its session. */
  async stop(): Promise<void> {
    if (!this.ended) this.#child.kill("SIGTERM");
    await this.#end();
  }

  #end(): Promise<void> {
    return new Promise((done) => (this.ended ? done() : this.#child.once("close", () => done())));
  }
}

interface ClientSettings {
  codec?: string;
  media?: Media;
  seconds?: number;
}

export function publishWith(
  library: Library,
  server: Server,
  stream: string,
  { codec = "H264", media = "video and audio" }: ClientSettings = {},
): InteropClient {
  const url = `${server.url}/whip/${stream}`;
  const options = ["--seconds", PUBLISH_S, "--codec", codec, ...ONLY[media]];
  return libraryClient(library, "publish", url, options);
}

export function watchWith(
  library: Library,
  server: Server,
  stream: string,
  { codec = "H264", media = "video and audio", seconds = 4 }: ClientSettings = {},
): InteropClient {
  const url = `${server.url}/whep/${stream}`;
  const options = ["--seconds", String(seconds), "--codec", codec, ...ONLY[media]];
  return libraryClient(library, "watch", url, options);
}

function libraryClient(library: Library, role: string, url: string, options: string[]) {
  const [program, ...args] = LIBRARIES[library];
  return new InteropClient(program ?? "", [...args, role, url, ...options]);
}

export const FFMPEG_VERSIONS = ["8.0", "8.1.2", "9.0.2"] as const;
export type Ffmpeg = (typeof FFMPEG_VERSIONS)[number];

const PICTURE = "-re -f lavfi -i testsrc2=size=640x360:rate=30".split(" ");
const SOUND = "-re -f lavfi -i sine=frequency=440:sample_rate=48000".split(" ");
/** Of x264 only what WHIP demands is chosen, and when to make key frames: FFmpeg makes none on demand.
 * The profile comes out as High. */
const X264 = "-c:v libx264 -pix_fmt yuv420p -bf 0".split(" ");
const OPUS = "-c:a libopus -ac 2".split(" ");

export interface FfmpegSettings {
  media?: Media;
  /** Its certificate and key, instead of those it makes. */
  own?: Identity | undefined;
  /** Every so many frames there is a key frame. */
  keyframeEvery?: number;
}

/** FFmpeg as a WHIP publisher, with x264's default profile. 8.1.2 is there as a library only, and
 * with another TLS library. */
export function publishWithFfmpeg(
  version: Ffmpeg,
  server: Server,
  stream: string,
  { media = "video and audio", own, keyframeEvery = 30 }: FfmpegSettings = {},
): InteropClient {
  const url = `${server.url}/whip/${stream}`;
  if (version === "8.1.2") {
    const script = join(CLIENTS, "pyav_publish.py");
    const args = [script, "publish", url, "--seconds", PUBLISH_S, ...ONLY[media]];
    args.push("--keyframe-every", String(keyframeEvery));
    if (own) args.push("--cert", own.certificate, "--key", own.key);
    return new InteropClient(join(INSTALLED, "python"), args);
  }
  const args = ["-hide_banner", "-v", "warning", "-nostdin"];
  if (media !== "audio alone") args.push(...PICTURE);
  if (media !== "video alone") args.push(...SOUND);
  if (media !== "audio alone") args.push(...X264, "-g", String(keyframeEvery));
  if (media !== "video alone") args.push(...OPUS);
  if (own) args.push("-cert_file", own.certificate, "-key_file", own.key);
  return new InteropClient(join(INSTALLED, `ffmpeg-${version}`), [...args, "-f", "whip", url]);
}

/** Files of a DTLS certificate and its key. */
export interface Identity {
  certificate: string;
  key: string;
}

export function makeIdentity(...algorithm: string[]): Identity {
  const directory = mkdtempSync(join(tmpdir(), "headwater-identity-"));
  const [certificate, key] = [join(directory, "certificate.pem"), join(directory, "key.pem")];
  const files = ["-keyout", key, "-out", certificate];
  const named = ["-nodes", "-subj", "/CN=interop", "-days", "30"];
  execFileSync("openssl", ["req", "-x509", ...algorithm, ...named, ...files], { stdio: "pipe" });
  return { certificate, key };
}

interface Track {
  kind: string;
  codec: string | null;
  layers: { active: boolean }[];
}

/** Waits until the stream is active; throws with the publisher's complaints when it is not. The kinds
 * and codecs of what it carries, as `video H264`. */
export async function active(
  server: Server,
  stream: string,
  publisher: InteropClient,
): Promise<string[]> {
  let tracks: Track[] = [];
  await until(`${stream} to be active`, ACTIVE_MS_MAX, async () => {
    if (publisher.ended) throw new Error("The publisher ended.");
    const { streams } = await (await fetch(`${server.url}/api/v1/streams`)).json();
    const found = streams.find(({ name }: { name: string }) => name === stream);
    tracks = found?.tracks ?? [];
    const flows = ({ layers }: Track) => layers.some((layer) => layer.active);
    return Boolean(found?.active) && tracks.every(flows);
  }).catch((error) => {
    throw new Error(`${error.message}\n${publisher.complaints}`);
  });
  return tracks.map(({ kind, codec }) => `${kind} ${codec}`).sort();
}
