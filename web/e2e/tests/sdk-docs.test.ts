import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import type { Locator, Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { violations } from "../lib/axe.ts";
import { openPage, screenshot } from "../lib/chromium.ts";
import { recordPeers, sentWidth } from "../lib/peers.ts";
import { joinRoom } from "../lib/rooms.ts";
import { useStage } from "../lib/stage.ts";
import { until } from "../lib/until.ts";
import { moves } from "../lib/videos.ts";

const EXAMPLES = resolve(import.meta.dirname, "../../sdk/docs/examples");
const SEEN_MS_MAX = 15_000;
/** A larger layer is sent when the path has proved to carry it, and the publisher has time for it. */
const LARGER_MS_MAX = 45_000;
/** Somebody who sees nothing happen presses once more after this long. */
const AGAIN_MS = 2_000;

const stage = useStage();

/** What each example does, seen from outside. */
const examples: Record<string, () => Promise<void>> = {
  async room() {
    const [ada, bob] = await Promise.all([run("room"), run("room")]);
    for (const page of [ada, bob]) await press(page, "Join");
    await Promise.all([ada, bob].map((page) => moves(page.locator("video"))));
    await bob.goto("about:blank");
    await ada.locator("video").waitFor({ state: "detached", timeout: SEEN_MS_MAX });
  },

  async whip() {
    const publisher = await run("whip");
    await press(publisher, "Go live");
    await says(publisher.locator("#state"), "live");
    await moves(publisher.locator("#preview"));
    // A stream of the check before may end a little later.
    await expect.poll(streams, { timeout: SEEN_MS_MAX }).toEqual(["garden"]);
    await press(publisher, "Stop");
    await says(publisher.locator("#state"), "ended");
  },

  async whep() {
    const player = await run("whep");
    await says(player.locator("#state"), "waiting");
    const publisher = await run("whip");
    await press(publisher, "Go live");
    await says(player.locator("#state"), "live");
    await moves(player.locator("video"));
    await says(player.locator("#viewers"), "1");
    await player.getByLabel("Layer").selectOption("l");
    // On a busy machine Chromium scales its source down: the right width is that which is sent.
    await until("the low layer", SEEN_MS_MAX, async () => {
      const width = await player.evaluate(() => document.querySelector("video")?.videoWidth);
      return width === (await sentWidth(publisher, "l"));
    });
  },

  async elements() {
    const page = await run("elements");
    await press(page, "Go live");
    await moves(page.locator("headwater-player video"));
  },

  async screen() {
    const [sharer, viewer] = await Promise.all([run("screen"), run("screen")]);
    await press(sharer, "Share the screen");
    await moves(viewer.locator("video"));
    expect(await viewer.locator("video").getAttribute("id")).toMatch(/^demo\/.*~screen$/);
    await press(sharer, "Stop sharing");
    await viewer.locator("video").waitFor({ state: "detached", timeout: SEEN_MS_MAX });
  },

  async chat() {
    const ada = await run("chat");
    await ada.getByLabel("Message").fill("hello");
    await press(ada, "Send");
    await says(ada.locator("li").first(), /: hello$/);
    const late = await run("chat");
    await says(late.locator("li").first(), /: hello$/);
    await press(late, "Wave");
    for (const page of [ada, late]) await says(page.locator("li").nth(1), /waves 3 times$/);
  },

  async choose() {
    await publish();
    const page = await run("choose");
    await page.locator("fieldset").waitFor();
    expect(await page.evaluate(tracksInVideos)).toBe(0);
    await page.getByLabel("Watch").check();
    await moves(page.locator("video"));
    await says(page.locator("output"), "l");
    await page.getByLabel("Large").check();
    await says(page.locator("output"), "h", LARGER_MS_MAX);
    await page.getByLabel("Watch").uncheck();
    await expect.poll(() => page.evaluate(tracksInVideos), { timeout: SEEN_MS_MAX }).toBe(0);
  },

  async host() {
    const host = await run("host");
    const guest = await run("guest");
    await press(guest, "Join");
    await says(guest.locator("li").last(), "in the room");
    await press(host, "Lock or unlock");
    await says(host.locator("#lock"), "locked");
    await press(host, "Kick");
    await says(guest.locator("li").last(), "ended: kicked. The host wants to be alone.");
    await host.locator("li").waitFor({ state: "detached" });
    await press(host, "Close the room");
    await says(host.locator("#lock"), "closed");
  },

  async guest() {
    const host = await run("host");
    const guest = await run("guest");
    await press(guest, "Join");
    await says(guest.locator("li").last(), "in the room");
    // The host hears of the stream by a socket of its own: who asks before then, asks for nothing.
    const text = "audio muted, as The host asked";
    await until("the guest to be asked", SEEN_MS_MAX, async () => {
      await press(host, "Ask to mute");
      const told = says(guest.locator("li").last(), text, AGAIN_MS);
      return told.then(
        () => true,
        () => false,
      );
    });
  },

  async events() {
    const page = await run("events");
    const told = page.locator("ol");
    await says(told, /state: connected/);
    await publish();
    await says(told, /ada joined.*stream demo\/ada began.*video of demo\/ada comes/s);
    await press(page, "Publish");
    await press(page, "Rename");
    await says(told, /Countess Lovelace: connected/);
    await press(page, "Leave");
    await says(told, /state: ended.*ended: left/s);
  },

  async reconnect() {
    const page = await run("reconnect");
    await press(page, "Join");
    await moves(page.locator("video"));
    await stage.server.stop();
    await says(page.locator("#state"), "reconnecting");
    await says(page.locator("#note"), "One moment…");
    await stage.server.start();
    await says(page.locator("#state"), "connected");
    const viewer = await run("room");
    await press(viewer, "Join");
    await moves(viewer.locator("video"));
  },

  async stats() {
    await publish();
    const page = await run("stats");
    await press(page, "Join");
    await says(page.locator("tbody"), /demo\/ada\s*[1-9]\d*\s*[1-9]\d*\s*\d+×[1-9]/);
    const rows = () => page.locator("tbody tr").count();
    await expect.poll(rows, { timeout: SEEN_MS_MAX }).toBe(2);
    await says(page.locator("output"), /^[1-9]\d* kbit\/s$/);
  },

  async devices() {
    const page = await run("devices");
    await press(page, "Join");
    await says(page.locator("output"), / and /);
    const microphone = page.getByLabel("Microphone");
    const other = microphone.locator("option:not(:checked)").last();
    const label = (await other.textContent()) ?? "";
    await microphone.selectOption({ label });
    await says(page.locator("output"), new RegExp(`^${label.replaceAll(/[()]/g, "\\$&")} and `));
    await press(page, "Mute");
    await page.locator("#mute[aria-pressed=true]").waitFor();
  },

  async errors() {
    const page = await run("errors");
    await says(page.locator("li").nth(0), /^badRequest \(params\.room\): a room's name takes/);
    await says(page.locator("li").nth(1), /^HTTP 404: a stream name takes/);
    await says(page.locator("li").nth(2), /^notFound \(params\.to\): /);
  },
};

test("each example is checked", () => {
  const files = readdirSync(EXAMPLES).map((file) => file.replace(/\.html$/, ""));
  expect(Object.keys(examples).sort()).toEqual(files.sort());
});

for (const [name, check] of Object.entries(examples)) {
  test(`example ${name} does what it says`, async () => {
    await check();
    const page = opened.find((page) => page.url().endsWith(`/examples/${name}.html`));
    if (!page) throw new Error("The check does not run the example.");
    await screenshot(page, `sdk-run-${name}`);
    expect(await violations(page)).toEqual([]);
  });
}

afterEach(async () => {
  for (const page of opened.splice(0)) {
    // Who leaves a page leaves its room; who crashes is waited for.
    await page.goto("about:blank");
    await page.context().close();
  }
});

const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

for (const [size, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ["light", "dark"] as const) {
    const options = { viewport, colorScheme, isMobile: size === "phone" };

    test(`the page is in order and asks nobody else: ${size}, ${colorScheme}`, async () => {
      const asked = new Set<string>();
      const page = await openPage(stage.chromium, "about:blank", options);
      page.on("request", (request) => asked.add(new URL(request.url()).origin));
      await page.goto(`${stage.server.url}/sdk`);
      expect(page.url()).toBe(`${stage.server.url}/sdk/`);
      expect(await violations(page)).toEqual([]);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(wide).toBeLessThanOrEqual(viewport.width);
      await screenshot(page, `sdk-${size}-${colorScheme}`);
      await page.locator("#choose").scrollIntoViewIfNeeded();
      await screenshot(page, `sdk-example-${size}-${colorScheme}`);
      expect([...asked]).toEqual([stage.server.url]);
    });
  }
}

const opened: Page[] = [];

async function open(path: string): Promise<Page> {
  const page = await openPage(stage.chromium, `${stage.server.url}${path}`, {}, recordPeers);
  opened.push(page);
  return page;
}

function run(example: string): Promise<Page> {
  return open(`/sdk/examples/${example}.html`);
}

/** Somebody else in the room of the examples. */
async function publish(): Promise<void> {
  const page = await open("/healthz");
  await joinRoom(page, { room: "demo", id: "ada" });
  await page.evaluate(async () => {
    await window.room.publishCamera({ layers: 2 });
  });
}

async function press(page: Page, button: string): Promise<void> {
  await page.getByRole("button", { name: button }).click();
}

async function says(element: Locator, text: string | RegExp, timeout = SEEN_MS_MAX): Promise<void> {
  const wanted = expect.poll(() => element.textContent(), { timeout });
  await (typeof text === "string" ? wanted.toBe(text) : wanted.toMatch(text));
}

function tracksInVideos(): number {
  const streams = [...document.querySelectorAll("video")].map(({ srcObject }) => srcObject);
  return streams.flatMap((stream) => (stream as MediaStream | null)?.getTracks() ?? []).length;
}

/** Names of the streams that are live. */
async function streams(): Promise<string[]> {
  const response = await fetch(`${stage.server.url}/api/v1/streams`);
  const { streams } = (await response.json()) as { streams: { name: string }[] };
  return streams.map(({ name }) => name);
}
