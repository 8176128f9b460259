import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { type Chromium, launchChromium, openPage, state } from "./chromium.ts";
import { shownFpsMin } from "./frames.ts";
import type { InteropClient } from "./interop.ts";
import { INTERFACE, setNetwork } from "./own-network.ts";
import { receivedCodecs, recordPeers } from "./peers.ts";
import { type Server, startServer } from "./server.ts";
import { until } from "./until.ts";

/** For what a page has to show already when it is asked. */
const PAGE_MS_MAX = 2_000;
/** Of the programs that publish here. */
const SOURCE_FPS = 30;
const VIDEO_CLOCK_HZ = 90_000;
/** Until enough of a stream has come, from a publisher that shares its processor. */
const SHOW_MS_MAX = 20_000;
const PLAYS_FRAMES = 60;
/** Of the frames that were made; where a page starts late, half a second of them waits for it. */
const RECEIVED_SHARE_MIN = 2 / 3;

/** A server and a Chromium on a host with an interface beside the loopback. */
export interface InteropStage {
  server: Server;
  chromium: Chromium;
  /** Ends this client after the test, however that ends. */
  ends(client: InteropClient): InteropClient;
}

/** Sets the stage for the suite that calls it, which has a network of its own. Pages are closed after
 * each test. */
export function useInteropStage(): InteropStage {
  const clients: InteropClient[] = [];
  const stage = {
    ends: (client) => {
      clients.push(client);
      return client;
    },
  } as InteropStage;
  beforeAll(async () => {
    setNetwork(INTERFACE);
    stage.server = await startServer();
    stage.chromium = await launchChromium();
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.stop()));
  });
  afterAll(async () => {
    await stage.chromium?.close();
    await stage.server?.stop();
  });
  return stage;
}

/** Frames of a stream between two moments. */
export interface Shown {
  codecs: string[];
  /** That the publisher made in between, as the RTP timestamps tell. A busy machine needs longer for
   * them. */
  made: number;
  /** Of them, how many came whole. */
  received: number;
  /** Of them, how many Chromium decoded: none where a packet is missing, and not all where it is short of
   * time. */
  decoded: number;
  /** Of them, how many it drew. */
  drawn: number;
}

/** What Chromium shows of this stream, which has 30 frames a second, until it is `enough`. */
export async function showInChromium(
  { server, chromium }: InteropStage,
  stream: string,
  enough: (shown: Omit<Shown, "codecs">) => boolean,
): Promise<Shown> {
  const page = await openPage(chromium, `${server.url}/watch/${stream}`, {}, recordPeers);
  page.setDefaultTimeout(PAGE_MS_MAX);
  try {
    await state(page, "live");
    let before: SoFar | undefined;
    let shown = { made: 0, received: 0, decoded: 0, drawn: 0 };
    await until(`enough of ${stream}`, SHOW_MS_MAX, async () => {
      const now = await soFar(page);
      before ??= now;
      if (!now || !before) return false;
      const madeTicks = (now.timestamp - before.timestamp) >>> 0;
      shown = {
        made: Math.round((madeTicks * SOURCE_FPS) / VIDEO_CLOCK_HZ),
        received: now.received - before.received,
        decoded: now.decoded - before.decoded,
        drawn: now.drawn - before.drawn,
      };
      return enough(shown);
    });
    return { codecs: await receivedCodecs(page), ...shown };
  } finally {
    await page.context().close();
  }
}

/** Chromium shows two seconds of the stream, of which next to nothing is missing, in this codec. */
export async function expectPlays(
  stage: InteropStage,
  stream: string,
  codec: string,
): Promise<void> {
  const shown = await showInChromium(stage, stream, ({ decoded }) => decoded >= PLAYS_FRAMES);
  const figures = JSON.stringify(shown);
  expect(shown.codecs).toEqual([`video/${codec}`]);
  expect(shown.received, figures).toBeGreaterThanOrEqual(RECEIVED_SHARE_MIN * shown.made);
  expect(shown.drawn, figures).toBeGreaterThanOrEqual(shownFpsMin(shown.decoded));
}

interface SoFar {
  /** RTP timestamp of the newest frame that was shown, in 1/90,000 s, modulo 2^32. */
  timestamp: number;
  received: number;
  decoded: number;
  drawn: number;
}

/** What a page has shown so far, when it has shown anything. */
function soFar(page: Page): Promise<SoFar | undefined> {
  return page.evaluate(async () => {
    const peer = globalThis.peers.at(-1);
    const receiver = peer?.getReceivers().find(({ track }) => track.kind === "video");
    const timestamp = receiver?.getSynchronizationSources()[0]?.rtpTimestamp;
    const quality = document.querySelector("video")?.getVideoPlaybackQuality();
    const stats = [...((await receiver?.getStats()) ?? new Map()).values()];
    const video = stats.find(({ type }) => type === "inbound-rtp");
    if (timestamp === undefined || !quality || !video) return;
    return {
      timestamp,
      received: video.framesReceived,
      decoded: video.framesDecoded,
      drawn: quality.totalVideoFrames - quality.droppedVideoFrames,
    };
  });
}
