import { whepUrl } from "./element-source.ts";
import { dress, make } from "./element-style.ts";
import { type PlayerState, WhepPlayer } from "./index.ts";

const WORDS: Record<PlayerState, string> = {
  idle: "",
  connecting: "Connecting…",
  waiting: "Not live now. This starts by itself.",
  live: "",
  reconnecting: "Connection lost. Reconnecting…",
  ended: "",
  failed: "This cannot be played.",
};

/**
 * `<headwater-player src="/watch/garden" autoplay muted controls>`: plays a stream by WHEP. `src`
 * is its WHEP address or its page; `token` where the server asks for one. The attribute `state`
 * says how it does, and a `statechange` event when that changes.
 */
export class HeadwaterPlayer extends HTMLElement {
  static readonly observedAttributes = ["src", "token", "controls", "muted"];
  readonly #player = new WhepPlayer();
  readonly #video = make("video", { playsInline: true, ariaLabel: "Live video" });
  readonly #status = make("p", { role: "status" });
  readonly #button = make("button", { type: "button" });
  #scheduled = false;

  constructor() {
    super();
    const over = make("div", { className: "over" }, this.#status, this.#button);
    dress(this, this.#video, over);
    this.#button.addEventListener("click", () => this.#press());
    this.#player.on("state", (state) => this.#show(state));
    this.#player.on("error", ({ message }) => {
      if (this.#player.state === "failed") this.#status.textContent = message;
    });
    this.#video.addEventListener("volumechange", () => this.#offer());
  }

  /** The video element inside. */
  get video(): HTMLVideoElement {
    return this.#video;
  }

  connectedCallback(): void {
    this.#begin();
  }

  disconnectedCallback(): void {
    this.#player.stop();
    this.#video.srcObject = null;
  }

  attributeChangedCallback(name: string): void {
    if (name === "controls") this.#video.controls = this.hasAttribute("controls");
    else if (name === "muted") this.#video.muted = this.hasAttribute("muted");
    else if (this.isConnected) this.#begin();
  }

  /** Plays, as the button does. */
  async play(): Promise<void> {
    const src = this.getAttribute("src");
    if (!src) return;
    const token = this.getAttribute("token") ?? undefined;
    // A video without pictures holds up a page's `load` event, for as long as nobody is live.
    if (document.readyState === "complete") this.#attach();
    else addEventListener("load", () => this.#attach(), { once: true });
    await this.#player.play(whepUrl(src, document.baseURI), { token });
  }

  /** Ends playing. */
  stop(): void {
    this.#player.stop();
    this.#offer();
  }

  /** Attributes that change together begin one session. */
  #begin(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#player.stop();
      this.#offer();
      if (this.isConnected && this.hasAttribute("autoplay")) this.#go();
    });
  }

  #go(): void {
    this.play().catch(() => {
      // Told by `error` and the state.
    });
  }

  #attach(): void {
    if (!this.isConnected || this.#video.srcObject) return;
    this.#video.srcObject = this.#player.stream;
    this.#start();
  }

  #start(): void {
    this.#video.play().catch((error: DOMException) => {
      // Browsers forbid sound before the first click on a page, but not the picture.
      if (error.name !== "NotAllowedError" || this.#video.muted) return;
      this.#video.muted = true;
      this.#start();
    });
  }

  #press(): void {
    if (this.#isRunning()) {
      this.#video.muted = false;
      this.#start();
    } else {
      this.#go();
    }
    this.#video.focus();
  }

  #show(state: PlayerState): void {
    this.setAttribute("state", state);
    if (state === "live") this.#attach();
    this.#status.textContent = WORDS[state];
    this.#offer();
    this.dispatchEvent(new CustomEvent("statechange", { detail: state }));
  }

  /** The button is for what the browser's own controls cannot do, or do not yet. */
  #offer(): void {
    const silenced = this.#video.muted && !this.hasAttribute("muted") && !this.#video.controls;
    const running = this.#isRunning();
    this.#button.textContent = running ? "Turn sound on" : "Play";
    this.#button.hidden = running ? !silenced : !this.hasAttribute("src");
  }

  #isRunning(): boolean {
    return !["idle", "ended", "failed"].includes(this.#player.state);
  }
}
