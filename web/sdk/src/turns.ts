/** Runs jobs one after the other. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `job` when all before it have finished, well or not. */
  take<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#last.then(job);
    this.#last = result.catch(() => {
      // Whoever took that turn is told.
    });
    return result;
  }
}
