import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import WebSocket from "ws";
import { until } from "./until.ts";

const START_MS_MAX = 30_000;
const LIVE_MS_MAX = 15_000;

const PREFERENCES = {
  "media.navigator.streams.fake": true,
  "media.navigator.permission.disabled": true,
  "media.peerconnection.ice.obfuscate_host_addresses": false,
  "media.autoplay.default": 0,
  "app.update.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "toolkit.telemetry.enabled": false,
};

interface Reply {
  id?: number;
  type: "success" | "error" | "event";
  result?: { context: string; result?: { value?: unknown }; exceptionDetails?: { text: string } };
  message?: string;
}

/** Firefox with a fake camera, driven by WebDriver BiDi. */
export class Firefox {
  readonly #socket: WebSocket;
  readonly #end: (signal?: NodeJS.Signals) => Promise<void>;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #lastId = 0;

  private constructor(socket: WebSocket, end: (signal?: NodeJS.Signals) => Promise<void>) {
    this.#socket = socket;
    this.#end = end;
    socket.on("message", (data) => {
      const reply: Reply = JSON.parse(String(data));
      if (reply.id !== undefined) this.#waiting.get(reply.id)?.(reply);
    });
  }

  static async launch(): Promise<Firefox> {
    const profile = mkdtempSync(join(tmpdir(), "headwater-firefox-"));
    const preferences = Object.entries(PREFERENCES).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    writeFileSync(join(profile, "user.js"), preferences.join(""));
    const flags = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0"];
    const child = spawn("firefox-esr", flags, { stdio: ["ignore", "ignore", "pipe"] });
    let log = "";
    child.stderr.on("data", (text) => {
      log += text;
    });
    const address = () => /WebDriver BiDi listening on (ws:\S+)/.exec(log)?.[1];
    await until("Firefox", START_MS_MAX, async () => address() !== undefined);
    const socket = new WebSocket(`${address()}/session`);
    await new Promise((opened, failed) => socket.on("open", opened).on("error", failed));
    const firefox = new Firefox(socket, async (signal) => {
      const ended = new Promise((done) => child.once("exit", done));
      child.kill(signal);
      await ended;
      rmSync(profile, { recursive: true, force: true });
    });
    await firefox.#call("session.new", { capabilities: {} });
    return firefox;
  }

  /** Runs this function in each page that is opened from now on, before the page's scripts. */
  async prepare(script: () => void): Promise<void> {
    await this.#call("script.addPreloadScript", { functionDeclaration: String(script) });
  }

  /** Opens a page in a tab of its own. */
  async open(url: string): Promise<FirefoxPage> {
    const created = await this.#call("browsingContext.create", { type: "tab" });
    const context = created?.context ?? "";
    await this.#call("browsingContext.navigate", { context, url, wait: "complete" });
    return new FirefoxPage(
      (expression) => this.#evaluate(context, expression),
      async () => {
        await this.#call("browsingContext.close", { context });
      },
    );
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.#end();
  }

  /** Ends it without a close, as `kill -9` does. */
  async kill(): Promise<void> {
    this.#socket.terminate();
    await this.#end("SIGKILL");
  }

  async #evaluate(context: string, expression: string): Promise<unknown> {
    const evaluated = await this.#call("script.evaluate", {
      expression,
      target: { context },
      awaitPromise: true,
      userActivation: true,
    });
    if (evaluated?.exceptionDetails) throw new Error(evaluated.exceptionDetails.text);
    return evaluated?.result?.value;
  }

  async #call(method: string, params: object): Promise<Reply["result"]> {
    this.#lastId += 1;
    const id = this.#lastId;
    const reply = await new Promise<Reply>((answered) => {
      this.#waiting.set(id, answered);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
    this.#waiting.delete(id);
    if (reply.type === "error") throw new Error(`${method}: ${reply.message}`);
    return reply.result;
  }
}

export class FirefoxPage {
  /** Evaluates an expression in the page; promises are awaited, and only plain values come back. */
  readonly evaluate: (expression: string) => Promise<unknown>;
  readonly close: () => Promise<void>;

  constructor(evaluate: (expression: string) => Promise<unknown>, close: () => Promise<void>) {
    this.evaluate = evaluate;
    this.close = close;
  }

  async state(wanted: string): Promise<void> {
    let shown: unknown;
    await until(`state ${wanted} in Firefox`, LIVE_MS_MAX, async () => {
      shown = await this.evaluate("document.querySelector('#state').dataset.state");
      return shown === wanted;
    }).catch(async (error) => {
      const page = await this.evaluate("document.querySelector('main').innerText");
      throw new Error(`${error.message} It is ${shown}:\n${page}`);
    });
  }

  /** Presses "Go live" with VP8; resolves when live. */
  async goLive(): Promise<void> {
    await this.evaluate("document.querySelector('#codec').value = 'VP8'");
    await this.evaluate("document.querySelector('#go-live').click()");
    await this.state("live");
  }

  /** Resolves when the page's video shows another frame, with the time at which it did, as of `Date.now`. */
  async nextFrame(): Promise<number> {
    const at = await this.evaluate(`new Promise((shown) => {
      document.querySelector("video").requestVideoFrameCallback(() => shown(Date.now()));
    })`);
    return Number(at);
  }

  /** How many requests the page has made to exactly this URL. */
  async requests(url: string): Promise<number> {
    const names = `performance.getEntriesByType("resource").map(({ name }) => name)`;
    return Number(await this.evaluate(`${names}.filter((n) => n === "${url}").length`));
  }

  /** Frames per second that the page's video shows, over `seconds`. */
  async fps(seconds: number): Promise<number> {
    const frames = await this.evaluate(`new Promise((done) => {
      const video = document.querySelector("video");
      let frames = 0;
      const note = () => { frames += 1; video.requestVideoFrameCallback(note); };
      video.requestVideoFrameCallback(note);
      setTimeout(() => done(frames), ${seconds * 1000});
    })`);
    return Number(frames) / seconds;
  }
}
