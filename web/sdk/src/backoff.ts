const FIRST_MS = 500;
const MAX_MS = 10_000;

/**
 * How long to wait before the next attempt: doubles up to a limit, and the upper half
 * is drawn by chance, so that viewers who lost the same server do not return in step.
 */
export class Backoff {
  #failures = 0;
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  nextMs(): number {
    const whole = Math.min(MAX_MS, FIRST_MS * 2 ** this.#failures);
    this.#failures += 1;
    return whole / 2 + (whole / 2) * this.#random();
  }

  reset(): void {
    this.#failures = 0;
  }
}
