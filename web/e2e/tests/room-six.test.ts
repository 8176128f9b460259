import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { openPage, screenshot } from "../lib/chromium.ts";
import { metric } from "../lib/metrics.ts";
import { joinRoom, plays } from "../lib/rooms.ts";
import { useStage } from "../lib/stage.ts";
import { until } from "../lib/until.ts";

/** How long they come and go: about forty times, and four times as often in `make soak`. */
const SECONDS = process.env.HEADWATER_SOAK ? 180 : 45;
/** Between two who come or go. */
const STEP_MS = 1_500;
const SETTLED_MS_MAX = 30_000;
const NAMES = ["ada", "bob", "cyd", "dan", "eve", "fay"];

const stage = useStage();

test("six who come and go all see the right others in the end", async () => {
  const seed = Number(process.env.HEADWATER_SEED ?? Date.now() % 1_000_000);
  console.info("seed", seed);
  const random = generator(seed);
  const pages = await Promise.all(
    NAMES.map(() => openPage(stage.chromium, `${stage.server.url}/healthz`)),
  );
  const inside = new Set<string>();
  const enter = async (name: string) => {
    inside.add(name);
    await come(page(name), name);
  };
  const page = (name: string) => pages[NAMES.indexOf(name)] as Page;
  const end = performance.now() + SECONDS * 1_000;
  let changes = 0;
  while (performance.now() < end) {
    const name = NAMES[Math.floor(random() * NAMES.length)] as string;
    if (inside.delete(name)) await page(name).evaluate(() => window.room.leave());
    else await enter(name);
    changes += 1;
    await sleep(STEP_MS * random());
  }
  for (const name of NAMES) if (!inside.has(name)) await enter(name);
  console.info("changes", changes);

  for (const name of NAMES) {
    const others = NAMES.filter((other) => other !== name);
    await until(`${name} to see all`, SETTLED_MS_MAX, async () => {
      const seen = await page(name).evaluate(() => [
        [...window.room.participants.keys()].sort(),
        [...window.room.streams.keys()].sort(),
      ]);
      const streams = others.map((other) => `six/${other}`);
      return JSON.stringify(seen) === JSON.stringify([others, streams]);
    });
    await Promise.all(others.map((other) => plays(page(name), `six/${other}`)));
    expect(
      await page(name).evaluate(() => window.told.filter(({ event }) => event === "error")),
    ).toEqual([]);
  }
  await screenshot(page("ada"), "room-six");
  // One peer to publish and one to view, each.
  await until("two sessions each", SETTLED_MS_MAX, async () => {
    return (await metric(stage.server, "headwater_sessions")) === 2 * NAMES.length;
  });

  for (const name of NAMES) await page(name).evaluate(() => window.room.leave());
  await until("no session to be left", SETTLED_MS_MAX, async () => {
    const left = ["headwater_sessions", "headwater_participants"];
    const counts = await Promise.all(left.map((name) => metric(stage.server, name)));
    return counts.every((count) => count === 0);
  });
}, 600_000);

/** Enters and publishes 360 lines in two layers. */
async function come(page: Page, id: string): Promise<void> {
  await joinRoom(page, { room: "six", id });
  await page.evaluate(async () => {
    await window.room.publishCamera({
      layers: 2,
      video: { width: 640, height: 360, frameRate: 15 },
    });
  });
}

/** Numbers from 0 to 1 from a seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
