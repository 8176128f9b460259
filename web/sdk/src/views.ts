import type { Size } from "./encodings.ts";
import { shownSize } from "./shown-size.ts";

/** A change of size is told when it has lasted this long. */
const SETTLE_MS = 200;

interface View {
  stream: string;
  onScreen: boolean;
}

/** Watches how large the video elements are that show streams. */
export class Views {
  readonly #views = new Map<HTMLVideoElement, View>();
  readonly #changed = new Set<string>();
  readonly #onShown: (stream: string, size: Size | undefined) => void;
  readonly #sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) this.#touch(target);
  });
  readonly #screen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const view = this.#views.get(target as HTMLVideoElement);
      if (view) view.onScreen = isIntersecting;
      this.#touch(target);
    }
  });
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `onShown` is told the size at which a stream is shown; `undefined`: it is not seen anywhere. */
  constructor(onShown: (stream: string, size: Size | undefined) => void) {
    this.#onShown = onShown;
  }

  /** Watches an element; the returned function ends it. */
  add(stream: string, element: HTMLVideoElement): () => void {
    // It may have shown another stream.
    this.#touch(element);
    const view = { stream, onScreen: true };
    this.#views.set(element, view);
    this.#sizes.observe(element);
    this.#screen.observe(element);
    return () => {
      // It may show another one by now.
      if (this.#views.get(element) !== view) return;
      this.#touch(element);
      this.#views.delete(element);
      this.#sizes.unobserve(element);
      this.#screen.unobserve(element);
    };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#views.clear();
    this.#sizes.disconnect();
    this.#screen.disconnect();
  }

  #touch(element: Element): void {
    const view = this.#views.get(element as HTMLVideoElement);
    if (!view) return;
    this.#changed.add(view.stream);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tell(), SETTLE_MS);
  }

  #tell(): void {
    for (const stream of this.#changed) {
      const places = [...this.#views]
        .filter(([element, view]) => view.stream === stream && isSeen(element, view))
        .map(([{ clientWidth, clientHeight }]) => ({ width: clientWidth, height: clientHeight }));
      this.#onShown(stream, shownSize(places, devicePixelRatio));
    }
    this.#changed.clear();
  }
}

function isSeen(element: HTMLVideoElement, { onScreen }: View): boolean {
  return onScreen || document.pictureInPictureElement === element;
}
