import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Chromium, launchChromium, openPage } from "../lib/chromium.ts";
import { describeInOwnNetwork, INTERFACE, setNetwork } from "../lib/own-network.ts";
import { joinRoom, plays } from "../lib/rooms.ts";
import { type Server, startServer } from "../lib/server.ts";
import { until } from "../lib/until.ts";

/** One message each in this time: what gathers in a cut is still no flood. */
const TALK_MS = 600;
/** A lost socket is noticed after six seconds at most, and the back-off is five at most. */
const BACK_MS_MAX = 20_000;

declare global {
  interface Window {
    sockets: WebSocket[];
    /** Messages that were begun, and those that the server has acknowledged. */
    sent: number;
    acknowledged: number;
  }
}

/** Keeps the page's WebSockets, so that they can be closed. */
function recordSockets(): void {
  window.sockets = [];
  const Original = window.WebSocket;
  window.WebSocket = class extends Original {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      window.sockets.push(this);
    }
  };
}

describeInOwnNetwork("A room", import.meta.filename, () => {
  let server: Server;
  let chromium: Chromium;
  let pages: Page[];

  beforeEach(async () => {
    setNetwork(INTERFACE);
    server = await startServer();
    chromium = await launchChromium();
    pages = await Promise.all(
      ["ada", "bob"].map(async (id) => {
        const page = await openPage(chromium, `${server.url}/healthz`, {}, recordSockets);
        await joinRoom(page, { room: "talk", id });
        await page.evaluate(async () => {
          await window.room.publishCamera({ layers: 1, video: { height: 360 } });
        });
        return page;
      }),
    );
    await bothPlay();
    for (const page of pages) await page.evaluate(talk, TALK_MS);
  });

  afterEach(async () => {
    await chromium?.close();
    await server?.stop();
    setNetwork("ip link del v0");
  });

  test("goes on after the server stood still for three seconds", async () => {
    server.signal("SIGSTOP");
    await sleep(3_000);
    server.signal("SIGCONT");
    await allIsWell();
  });

  test("goes on after the network was cut for five seconds", async () => {
    setNetwork(`
      nft add table inet cut
      nft 'add chain inet cut in { type filter hook input priority 0; }'
      nft add rule inet cut in udp dport ${server.mediaPorts} drop
      nft add rule inet cut in tcp dport ${server.port} drop
      nft add rule inet cut in tcp sport ${server.port} drop`);
    await sleep(5_000);
    setNetwork("nft delete table inet cut");
    await allIsWell();
  });

  test("goes on when sockets are closed twenty times", async () => {
    const [page] = pages;
    for (let closed = 0; closed < 20; closed += 1) {
      const sockets = await page?.evaluate(() => {
        window.sockets.at(-1)?.close();
        return window.sockets.length;
      });
      // The next one is up, and has carried what gathered meanwhile.
      await page?.waitForFunction(
        (before) =>
          window.sockets.length > before &&
          window.room.state === "connected" &&
          window.acknowledged === window.sent,
        sockets ?? 0,
      );
    }
    await allIsWell();
  });

  async function bothPlay(): Promise<void> {
    const [ada, bob] = pages as [Page, Page];
    await Promise.all([plays(ada, "talk/bob"), plays(bob, "talk/ada")]);
  }

  /** Everybody has everything, once and in order, and nobody was taken for gone. */
  async function allIsWell(): Promise<void> {
    await bothPlay();
    const sent = await Promise.all(
      pages.map(async (page) => {
        await page.waitForFunction(() => window.room.state === "connected");
        return page.evaluate(() => {
          clearInterval(window.talking);
          return window.sent;
        });
      }),
    );
    const all = (sent[0] ?? 0) + (sent[1] ?? 0);
    for (const page of pages) {
      const messages = () =>
        page.evaluate(() =>
          window.told
            .filter(({ event }) => event === "message")
            .map(({ value }) => value as { number: number; from: string; body: string }),
        );
      await until("all messages", BACK_MS_MAX, async () => (await messages()).length >= all);
      const got = await messages();
      expect(got.map(({ number }) => number)).toEqual(got.map((_, index) => index + 1));
      for (const [index, from] of ["ada", "bob"].entries()) {
        const bodies = got.filter((message) => message.from === from).map(({ body }) => body);
        expect(bodies).toEqual(Array.from({ length: sent[index] ?? 0 }, (_, i) => String(i + 1)));
      }
      // A message comes before its acknowledgement, or after it.
      const acknowledged = () => page.evaluate(() => window.acknowledged);
      const own = sent[pages.indexOf(page)];
      await until("all acknowledgements", BACK_MS_MAX, async () => (await acknowledged()) === own);
      const events = await page.evaluate(() => window.told.map(({ event }) => event));
      expect(events.filter((event) => /Left|Removed|ended|error/.test(event))).toEqual([]);
    }
  }
});

declare global {
  interface Window {
    talking: ReturnType<typeof setInterval>;
  }
}

/** Writes 1, 2, 3 … into the room. */
function talk(everyMs: number): void {
  window.sent = 0;
  window.acknowledged = 0;
  window.talking = setInterval(async () => {
    window.sent += 1;
    await window.room.send({ body: String(window.sent) });
    window.acknowledged += 1;
  }, everyMs);
}
