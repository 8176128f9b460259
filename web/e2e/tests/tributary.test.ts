import net from "node:net";
import type { Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { openPage } from "../lib/chromium.ts";
import { CLIENTS } from "../lib/client-page.ts";
import { useStage } from "../lib/stage.ts";
import { until } from "../lib/until.ts";

/** What is promised after an inner browser goes. */
const AGAIN_MS_MAX = 10_000;
const PLAYS_MS_MAX = 20_000;
const FRAMES = 10;

let own: string;

// The port of its own serves the page of an old client, as its own server did.
const stage = useStage(async () => {
  own = `127.0.0.1:${await freePort()}`;
  return {
    HEADWATER_DIALECTS__TRIBUTARY__LISTEN: own,
    HEADWATER_DIALECTS__TRIBUTARY__STATIC_DIR: CLIENTS,
    HEADWATER_DIALECTS__TRIBUTARY__MAX_LISTENERS: "2",
  };
});

const open: Page[] = [];
afterEach(async () => {
  for (const page of open.splice(0)) await page.context().close();
});

test("one browser broadcasts and four get it from each other, until it ends", async () => {
  const { broadcaster, listeners } = await fiveBrowsers();
  await grows(broadcaster, "mona(ada(cid dee) bob)");
  await broadcaster.click("#end");
  await state(broadcaster, "READY");
  for (const listener of listeners) await state(listener, "BROADCAST_ENDED");
});

test("all below a browser that goes have pictures again within ten seconds", async () => {
  const { broadcaster, listeners } = await fiveBrowsers();
  const [ada, bob, cid, dee] = listeners;
  if (!ada || !bob || !cid || !dee) throw new Error("four listeners");
  const eve = await joins("eve");
  const fay = await joins("fay");
  const gus = await joins("gus");
  await grows(broadcaster, "mona(ada(cid(gus) dee) bob(eve fay))");
  const below = [cid, dee, gus];
  const before = await Promise.all(below.map(shown));
  await ada.context().close();
  open.splice(open.indexOf(ada), 1);
  await Promise.all(below.map((page, i) => playsAgain(page, before[i]?.streams)));
  await Promise.all([bob, eve, fay].map((page) => plays(page, AGAIN_MS_MAX)));
});

test("all below a browser that leaves get another stream, and it may come back", async () => {
  const { listeners } = await fiveBrowsers();
  const [ada, , cid, dee] = listeners;
  if (!ada || !cid || !dee) throw new Error("four listeners");
  const below = [cid, dee];
  const before = await Promise.all(below.map(shown));
  await ada.click("#leave");
  await Promise.all(below.map((page, i) => playsAgain(page, before[i]?.streams)));
  await state(ada, "READY");
  const left = await shown(ada);
  await ada.click("#join");
  await playsAgain(ada, left.streams);
});

async function fiveBrowsers() {
  const broadcaster = await comes("mona");
  await broadcaster.click("#start");
  await state(broadcaster, "BROADCASTING");
  const listeners: Page[] = [];
  for (const name of ["ada", "bob", "cid", "dee"]) listeners.push(await joins(name));
  return { broadcaster, listeners };
}

async function comes(name: string): Promise<Page> {
  const page = await openPage(stage.chromium, `http://${own}/tributary.html`);
  open.push(page);
  await state(page, "READY");
  await page.fill("#user", name);
  return page;
}

async function joins(name: string): Promise<Page> {
  const page = await comes(name);
  await page.click("#join");
  await plays(page, PLAYS_MS_MAX);
  return page;
}

/** How many streams the page has shown, and frames of the last one. */
function shown(page: Page): Promise<{ streams: number; frames: number }> {
  return page.evaluate(() => {
    const video = document.querySelector("video") as HTMLVideoElement;
    const frames = video.getVideoPlaybackQuality().totalVideoFrames;
    return { streams: Number(video.dataset.streams ?? 0), frames };
  });
}

async function plays(page: Page, timeoutMs: number): Promise<void> {
  const { frames } = await shown(page);
  await until("a video to play", timeoutMs, async () => {
    return (await shown(page)).frames > frames + FRAMES;
  });
}

/** Waits for another stream than those that the page has shown, and for its pictures. */
async function playsAgain(page: Page, streams = 0): Promise<void> {
  const end = performance.now() + AGAIN_MS_MAX;
  await until("another stream", AGAIN_MS_MAX, async () => (await shown(page)).streams > streams);
  await plays(page, end - performance.now());
}

function state(page: Page, wanted: string): Promise<void> {
  const shown = page.locator("#state", { hasText: new RegExp(`^${wanted}$`) });
  return shown.waitFor({ timeout: PLAYS_MS_MAX });
}

interface Node {
  name: string;
  children: Node[];
}

/** Waits until the page is told that this is who gets it from whom: `mona(ada bob)`. */
async function grows(page: Page, tree: string): Promise<void> {
  const draw = ({ name, children }: Node): string =>
    children.length > 0 ? `${name}(${children.map(draw).join(" ")})` : name;
  const told = async () => {
    const text = await page.textContent("#tree");
    return text ? draw(JSON.parse(text)) : "";
  };
  await expect.poll(told, { timeout: PLAYS_MS_MAX }).toBe(tree);
}

function freePort(): Promise<number> {
  return new Promise((found) => {
    const probe = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => found(port));
    });
  });
}
