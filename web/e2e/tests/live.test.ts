import { expect, test } from "vitest";
import { openPage, publishPage, screenshot, state, watchPage } from "../lib/chromium.ts";
import { playback, shownFpsMin } from "../lib/frames.ts";
import { arrivedShare, framesPassed, received, recordPeers } from "../lib/peers.ts";
import { useStage } from "../lib/stage.ts";

const SECONDS = 10;
/** Of the frames that the publisher sends: a viewer that is short of processor time may be moved to another
 * layer, with half a second between, and one whose layer the publisher ceases to send is moved after
 * 1.5 s. */
const ARRIVED_SHARE_MIN = 0.8;

const stage = useStage();

test("what one page sends by pressing Go live, another page shows", async () => {
  const publisher = await publishPage(stage.chromium, stage.server, "first", { init: recordPeers });
  const link = await publisher.getByTestId("share-link").inputValue();
  expect(link).toBe(`${stage.server.url}/watch/first`);

  const url = `${stage.server.url}/watch/first`;
  const viewer = await openPage(stage.chromium, url, {}, recordPeers);
  await state(viewer, "live");
  const passed = await framesPassed(publisher, viewer, () => playback(viewer, SECONDS));
  const { perSecond, medianFps } = passed.result;
  console.info("frames sent", passed.sent, "arrived", passed.arrived, "shown", perSecond);
  expect((await received(viewer)).lost).toBe(0);
  expect(arrivedShare(passed)).toBeGreaterThanOrEqual(ARRIVED_SHARE_MIN);
  expect(medianFps).toBeGreaterThanOrEqual(shownFpsMin(passed.arrived / SECONDS));
  await viewer
    .getByTestId("stat-delay")
    .filter({ hasText: /^\d+ ms$/ })
    .waitFor();
  await publisher
    .getByTestId("stat-fps")
    .filter({ hasText: /^\d+ fps$/ })
    .waitFor();
  await screenshot(publisher, "studio-live");
  await screenshot(viewer, "watch-live");
  for (const page of [publisher, viewer]) await page.context().close();
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
  for (const page of [publisher, viewer]) await page.context().close();
});

test("the publisher sees how many watch", async () => {
  const publisher = await publishPage(stage.chromium, stage.server, "counted", { layers: 1 });
  const viewers = [1, 2].map(() => watchPage(stage.chromium, stage.server, "counted"));
  for (const viewer of await Promise.all(viewers)) await state(viewer, "live");
  await publisher.getByTestId("viewers").filter({ hasText: /^2$/ }).waitFor({ timeout: 10_000 });
});
