import { type ChildProcess, spawn } from "node:child_process";
import dgram from "node:dgram";
import { existsSync, statSync } from "node:fs";
import net from "node:net";
import { resolve } from "node:path";
import { until } from "./until.ts";

const START_MS_MAX = 10_000;
/** How many shards, so how many UDP ports, a test server has. */
const SHARDS = 2;

/** Settings by their environment variables. */
export type Settings = Record<`HEADWATER_${string}`, string>;

export interface Server {
  readonly url: string;
  /** The UDP ports, as firewalls write ranges: `20000-20001`. */
  readonly mediaPorts: string;
  /** The TCP port of pages and signalling. */
  readonly port: number;
  /** Fails when one of its threads has panicked. */
  stop(): Promise<void>;
  /** Starts a stopped server again, at the same address. */
  start(): Promise<void>;
  /** Sends it a signal: SIGSTOP, SIGCONT. */
  signal(signal: NodeJS.Signals): void;
}

/** What each server of this process has printed, also those that have ended. */
export const logs: string[][] = [];

/** Starts the real server on free ports; tests on this host reach it at 127.0.0.1. `env` has further
 * settings. */
export async function startServer(listen = "127.0.0.1", env: Settings = {}): Promise<Server> {
  const port = await freeTcpPort();
  const http = `${listen}:${port}`;
  const media = await freeUdpPorts();
  const args = ["serve", "--http", http, "--media-port", String(media)];
  args.push("--shards", String(SHARDS));
  const url = `http://127.0.0.1:${port}`;
  const log: string[] = [];
  logs.push(log);
  let child = await spawnReady(url, args, env, log);
  return {
    url,
    port,
    signal: (signal) => child.kill(signal),
    mediaPorts: `${media}-${media + SHARDS - 1}`,
    stop: async () => {
      await end(child);
      // A thread that is gone takes nobody else with it, so that a test may not notice.
      const printed = log.join("");
      if (printed.includes("panicked")) throw new Error(`A thread panicked:\n${printed}`);
    },
    start: async () => {
      child = await spawnReady(url, args, env, log);
    },
  };
}

/** `log` gets all that the server prints. */
async function spawnReady(
  url: string,
  args: string[],
  env: Settings,
  log: string[],
): Promise<ChildProcess> {
  const child = spawn(binary(), args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding("utf8").on("data", (text: string) => log.push(text));
  }
  child.on("exit", (code) => {
    if (code !== 0 && code !== null) process.stderr.write(log.join(""));
  });
  await until("the server to be ready", START_MS_MAX, async () => {
    if (child.exitCode !== null) throw new Error(`The server did not start:\n${log.join("")}`);
    return fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
  return child;
}

/** `HEADWATER_BIN`, else whichever of the two builds is newer. */
export function binary(): string {
  const builds = ["release", "debug"]
    .map((profile) => resolve(import.meta.dirname, "../../../target", profile, "headwater"))
    .filter(existsSync)
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  const found = process.env.HEADWATER_BIN ?? builds[0];
  if (!found) throw new Error("Build the server first, or name it by HEADWATER_BIN.");
  return found;
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) return done();
    child.once("exit", () => done());
    child.kill("SIGTERM");
  });
}

/** One that nobody listens at. */
export function freeTcpPort(): Promise<number> {
  return new Promise((found) => {
    const probe = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => found(port));
    });
  });
}

/** The first of `SHARDS` free UDP ports in a row. */
async function freeUdpPorts(): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 10_000);
    const ports = Array.from({ length: SHARDS }, (_, i) => first + i);
    if ((await Promise.all(ports.map(isFreeUdpPort))).every(Boolean)) return first;
  }
}

function isFreeUdpPort(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const probe = dgram.createSocket("udp4");
    probe.once("error", () => answer(false));
    probe.bind(port, () => probe.close(() => answer(true)));
  });
}
