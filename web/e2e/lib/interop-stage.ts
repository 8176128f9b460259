import { afterAll, afterEach, beforeAll } from "vitest";
import { type Chromium, launchChromium, openPage, state } from "./chromium.ts";
import { type Playback, playback } from "./frames.ts";
import type { InteropClient } from "./interop.ts";
import { INTERFACE, setNetwork } from "./own-network.ts";
import { received, receivedCodecs, recordPeers } from "./peers.ts";
import { type Server, startServer } from "./server.ts";

/** For what a page has to show already when it is asked. */
const PAGE_MS_MAX = 2_000;

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

/** What Chromium shows of this stream within these seconds, how much it receives and decodes meanwhile,
 * and in which codecs. */
export async function showInChromium(
  { server, chromium }: InteropStage,
  stream: string,
  seconds: number,
): Promise<Playback & { codecs: string[]; receivedFps: number; decodedFps: number }> {
  const page = await openPage(chromium, `${server.url}/watch/${stream}`, {}, recordPeers);
  page.setDefaultTimeout(PAGE_MS_MAX);
  try {
    await state(page, "live");
    const before = await received(page);
    const shown = await playback(page, seconds);
    const after = await received(page);
    const receivedFps = (after.frames - before.frames) / seconds;
    const decodedFps = (after.decoded - before.decoded) / seconds;
    return { ...shown, receivedFps, decodedFps, codecs: await receivedCodecs(page) };
  } finally {
    await page.context().close();
  }
}
