import { dress, make } from "./element-style.ts";
import { openCamera, type PublisherState, WhipPublisher } from "./index.ts";

const WORDS: Record<PublisherState, string> = {
  idle: "",
  connecting: "Connecting…",
  live: "You are live.",
  reconnecting: "Connection lost. Reconnecting…",
  ended: "You are not live any more.",
  failed: "This cannot go live.",
};

/**
 * `<headwater-publisher src="/whip/garden">`: sends camera and microphone by WHIP, with a preview
 * and a button; `token` where the server asks for one. The attribute `state` says how it does,
 * and a `statechange` event when that changes.
 */
export class HeadwaterPublisher extends HTMLElement {
  readonly #publisher = new WhipPublisher();
  readonly #preview = make("video", { playsInline: true, muted: true, autoplay: true });
  readonly #status = make("p", { role: "status" });
  readonly #button = make("button", { type: "button", textContent: "Go live" });
  #media: MediaStream | undefined;

  constructor() {
    super();
    this.#preview.setAttribute("aria-label", "Preview of your camera");
    const foot = make("div", { className: "over foot" }, this.#status, this.#button);
    dress(this, this.#preview, foot);
    this.#button.addEventListener("click", () => {
      if (this.#media) this.stop();
      else this.start().catch((error) => this.#fail(error));
    });
    this.#publisher.on("state", (state) => this.#show(state));
  }

  disconnectedCallback(): void {
    this.stop();
  }

  /** Opens camera and microphone and goes live, as the button does. */
  async start(): Promise<void> {
    this.stop();
    this.#button.disabled = true;
    try {
      this.#status.textContent = "Opening camera and microphone…";
      const media = await openCamera({});
      this.#media = media;
      this.#preview.srcObject = media;
      const url = new URL(this.getAttribute("src") ?? "", document.baseURI);
      const token = this.getAttribute("token") ?? undefined;
      this.#button.textContent = "Stop";
      this.#button.disabled = false;
      await this.#publisher.publish(media, { url, token });
    } catch (error) {
      this.#close();
      throw error;
    } finally {
      this.#button.disabled = false;
    }
  }

  /** Ends the stream, and closes the devices. */
  stop(): void {
    this.#publisher.stop();
    this.#close();
  }

  #close(): void {
    for (const track of this.#media?.getTracks() ?? []) track.stop();
    this.#media = undefined;
    this.#preview.srcObject = null;
    this.#button.textContent = "Go live";
  }

  #fail(error: unknown): void {
    const denied = error instanceof DOMException && error.name === "NotAllowedError";
    const reason = error instanceof Error ? error.message : String(error);
    this.#status.textContent = denied ? "Camera and microphone are not allowed." : reason;
  }

  #show(state: PublisherState): void {
    this.setAttribute("state", state);
    this.#status.textContent = WORDS[state];
    if (state === "failed") this.#close();
    this.dispatchEvent(new CustomEvent("statechange", { detail: state }));
  }
}
