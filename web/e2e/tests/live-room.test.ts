import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { useStage } from "../lib/stage.ts";
import { until } from "../lib/until.ts";

const stage = useStage();
const CLIENTS = resolve(import.meta.dirname, "../clients");
const PLAYS_MS_MAX = 20_000;
const TOLD_MS_MAX = 5_000;

/** Somebody with the page of the live room. What goes wrong in it is kept. */
interface Person {
  page: Page;
  errors: string[];
}

async function comes(name: string): Promise<Person> {
  const { browser } = stage.chromium;
  const page = await (await browser.newContext()).newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  // The server has no such page. Its address is needed all the same: Chromium lets only pages
  // from this host connect to this host.
  await page.goto(`${stage.server.url}/healthz`);
  await page.setContent(readFileSync(resolve(CLIENTS, "live-room.html"), "utf8"));
  await page.addScriptTag({ path: resolve(CLIENTS, "live-room.js") });
  await page.waitForFunction("socket.readyState === WebSocket.OPEN");
  await page.fill("#name", name);
  return { page, errors };
}

async function hosts(room: string): Promise<Person> {
  const host = await comes(room);
  await host.page.click("#create");
  await host.page.getByText("Close the room").waitFor();
  return host;
}

/** Clicks on a room, until a click counts: the list is drawn anew all the time, and one that is
 * pressed on the old list and released on the new one is lost. */
async function views(room: string, name: string): Promise<Person> {
  const viewer = await comes(name);
  const entry = viewer.page.locator("#rooms button", { hasText: room });
  await until("a click to count", TOLD_MS_MAX, async () => {
    await entry.click();
    return (await viewer.page.evaluate("roomName")) === room;
  });
  return viewer;
}

function shown({ page }: Person): Promise<{ width: number; frames: number }> {
  return page.evaluate(() => {
    const video = document.querySelector("video") as HTMLVideoElement;
    return { width: video.videoWidth, frames: video.getVideoPlaybackQuality().totalVideoFrames };
  });
}

async function plays(person: Person): Promise<void> {
  const before = await shown(person);
  await until("a moving picture", PLAYS_MS_MAX, async () => {
    const now = await shown(person);
    return now.width > 0 && now.frames > before.frames + 10;
  });
}

/** The lines in the chat, as they are read. */
function lines({ page }: Person): Promise<string[]> {
  return page.locator("#chat p").allTextContents();
}

async function reads(person: Person, line: string): Promise<void> {
  await until(`"${line}"`, TOLD_MS_MAX, async () => (await lines(person)).includes(line));
}

async function writes({ page }: Person, text: string): Promise<void> {
  await page.fill("#words", text);
  await page.click("#send");
}

test("a host and two viewers see the screen, write, and see each other leave", async () => {
  const host = await hosts("cooking");
  const [lin, bob] = await Promise.all([views("cooking", "lin"), views("cooking", "bob")]);
  const all = [host, lin, bob];
  await Promise.all([plays(lin), plays(bob)]);
  for (const { page } of all) {
    await until("three", TOLD_MS_MAX, async () => (await page.textContent("#count")) === "3");
  }

  await writes(lin, "is it <b>done</b> & good?");
  await writes(host, "soon");
  for (const person of all) {
    await reads(person, "lin: is it <b>done</b> & good?");
    await reads(person, "cooking: soon");
  }

  await bob.page.context().close();
  await reads(host, "bob left");
  await reads(lin, "bob left");
  await plays(lin);

  await host.page.getByText("Close the room").click();
  await until("the picture to go", TOLD_MS_MAX, () =>
    lin.page.evaluate(() => document.querySelector("video")?.srcObject === null),
  );
  await lin.page.locator("#rooms").waitFor({ state: "visible" });
  expect(all.flatMap(({ errors }) => errors)).toEqual([]);
  for (const { page } of [host, lin]) await page.context().close();
});

test("one click takes a viewer from room to room", async () => {
  const [ada, bob] = await Promise.all([hosts("art"), hosts("music")]);
  const lin = await views("art", "lin");
  await plays(lin);
  await lin.page.evaluate("joinRoom('music')");
  await reads(ada, "lin left");
  await reads(bob, "lin came");
  await plays(lin);
  await writes(lin, "hello");
  await reads(bob, "lin: hello");
  expect(await lines(ada)).toEqual(["lin came", "lin left"]);
  const all = [ada, bob, lin];
  expect(all.flatMap(({ errors }) => errors)).toEqual([]);
  for (const { page } of all) await page.context().close();
});

test("a host that vanishes takes the room off the list and the picture off its viewers", async () => {
  const idle = await comes("idle");
  const host = await hosts("short");
  const lin = await views("short", "lin");
  await plays(lin);
  await host.page.context().close();
  await until("the room to be closed", TOLD_MS_MAX, () =>
    lin.page.evaluate(() => document.querySelector("video")?.srcObject === null),
  );
  await until("an empty list", TOLD_MS_MAX, async () => {
    return (await idle.page.locator("#rooms button").count()) === 0;
  });
  expect([...idle.errors, ...lin.errors]).toEqual([]);
  for (const { page } of [idle, lin]) await page.context().close();
});
