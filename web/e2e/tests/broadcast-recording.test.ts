import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { violations } from "../lib/axe.ts";
import { openPage, publishPage, watchPage } from "../lib/chromium.ts";
import { clientPage } from "../lib/client-page.ts";
import { median } from "../lib/frames.ts";
import { freeTcpPort } from "../lib/server.ts";
import { useStage } from "../lib/stage.ts";
import { until } from "../lib/until.ts";
import { moves } from "../lib/videos.ts";

/** Where the port of its own is. */
let own: string;

const stage = useStage(async () => {
  own = `127.0.0.1:${await freeTcpPort()}`;
  return { HEADWATER_DIALECTS__BROADCAST_RECORDING__LISTEN: own };
});
const CONNECTS_MS_MAX = 15_000;
const PLAYS_MS_MAX = 20_000;
/** Until a page has done or heard what another caused, also on a busy machine. */
const TOLD_MS_MAX = 15_000;
/** From the first track on. */
const PICTURE_MS_MAX = 2_000;
/** How long is looked whether something goes on. */
const STILL_MS = 3_000;

/** What the page gives its tests. */
interface Seen {
  frames: string[];
  descriptions: string[];
  pongs: number;
  oks: number[];
  connects: number;
  tracks: { id: string; kind: string }[];
}

/** Somebody with the page that behaves as clients in the field do. */
function comes(
  mode: "sender" | "receiver",
  roomId: string,
  userId: string,
  more: Record<string, string> = {},
): Promise<Page> {
  const query = { mode, roomId, userId, ...more };
  // Clients in the field go on pinging when their connection was closed, which is an error each
  // time.
  return clientPage(stage, "broadcast-recording", { query, errors: [] });
}

function seen(page: Page): Promise<Seen> {
  return page.evaluate("seen");
}

async function is(page: Page, status: string, timeout = CONNECTS_MS_MAX): Promise<void> {
  await until(status, timeout, async () => (await page.textContent("#status")) === status);
}

function shown(page: Page): Promise<{ width: number; frames: number }> {
  return page.evaluate(() => {
    const video = document.querySelector("video") as HTMLVideoElement;
    return { width: video.videoWidth, frames: video.getVideoPlaybackQuality().totalVideoFrames };
  });
}

async function plays(page: Page): Promise<void> {
  let before = await shown(page);
  await until("a moving picture", PLAYS_MS_MAX, async () => {
    const now = await shown(page);
    // A video that is given its stream anew counts from its beginning.
    if (now.frames < before.frames) before = now;
    return now.width > 0 && now.frames > before.frames + 10;
  });
}

async function got(page: Page, type: string, count = 1): Promise<void> {
  await until(`${count} ${type}`, TOLD_MS_MAX, async () => {
    return (await seen(page)).frames.filter((frame) => frame === type).length >= count;
  });
}

function mids(sdp: string): string[] {
  return [...sdp.matchAll(/^a=mid:(.*)$/gm)].map(([, mid]) => mid?.trim() ?? "");
}

async function leave(...pages: Page[]): Promise<void> {
  for (const page of pages) await page.context().close();
}

test("a sender and receivers of today's browsers connect, late and early ones, and see it", async () => {
  const early = await comes("receiver", "lab7", "ana");
  await got(early, "remoteDescription");
  const sender = await comes("sender", "lab7", "ana");
  await is(sender, "connected");
  await is(early, "connected");
  await plays(early);
  const late = await comes("receiver", "lab7", "ana");
  await is(late, "connected", TOLD_MS_MAX);
  await until("a picture", PICTURE_MS_MAX, async () => (await shown(late)).width > 0);
  await plays(late);

  const sent = await seen(sender);
  expect(sent.connects).toBe(1);
  // Nothing, and then nothing, and then an answer: one offer, and the same once more.
  expect(sent.frames.filter((frame) => frame === "remoteOffer")).toHaveLength(2);
  expect(new Set(sent.descriptions).size).toBe(1);
  await until("two pongs", TOLD_MS_MAX, async () => (await seen(early)).pongs > 1);
  const { frames, descriptions, tracks } = await seen(early);
  expect(frames.filter((frame) => frame === "remoteOffer")).toHaveLength(2);
  expect(new Set(descriptions).size).toBe(1);
  expect(descriptions[0]).toContain("a=msid:pion audio");
  expect(descriptions[0]).toContain("a=msid:pion video");
  expect(tracks.map(({ kind }) => kind).sort()).toEqual(["audio", "video"]);
  await leave(sender, early, late);
});

test("browsers of earlier days, whose answers are right at once, see no offer twice", async () => {
  const sender = await comes("sender", "old", "ana", { old: "1" });
  const receiver = await comes("receiver", "old", "ana", { old: "1" });
  await is(sender, "connected");
  await is(receiver, "connected");
  await plays(receiver);
  expect((await seen(sender)).frames).not.toContain("remoteOffer");
  const { frames } = await seen(receiver);
  expect(frames.filter((frame) => frame === "remoteOffer")).toHaveLength(1);
  await leave(sender, receiver);
});

