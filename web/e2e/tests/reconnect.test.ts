import type { Page } from "playwright-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Chromium, launchChromium, openPage, publishPage, state } from "../lib/chromium.ts";
import { playback, shownFpsMin } from "../lib/frames.ts";
import { describeInOwnNetwork, setNetwork } from "../lib/own-network.ts";
import { arrivedShare, framesPassed, recordPeers } from "../lib/peers.ts";
import { type Server, startServer } from "../lib/server.ts";
import { until } from "../lib/until.ts";

/** From the moment that both pages are live again. */
const PLAYS_ON_MS_MAX = 12_000;
const WATCH_S = 3;
/** Of the frames that the publisher sends meanwhile. */
const ARRIVED_SHARE_MIN = 0.9;

describeInOwnNetwork("Reconnecting", import.meta.filename, () => {
  let server: Server;
  let chromium: Chromium;
  let publisher: Page;
  let viewer: Page;

  beforeEach(async () => {
    server = await startServer();
    chromium = await launchChromium();
    publisher = await publishPage(chromium, server, "again", { layers: 1, init: recordPeers });
    viewer = await openPage(chromium, `${server.url}/watch/again`, {}, recordPeers);
    await state(viewer, "live");
  });

  afterEach(async () => {
    await chromium?.close();
    await server?.stop();
  });

  test("publisher and viewer come back after the server was away", async () => {
    await server.stop();
    await state(publisher, "reconnecting");
    await state(viewer, "reconnecting");
    await server.start();
    await bothPlay();
  });

  test("a cut network heals by ICE restart, in the same session", async () => {
    let posts = 0;
    for (const page of [publisher, viewer]) {
      page.on("request", (request) => {
        if (request.method() === "POST") posts += 1;
      });
    }
    setNetwork(`
      nft add table inet cut
      nft 'add chain inet cut in { type filter hook input priority 0; }'
      nft add rule inet cut in udp dport ${server.mediaPorts} drop`);
    await state(publisher, "reconnecting");
    await state(viewer, "reconnecting");
    setNetwork("nft delete table inet cut");
    await bothPlay();
    expect(posts).toBe(0);
  });

  async function bothPlay(): Promise<void> {
    await state(publisher, "live");
    await state(viewer, "live");
    // At first the publisher sends as little as it believes of a path that was gone.
    await until("the picture to play on", PLAYS_ON_MS_MAX, async () => {
      const passed = await framesPassed(publisher, viewer, () => playback(viewer, WATCH_S));
      const shows = passed.result.medianFps >= shownFpsMin(passed.arrived / WATCH_S);
      return shows && arrivedShare(passed) >= ARRIVED_SHARE_MIN;
    });
  }
});
