import { expect, test } from "vitest";
import { publishPage, screenshot, state, watchPage } from "../lib/chromium.ts";
import { PLAYS_FPS_MIN, playback } from "../lib/frames.ts";
import { useStage } from "../lib/stage.ts";

const stage = useStage();

test("what one page sends by pressing Go live, another page shows", async () => {
  const publisher = await publishPage(stage.chromium, stage.server, "first");
  const link = await publisher.getByTestId("share-link").inputValue();
  expect(link).toBe(`${stage.server.url}/watch/first`);

  const viewer = await watchPage(stage.chromium, stage.server, "first");
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
  const viewer = await watchPage(stage.chromium, stage.server, "room/early");
  await state(viewer, "waiting");
  await screenshot(viewer, "watch-waiting");
  const publisher = await publishPage(stage.chromium, stage.server, "room/early", { layers: 1 });
  await state(viewer, "live");
  await publisher.getByTestId("go-live").click();
  await state(viewer, "paused");
  await screenshot(viewer, "watch-paused");
  await publisher.getByTestId("go-live").click();
  await state(viewer, "live");
});

test("the publisher sees how many watch", async () => {
  const publisher = await publishPage(stage.chromium, stage.server, "counted", { layers: 1 });
  const viewers = [1, 2].map(() => watchPage(stage.chromium, stage.server, "counted"));
  for (const viewer of await Promise.all(viewers)) await state(viewer, "live");
  await publisher.getByTestId("viewers").filter({ hasText: /^2$/ }).waitFor({ timeout: 10_000 });
});
