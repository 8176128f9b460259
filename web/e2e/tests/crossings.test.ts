import { resolve } from "node:path";
import type { Page } from "playwright-core";
import { afterEach, beforeAll, expect, test } from "vitest";
import { bundled } from "../lib/bundled.ts";
import { openPage, publishPage } from "../lib/chromium.ts";
import { CLIENTS, clientPage } from "../lib/client-page.ts";
import { hosts } from "../lib/live-room.ts";
import { joinRoom, plays } from "../lib/rooms.ts";
import { useStage } from "../lib/stage.ts";
import { until } from "../lib/until.ts";
import { moves } from "../lib/videos.ts";

/** Whoever publishes is called this; but hosts of live rooms, who are called as their room. */
const NAME = "ada";
const LIVE_ROOM = "the live room";
const PLAYS_MS_MAX = 15_000;
const LISTED_MS_MAX = 10_000;
const FRAMES = 10;

const stage = useStage(() => ({ HEADWATER_DIALECTS__LIVE_ROOM__MEDIA: "server" }));
const opened: Page[] = [];
let gortc = "";

beforeAll(async () => {
  gortc = await bundled(resolve(CLIENTS, "gortc/client.js"));
});

afterEach(async () => {
  for (const page of opened.splice(0)) await page.context().close();
});

/** A page of the server with nothing in it. */
async function empty(): Promise<Page> {
  const page = await openPage(stage.chromium, `${stage.server.url}/healthz`);
  opened.push(page);
  return page;
}

async function gortcPage(uid: string, rid: string): Promise<Page> {
  const page = await empty();
  await page.addScriptTag({ content: gortc });
  await page.evaluate(`window.gortc.open("${uid}")`);
  await page.evaluate(`window.gortc.request("join", { rid: "${rid}" })`);
  return page;
}

async function pionPage(id: string, room: string, stream: string): Promise<Page> {
  const page = await clientPage(stage, "pion-sfu");
  opened.push(page);
  await page.evaluate(`(async () => {
    window.me = new window.sfu.Somebody("${room}", "${id}");
    await window.me.enter(await window.sfu.${stream}());
  })()`);
  return page;
}

async function recordingPage(mode: string, room: string, user: string): Promise<Page> {
  const query = { mode, roomId: room, userId: user };
  const page = await clientPage(stage, "broadcast-recording", { query });
  opened.push(page);
  return page;
}

/** How somebody publishes in a room, by protocol. */
const PUBLISHERS: Record<string, (room: string) => Promise<unknown>> = {
  WHIP: async (room) => {
    const settings = { layers: 1 };
    opened.push(await publishPage(stage.chromium, stage.server, `${room}/${NAME}`, settings));
  },
  "the Headwater protocol": async (room) => {
    const page = await empty();
    await joinRoom(page, { room, id: NAME });
    await page.evaluate(() =>
      window.room.publishCamera({ layers: 1, video: { width: 320, height: 180 } }),
    );
  },
  gortc: async (room) => {
    const page = await gortcPage(NAME, room);
    await page.evaluate(`window.gortc.publish("${room}", { audio: true, video: true })`);
  },
  "pion-sfu": (room) => pionPage(NAME, room, "camera"),
  "broadcast-recording": (room) => recordingPage("sender", room, NAME),
  [LIVE_ROOM]: async (room) => {
    const { page } = await hosts(stage, room);
    opened.push(page);
  },
};

/** Waits until a count of pictures grows. */
async function grows(what: string, count: () => Promise<number>): Promise<void> {
  const before = await count();
  await until(`${what} to play`, PLAYS_MS_MAX, async () => (await count()) > before + FRAMES);
}

interface Published {
  room: string;
  by: string;
  stream: string;
}

/** How somebody watches a stream of a room, by protocol. */
const VIEWERS: Record<string, (published: Published) => Promise<void>> = {
  WHEP: async ({ stream }) => {
    const page = await openPage(stage.chromium, `${stage.server.url}/watch/${stream}`);
    opened.push(page);
    await moves(page.locator("video"));
  },
  "the Headwater protocol": async ({ room, stream }) => {
    const page = await empty();
    await joinRoom(page, { room, id: "eve" });
    await plays(page, stream);
  },
  gortc: async ({ room, by }) => {
    const page = await gortcPage("gus", room);
    const pubs = `window.gortc.request("getpubs", { rid: "${room}" })`;
    let mid = "";
    await until("the stream in the list", LISTED_MS_MAX, async () => {
      const { pubs: all } = await page.evaluate<{ pubs: { mid: string }[] }>(pubs);
      mid = all.find((pub) => pub.mid.includes(by))?.mid ?? "";
      return mid !== "";
    });
    const sid = await page.evaluate<string>(`window.gortc.subscribe("${room}", "${mid}")`);
    await grows("gortc", () =>
      page.evaluate<number>(`window.gortc.received("${sid}").then(({ frames }) => frames)`),
    );
  },
  "pion-sfu": async ({ room }) => {
    const page = await pionPage("pia", room, "drawn");
    await grows("pion-sfu", async () => {
      const frames = await page.evaluate<Record<string, number>>("window.me.frames()");
      return Math.max(0, ...Object.values(frames));
    });
  },
  "broadcast-recording": async ({ room, by }) => {
    const page = await recordingPage("receiver", room, by);
    await moves(page.locator("video"));
  },
};

interface Listed {
  name: string;
  active: boolean;
}

for (const [how, publish] of Object.entries(PUBLISHERS)) {
  test(`a stream published by ${how} is listed and watched by every protocol`, async () => {
    const room = how.toLowerCase().replaceAll(/[^a-z]/g, "-");
    const by = how === LIVE_ROOM ? room : NAME;
    await publish(room);
    let stream = "";
    await until("the stream in the list", PLAYS_MS_MAX, async () => {
      const answer = await fetch(`${stage.server.url}/api/v1/streams`);
      const { streams } = (await answer.json()) as { streams: Listed[] };
      const listed = streams.find(({ name, active }) => active && name.split("/")[0] === room);
      stream = listed?.name ?? "";
      return stream !== "";
    });
    expect(stream).toContain(by);
    for (const [protocol, watch] of Object.entries(VIEWERS)) {
      await watch({ room, by, stream }).catch((error) => {
        throw new Error(`by ${protocol}: ${error}`);
      });
      // Who watches does not publish beside who watches next.
      await opened.pop()?.context().close();
    }
  }, 180_000);
}
