import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Chromium, launchChromium, openPage, publishPage, state } from "../lib/chromium.ts";
import { playback, shownFpsMin } from "../lib/frames.ts";
import {
  arrivedShare,
  framesPassed,
  receivedCodecs,
  recordPeers,
  sentWidths,
} from "../lib/peers.ts";
import { type Server, startServer } from "../lib/server.ts";

let server: Server;
let chromium: Chromium;

beforeAll(async () => {
  server = await startServer();
});

afterAll(() => server?.stop());

beforeEach(async () => {
  chromium = await launchChromium();
});

afterEach(() => chromium?.close());

const CODECS = ["VP8", "H264", "VP9", "AV1"];
const WATCH_S = 5;
/** Of the frames that the publisher sends: a viewer that is short of processor time may miss a few. */
const ARRIVED_SHARE_MIN = 0.9;
/** A layer is sent when the path has proved to carry it, and the publisher has time for it. */
const SENT_MS_MAX = 45_000;
const SHOWN_MS_MAX = 20_000;
const LAYERS = [
  ["l", "Low"],
  ["m", "Medium"],
  ["h", "High"],
] as const;

test.each(CODECS)("%s passes", async (codec) => {
  // Small enough for the slowest encoder.
  const publishing = { codec, layers: 1 as const, quality: 480, init: recordPeers };
  const publisher = await publishPage(chromium, server, codec, publishing);
  const viewer = await openPage(chromium, `${server.url}/watch/${codec}`, {}, recordPeers);
  await state(viewer, "live");
  const passed = await framesPassed(publisher, viewer, () => playback(viewer, WATCH_S));
  const { perSecond, medianFps } = passed.result;
  console.info(codec, perSecond, "of", passed.sent, "arrived", passed.arrived);
  expect(await receivedCodecs(viewer)).toEqual([`video/${codec}`]);
  expect(arrivedShare(passed)).toBeGreaterThanOrEqual(ARRIVED_SHARE_MIN);
  expect(medianFps).toBeGreaterThanOrEqual(shownFpsMin(passed.arrived / WATCH_S));
});

test.each(CODECS)("a viewer can choose among three layers of %s", async (codec) => {
  const stream = `${codec}/layers`;
  const publishing = { codec, layers: 3, init: recordPeers };
  const publisher = await publishPage(chromium, server, stream, publishing);
  const viewer = await openPage(chromium, `${server.url}/watch/${stream}`, {}, recordPeers);
  await state(viewer, "live");
  for (const [rid, name] of LAYERS) {
    // The publisher's own bandwidth estimate has to grow before it sends the best layer.
    const option = viewer.getByTestId("layer").locator(`option[value=${rid}]:enabled`);
    await option.waitFor({ state: "attached", timeout: SENT_MS_MAX });
    await viewer.getByTestId("layer").selectOption(rid);
    // On a busy machine Chromium scales its source down, and all layers with it, so that the best
    // has 960 × 540. The right width is the one in which the publisher sends the layer, and no other.
    const isSent = async () => {
      const shown = Number.parseInt(await viewer.getByTestId("stat-resolution").innerText(), 10);
      const sent = Object.entries(await sentWidths(publisher));
      return sent.flatMap(([of, width]) => (width === shown ? of : [])).join() === rid;
    };
    await expect.poll(isSent, { timeout: SHOWN_MS_MAX }).toBe(true);
    // Which layer comes is told at once, but which there are is gathered for 2 s: until then the page
    // knows no name for it.
    const known = new RegExp(`^(${name}|${rid})$`);
    await viewer.getByTestId("stat-layer").filter({ hasText: known }).waitFor();
  }
  expect(await receivedCodecs(viewer)).toEqual([`video/${codec}`]);
});
