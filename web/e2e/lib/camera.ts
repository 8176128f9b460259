import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { resolve } from "node:path";

const CACHE = resolve(import.meta.dirname, "../.cache");

/** A file of 720p30 motion JPEG for Chromium's fake camera, made once. */
export function cameraFile(): string {
  const file = resolve(CACHE, "720p30.mjpeg");
  if (existsSync(file)) return file;
  mkdirSync(CACHE, { recursive: true });
  // Of this process alone: two may make it at once.
  const part = `${file}.${process.pid}.part`;
  const source = "testsrc2=size=1280x720:rate=30:duration=10";
  const args = `-v error -y -f lavfi -i ${source} -c:v mjpeg -q:v 4 -f mjpeg ${part}`;
  execFileSync("ffmpeg", args.split(" "));
  renameSync(part, file);
  return file;
}
