import { afterAll, beforeAll, expect, test } from "vitest";
import { type Chromium, launchChromium, openPage, publishPage, state } from "../lib/chromium.ts";
import { playback } from "../lib/frames.ts";
import { receivedCodecs, recordPeers } from "../lib/peers.ts";
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

for (const codec of ["VP8", "H264", "VP9", "AV1"]) {
  for (const layers of [1, 3]) {
    test(`${codec} with ${layers} layer(s) passes`, async () => {
      const stream = `${codec}-${layers}`;
      const publisher = await publishPage(chromium, server, stream, { codec, layers });
      const url = `${server.url}/watch/${stream}`;
      const viewer = await openPage(chromium, url, {}, recordPeers);
      await state(viewer, "live");
      const { perSecond, medianFps } = await playback(viewer, 5);
      console.info(codec, layers, perSecond);
      expect(await receivedCodecs(viewer)).toEqual([`video/${codec}`]);
      expect(medianFps).toBeGreaterThanOrEqual(20);
      await publisher.context().close();
      await viewer.context().close();
    });
  }
}
