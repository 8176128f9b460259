import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Chromium, launchChromium, openPage, publishPage, state } from "../lib/chromium.ts";
import { PLAYS_FPS_MIN, playback } from "../lib/frames.ts";
import { receivedCodecs, recordPeers, sentSize } from "../lib/peers.ts";
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
const LAYERS = [
  ["l", "Low"],
  ["m", "Medium"],
  ["h", "High"],
] as const;

test.each(CODECS)("%s passes", async (codec) => {
  // Small enough for the slowest encoder.
  await publishPage(chromium, server, codec, { codec, layers: 1, quality: 480 });
  const viewer = await openPage(chromium, `${server.url}/watch/${codec}`, {}, recordPeers);
  await state(viewer, "live");
  const { perSecond, medianFps } = await playback(viewer, 5);
  console.info(codec, perSecond);
  expect(await receivedCodecs(viewer)).toEqual([`video/${codec}`]);
  expect(medianFps).toBeGreaterThanOrEqual(PLAYS_FPS_MIN);
});

test.each(CODECS)("a viewer can choose among three layers of %s", async (codec) => {
  const stream = `${codec}/layers`;
  const publishing = { codec, layers: 3, init: recordPeers };
  const publisher = await publishPage(chromium, server, stream, publishing);
  const viewer = await openPage(chromium, `${server.url}/watch/${stream}`, {}, recordPeers);
  await state(viewer, "live");
  const widths: number[] = [];
  for (const [rid, name] of LAYERS) {
    // The publisher's own bandwidth estimate has to grow before it sends the best layer.
    const option = viewer.getByTestId("layer").locator(`option[value=${rid}]:enabled`);
    await option.waitFor({ state: "attached", timeout: 20_000 });
    await viewer.getByTestId("layer").selectOption(rid);
    // On a busy machine Chromium scales its source down, and all layers with it, so that the best
    // has 960 × 540. The right size is the one in which the publisher sends the layer.
    const shown = viewer.getByTestId("stat-resolution");
    const isSent = async () => (await shown.innerText()) === (await sentSize(publisher, rid));
    await expect.poll(isSent, { timeout: 10_000 }).toBe(true);
    widths.push(Number.parseInt(await shown.innerText(), 10));
    await viewer.getByTestId("stat-layer").filter({ hasText: name }).waitFor();
  }
  expect(widths).toEqual([...new Set(widths)].sort((a, b) => a - b));
  expect(await receivedCodecs(viewer)).toEqual([`video/${codec}`]);
});
