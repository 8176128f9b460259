import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Server } from "./server.ts";
import { binary } from "./server.ts";
import { until } from "./until.ts";

const CONNECT_MS_MAX = 10_000;
const CACHE = resolve(import.meta.dirname, "../.cache");

/** A publisher with a key frame every ten seconds that answers no request for more. */
export interface DeafPublisher {
  stop(): void;
}

export async function publishDeaf(
  server: Server,
  stream: string,
  { size, kbps }: { size: string; kbps: number },
): Promise<DeafPublisher> {
  const whip = `${server.url}/whip/${stream}`;
  const args = ["bench", server.url, "--whip", whip, "--file", video(size, kbps)];
  args.push("--viewers", "0", "--time", "3600");
  const child = spawn(binary(), args, { stdio: ["ignore", "ignore", "inherit"] });
  await until("the stream to be live", CONNECT_MS_MAX, async () => {
    if (child.exitCode !== null) throw new Error("The publisher ended.");
    const { streams } = await (await fetch(`${server.url}/api/v1/streams`)).json();
    return streams.some((s: { name: string; active: boolean }) => s.name === stream && s.active);
  });
  return { stop: () => void child.kill() };
}

/** Ten seconds of a moving picture that begins with its only key frame. */
function video(size: string, kbps: number): string {
  const path = join(CACHE, `deaf-${size}-${kbps}.ivf`);
  if (existsSync(path)) return path;
  mkdirSync(CACHE, { recursive: true });
  const source = ["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=30:duration=10`];
  const rate = ["-b:v", `${kbps}k`, "-maxrate", `${kbps}k`, "-bufsize", `${kbps}k`];
  const coding = [
    "-c:v",
    "libvpx",
    "-deadline",
    "realtime",
    "-cpu-used",
    "8",
    "-auto-alt-ref",
    "0",
  ];
  const distance = ["-g", "300", "-keyint_min", "300"];
  execFileSync("ffmpeg", ["-v", "error", "-y", ...source, ...coding, ...rate, ...distance, path]);
  return path;
}
