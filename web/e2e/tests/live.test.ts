import { expect, test } from "vitest";
import { openPage, publishPage, screenshot, state, watchPage } from "../lib/chromium.ts";
import { PLAYS_FPS_MIN, playback } from "../lib/frames.ts";
import { framesEncoded, received, recordPeers } from "../lib/peers.ts";
import { useStage } from "../lib/stage.ts";

const SECONDS = 10;

const stage = useStage();

test("what one page sends by pressing Go live, another page shows", async () => {
  const publisher = await publishPage(stage.chromium, stage.server, "first", { init: recordPeers });
  const link = await publisher.getByTestId("share-link").inputValue();
  expect(link).toBe(`${stage.server.url}/watch/first`);

  const url = `${stage.server.url}/watch/first`;
  const viewer = await openPage(stage.chromium, url, {}, recordPeers);
  await state(viewer, "live");
  const [encodedBefore, before] = [await framesEncoded(publisher), await received(viewer)];
  const { perSecond, medianFps } = await playback(viewer, SECONDS);
  const [encodedAfter, after] = [await framesEncoded(publisher), await received(viewer)];
  const encodedFps = (encodedAfter - encodedBefore) / SECONDS;
  const receivedFps = (after.frames - before.frames) / SECONDS;
  console.info("frames per second", { encodedFps, receivedFps }, "shown", perSecond);
  expect(after.lost).toBe(0);
  expect(receivedFps).toBeGreaterThanOrEqual(encodedFps - 1);
  // A machine that encodes less, or has no time to draw, shows less.
  expect(medianFps).toBeGreaterThanOrEqual(Math.min(PLAYS_FPS_MIN, (2 / 3) * receivedFps));
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
