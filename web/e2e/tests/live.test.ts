import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type Chromium,
  launchChromium,
  publishPage,
  screenshot,
  state,
  watchPage,
} from "../lib/chromium.ts";
import { PLAYS_FPS_MIN, playback } from "../lib/frames.ts";
import { type Server, startServer } from "../lib/server.ts";

let server: Server;
let chromium: Chromium;

beforeAll(async () => {
  server = await startServer();
  chromium = await launchChromium();
});

afterAll(async () => {
  await chromium?.close();
  await server?.stop();
});

test("what one page sends by pressing Go live, another page shows", async () => {
  const publisher = await publishPage(chromium, server, "first");
  const link = await publisher.getByTestId("share-link").inputValue();
  expect(link).toBe(`${server.url}/watch/first`);

  const viewer = await watchPage(chromium, server, "first");
  await state(viewer, "live");
  const { perSecond, medianFps } = await playback(viewer, 10);
  console.info("frames per second", perSecond);
  expect(medianFps).toBeGreaterThanOrEqual(PLAYS_FPS_MIN);
  expect(await viewer.getByTestId("stat-delay").textContent()).toMatch(/^\d+ ms$/);
  expect(await publisher.getByTestId("stat-fps").textContent()).toMatch(/^\d+ fps$/);
  await screenshot(publisher, "studio-live");
  await screenshot(viewer, "watch-live");
});

test("a viewer who comes early waits, and sees the stream start, stop and start again", async () => {
  const viewer = await watchPage(chromium, server, "room/early");
  await state(viewer, "waiting");
  await screenshot(viewer, "watch-waiting");
  const publisher = await publishPage(chromium, server, "room/early", { layers: 1 });
  await state(viewer, "live");
  await publisher.getByTestId("go-live").click();
  await state(viewer, "paused");
  await screenshot(viewer, "watch-paused");
  await publisher.getByTestId("go-live").click();
  await state(viewer, "live");
});

test("the publisher sees how many watch", async () => {
  const publisher = await publishPage(chromium, server, "counted", { layers: 1 });
  const viewers = [1, 2].map(() => watchPage(chromium, server, "counted"));
  for (const viewer of await Promise.all(viewers)) await state(viewer, "live");
  await publisher.getByTestId("viewers").filter({ hasText: /^2$/ }).waitFor({ timeout: 10_000 });
});
