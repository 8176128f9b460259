import type { Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { violations } from "../lib/axe.ts";
import { openPage, screenshot } from "../lib/chromium.ts";
import { useStage } from "../lib/stage.ts";
import { moves } from "../lib/videos.ts";

const ENDED_MS_MAX = 10_000;
const STATE_MS_MAX = 20_000;

const stage = useStage();
const opened: Page[] = [];

// Who sends or plays on takes the machine from the next test.
afterEach(async () => {
  for (const page of opened.splice(0)) await page.context().close();
});

test("two lines of HTML play what another page's button sends", async () => {
  const publisher = await pageWith(`<headwater-publisher src="/whip/x"></headwater-publisher>`);
  const player = await pageWith(`<headwater-player src="/whep/x" autoplay></headwater-player>`);
  await state(player, "waiting");
  expect(await violations(player)).toEqual([]);
  expect(await violations(publisher)).toEqual([]);
  await screenshot(player, "element-player-waiting");
  await screenshot(publisher, "element-publisher-idle");

  await publisher.keyboard.press("Tab");
  await publisher.keyboard.press("Enter");
  await state(publisher, "live");
  await state(player, "live");
  await moves(publisher.locator("video"));
  await moves(player.locator("video"));
  expect(await violations(player)).toEqual([]);
  expect(await violations(publisher)).toEqual([]);
  await screenshot(player, "element-player-live");
  await screenshot(publisher, "element-publisher-live");
  const viewers = async () => (await stream("x"))?.viewers;
  await expect.poll(viewers, { timeout: ENDED_MS_MAX }).toBe(1);

  // An element that is taken out of its page ends its session.
  await player.evaluate(() => document.querySelector("headwater-player")?.remove());
  await expect.poll(viewers, { timeout: ENDED_MS_MAX }).toBe(0);
  await publisher.evaluate(() => document.querySelector("headwater-publisher")?.remove());
  await expect.poll(() => stream("x"), { timeout: ENDED_MS_MAX }).toBeUndefined();
});

test("a player that was put elsewhere in its page plays on", async () => {
  const publisher = await pageWith(`<headwater-publisher src="/whip/y"></headwater-publisher>`);
  await publisher.getByRole("button", { name: "Go live" }).click();
  await state(publisher, "live");
  const player = await pageWith(`<headwater-player src="/watch/y" autoplay></headwater-player>`);
  await state(player, "live");
  await player.evaluate(() => {
    const place = document.querySelector("main")?.appendChild(document.createElement("section"));
    place?.append(document.querySelector("headwater-player") ?? "");
  });
  await state(player, "live");
  await moves(player.locator("video"));
});

test("a publisher whose stream is somebody else's says so", async () => {
  const first = `<headwater-publisher src="/whip/z" token="one"></headwater-publisher>`;
  const second = `<headwater-publisher src="/whip/z" token="two"></headwater-publisher>`;
  const [owner, other] = await Promise.all([pageWith(first), pageWith(second)]);
  await owner.getByRole("button", { name: "Go live" }).click();
  await state(owner, "live");
  await other.getByRole("button", { name: "Go live" }).click();
  await state(other, "failed");
  const status = other.locator("headwater-publisher [role=status]");
  expect(await status.textContent()).toMatch(/\w+ .*\w+/);
  await screenshot(other, "element-publisher-refused");
});

/** An otherwise empty page of the server's origin, with these elements. */
async function pageWith(elements: string): Promise<Page> {
  const page = await openPage(stage.chromium, "about:blank");
  opened.push(page);
  const address = `${stage.server.url}/page-with-elements`;
  const body = `<!doctype html><html lang="en"><title>Elements</title>
    <main><h1>Elements</h1>${elements}</main>
    <script type="module" src="/sdk/elements.js"></script>`;
  await page.route(address, (route) => route.fulfill({ contentType: "text/html", body }));
  await page.goto(address);
  return page;
}

async function state(page: Page, wanted: string): Promise<void> {
  await page.locator(`[state=${wanted}]`).waitFor({ timeout: STATE_MS_MAX });
}

/** What the server says of a live stream. */
async function stream(name: string): Promise<{ viewers: number } | undefined> {
  const response = await fetch(`${stage.server.url}/api/v1/streams`);
  const { streams } = (await response.json()) as { streams: { name: string; viewers: number }[] };
  return streams.find((stream) => stream.name === name);
}
