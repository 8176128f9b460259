import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { until } from "./until.ts";

const SCRIPT = resolve(import.meta.dirname, "gst_webrtc.py");
const ANSWER_MS_MAX = 20_000;

/** What GStreamer has encoded or decoded since it began. */
export interface Decoded {
  encodedFrames: number;
  videoFrames: number;
  audioSamples: number;
  width: number;
  height: number;
}

/** GStreamer as a WHIP publisher or a WHEP viewer. */
export class GStreamer {
  readonly #child: ChildProcess;
  readonly #log: string[] = [];
  #decoded: Decoded | undefined;

  private constructor(role: "publish" | "watch", url: string, codec: string) {
    // Debian's Python: it has the bindings.
    this.#child = spawn("/usr/bin/python3", [SCRIPT, role, url, codec]);
    this.#child.stderr?.on("data", (text) => this.#log.push(String(text)));
    if (this.#child.stdout) {
      createInterface(this.#child.stdout).on("line", (line) => {
        this.#decoded = JSON.parse(line);
      });
    }
  }

  static publish(url: string, codec: string): GStreamer {
    return new GStreamer("publish", url, codec);
  }

  static watch(url: string, codec: string): GStreamer {
    return new GStreamer("watch", url, codec);
  }

  /** Frames that it has encoded, as it last said: it does once a second. */
  get encodedFrames(): number {
    return this.#decoded?.encodedFrames ?? 0;
  }

  /** Waits until this holds of what was decoded. */
  async until(what: string, holds: (decoded: Decoded) => boolean): Promise<Decoded> {
    await until(what, ANSWER_MS_MAX, async () => {
      if (this.#child.exitCode !== null) throw new Error(`It ended:\n${this.#log.join("")}`);
      return this.#decoded !== undefined && holds(this.#decoded);
    });
    return this.#decoded as Decoded;
  }

  /** Ends it, and with it its session. Resolves with what it complained of. */
  stop(): Promise<string> {
    return new Promise((done) => {
      const ended = () => done(this.#log.join(""));
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) return ended();
      this.#child.once("exit", ended);
      this.#child.kill("SIGTERM");
    });
  }
}
