import { setTimeout as sleep } from "node:timers/promises";

const LOOK_MS = 50;

/** Looks again and again until `condition` holds; throws when it never does. */
export async function until(
  what: string,
  timeoutMs: number,
  condition: () => Promise<boolean>,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}.`);
    await sleep(LOOK_MS);
  }
}
