import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Server } from "./server.ts";
import { binary } from "./server.ts";

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
  const child = spawn(join(dirname(binary()), "examples/publish_ivf"), [video(size, kbps)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answer = await fetch(`${server.url}/whip/${stream}`, {
    method: "POST",
    headers: { "Content-Type": "application/sdp" },
    body: await offer(child),
  });
  if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`);
  child.stdin?.end(await answer.text());
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

function offer(child: ChildProcess): Promise<string> {
  let text = "";
  return new Promise((done, failed) => {
    child.once("error", failed);
    child.once("exit", () => failed(new Error("publish_ivf ended")));
    child.stdout?.on("data", (data) => {
      text += data;
      if (text.endsWith("\r\n\r\n")) done(text.slice(0, -2));
    });
  });
}
