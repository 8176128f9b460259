import type { PlayerState } from "@headwater/client";
import { byId, setText, showState } from "../page/element.ts";

/** A publisher who is away longer than this has probably finished. */
const PAUSE_MS_MAX = 15_000;

interface Shown {
  /** What `data-state` says; `paused` and `ended` are kinds of waiting. */
  state: PlayerState | "paused";
  word: string;
  title: string;
  text: string;
}

/** Tells in words what the picture cannot: waiting, reconnecting, ended. */
export class Cover {
  readonly #stream: string;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(stream: string) {
    this.#stream = stream;
  }

  show(state: PlayerState, wasLive: boolean, reason = ""): void {
    clearTimeout(this.#timer);
    if (state === "waiting" && wasLive) {
      this.#present(this.#paused());
      this.#timer = setTimeout(() => this.#present(this.#ended()), PAUSE_MS_MAX);
    } else {
      this.#present(this.#plain(state, reason), wasLive && state === "reconnecting");
    }
  }

  #plain(state: PlayerState, reason: string): Shown {
    switch (state) {
      case "idle":
      case "connecting":
        return { state, word: "Connecting", title: "Connecting…", text: "" };
      case "waiting":
        return {
          state,
          word: "Waiting",
          title: `${this.#stream} is not live yet`,
          text: "This page starts by itself.",
        };
      case "live":
        return { state, word: "Live", title: "", text: "" };
      case "reconnecting":
        return { state, word: "Reconnecting", title: "Reconnecting…", text: reason };
      case "failed":
        return { state, word: "Failed", title: "This stream cannot be played", text: reason };
      case "ended":
        return this.#ended();
    }
  }

  #paused(): Shown {
    return {
      state: "paused",
      word: "Paused",
      title: `${this.#stream} has paused`,
      text: "The picture comes back by itself.",
    };
  }

  #ended(): Shown {
    return {
      state: "ended",
      word: "Ended",
      title: `${this.#stream} has ended`,
      text: "Should it go live again, this page plays it.",
    };
  }

  #present({ state, word, title, text }: Shown, overPicture = false): void {
    const cover = byId("cover", HTMLElement);
    cover.hidden = state === "live";
    cover.classList.toggle("over-picture", overPicture);
    showState(state, word);
    setText("cover-title", title);
    setText("cover-text", text);
    byId("retry", HTMLButtonElement).hidden = state !== "failed";
  }
}