test("a receiver sees a broadcaster that goes and comes back, on the same m-lines", async () => {
  const receiver = await comes("receiver", "back", "ana");
  const stranger = await comes("receiver", "back", "bob");
  let sender = await comes("sender", "back", "ana");
  await is(receiver, "connected");
  await plays(receiver);
  await leave(sender);
  await got(receiver, "broadcasterExited");
  sender = await comes("sender", "back", "ana");
  await plays(receiver);
  const { descriptions, tracks, connects } = await seen(receiver);
  const [first, last] = [descriptions[0] ?? "", descriptions.at(-1) ?? ""];
  expect(mids(last)).toEqual(mids(first));
  expect(new Set(tracks.map(({ id }) => id)).size).toBe(2);
  expect(connects).toBe(1);
  expect((await seen(stranger)).frames).not.toContain("broadcasterExited");
  expect((await shown(stranger)).width).toBe(0);
  await leave(sender, receiver, stranger);
});

test("a broadcaster that pings hears each second that its video flows", async () => {
  const sender = await comes("sender", "second", "ana");
  await until("five words", CONNECTS_MS_MAX, async () => (await seen(sender)).oks.length > 5);
  const { oks, connects } = await seen(sender);
  const gaps = oks.slice(1).map((at, i) => at - (oks[i] ?? 0));
  // A busy page hears a word late: the gap before it is longer, and the one after it shorter.
  expect(Math.abs(median(gaps) - 1000), gaps.join()).toBeLessThan(300);
  expect(connects).toBe(1);
  await leave(sender);
});

test("a broadcaster that does not ping for 3 s is gone within 5 s", async () => {
  const receiver = await comes("receiver", "silent", "ana");
  const sender = await comes("sender", "silent", "ana");
  await is(receiver, "connected");
  const start = performance.now();
  await sender.evaluate("stopPings()");
  await until("a new connection", TOLD_MS_MAX, async () => (await seen(sender)).connects === 2);
  const time = performance.now() - start;
  expect(time).toBeGreaterThan(2_000);
  expect(time).toBeLessThan(5_000);
  await got(receiver, "broadcasterExited");
  await is(sender, "connected");
  await plays(receiver);
  await leave(sender, receiver);
});

test("clients that begin anew with their first socket open are back and stay", async () => {
  const sender = await comes("sender", "anew", "ana");
  const receiver = await comes("receiver", "anew", "ana");
  await is(receiver, "connected");
  for (const page of [sender, receiver]) {
    const { connects } = await seen(page);
    await page.evaluate("restart()");
    await is(page, "connected");
    await plays(receiver);
    // Long enough for ten more times, if there were any.
    await page.waitForTimeout(STILL_MS);
    const times = (await seen(page)).connects - connects;
    expect(times).toBeGreaterThan(0);
    expect(times).toBeLessThanOrEqual(2);
  }
  await plays(receiver);
  await leave(sender, receiver);
});

test("of two broadcasters under one name the first comes back and the second is idle", async () => {
  const first = await comes("sender", "two", "ana");
  await is(first, "connected");
  const second = await comes("sender", "two", "ana");
  await is(second, "duplicated");
  await until("the first to come back", TOLD_MS_MAX, async () => {
    return (await seen(first)).connects === 2;
  });
  await is(first, "connected");
  const receiver = await comes("receiver", "two", "ana");
  await is(receiver, "connected");
  await plays(receiver);
  expect(await seen(second)).toMatchObject({ connects: 1, frames: ["duplicatedSession"] });
  expect((await seen(first)).connects).toBe(2);
  await leave(first, second, receiver);
});

test("a broadcaster of sound alone or of pictures alone is heard or seen", async () => {
  const sound = await comes("sender", "alone", "ana", { old: "1", kinds: "audio" });
  const hears = await comes("receiver", "alone", "ana");
  await is(hears, "connected");
  expect((await seen(hears)).tracks.map(({ kind }) => kind)).toEqual(["audio"]);
  const pictures = await comes("sender", "alone", "bob", { old: "1", kinds: "video" });
  const sees = await comes("receiver", "alone", "bob");
  await plays(sees);
  expect((await seen(sees)).tracks.map(({ kind }) => kind)).toEqual(["video"]);
  await leave(sound, hears, pictures, sees);
});

test("a broadcast is a stream like any other, and any other stream is a broadcast", async () => {
  const sender = await comes("sender", "across", "ana");
  await is(sender, "connected");
  const watcher = await watchPage(stage.chromium, stage.server, "across/ana");
  await moves(watcher.locator("video"));
  const studio = await publishPage(stage.chromium, stage.server, "across/bob");
  const receiver = await comes("receiver", "across", "bob");
  await plays(receiver);
  await leave(sender, watcher, studio, receiver);
});

test("the page of the own port sends and shows, and says what it does", async () => {
  const open = (query: string) => openPage(stage.chromium, `http://${own}/any?${query}`);
  const name = "roomId=page&userId=ana&autoStart=1";
  const receiver = await open(name);
  const sender = await open(`mode=sender&${name}`);
  await sender.getByText("connected", { exact: true }).waitFor();
  await receiver.getByText("connected", { exact: true }).waitFor();
  await plays(receiver);
  expect(await violations(receiver)).toEqual([]);
  await sender.getByRole("button", { name: "Disconnect" }).click();
  await receiver.getByText("waiting for the broadcast").waitFor();
  await sender.getByRole("button", { name: "Connect" }).click();
  await plays(receiver);
  await leave(sender, receiver);
});
