import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { bundled } from "../lib/bundled.ts";
import { openPage, publishPage } from "../lib/chromium.ts";
import { CLIENTS } from "../lib/client-page.ts";
import { joinRoom, plays } from "../lib/rooms.ts";
import { useStage } from "../lib/stage.ts";
import { until } from "../lib/until.ts";
import { moves } from "../lib/videos.ts";

/** What `clients/gortc/client.js` gives its tests. */
interface Client {
  state: { events: string[]; told: Told[] };
  open(uid: string): Promise<void>;
  request(method: string, data: object): Promise<unknown>;
  publish(rid: string, kinds: Kinds): Promise<string>;
  subscribe(rid: string, mid: string, sfuid?: string): Promise<string>;
  received(sid: string): Promise<Received>;
  pause(mid: string, kind: string): Promise<void>;
  drop(id: string): void;
}

interface Told {
  method: string;
  data: { rid: string; uid: string; mid?: string; data?: unknown; minfo?: object };
}

interface Kinds {
  audio?: boolean;
  video?: boolean;
}

interface Received {
  frames: number;
  sound: number;
}

interface Room {
  users: { uid: string }[];
  pubs: { uid: string; mid: string; sfuid: string; minfo: object }[];
}

declare global {
  interface Window {
    gortc: Client;
  }
}

const PLAYS_MS_MAX = 15_000;
/** Until a page has heard what another caused, also on a busy machine. */
const TOLD_MS_MAX = 15_000;
/** By then a stream whose media was killed has ended. */
const ENDS_MS_MAX = 12_000;
/** Longer than the earlier server kept who said nothing. */
const LONG_MS = 62_000;
/** How long nothing may come before it is said that nothing comes. */
const STILL_MS = 1_500;

const stage = useStage();
let script = "";

beforeAll(async () => {
  script = await bundled(resolve(CLIENTS, "gortc/client.js"));
});

/** A user in a page of its own. */
class User {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(uid: string): Promise<User> {
    const page = await openPage(stage.chromium, `${stage.server.url}/healthz`);
    await page.addScriptTag({ content: script });
    await page.evaluate((uid) => window.gortc.open(uid), uid);
    return new User(page);
  }

  static async join(uid: string, rid: string): Promise<User> {
    const user = await User.open(uid);
    await user.request("join", { rid });
    return user;
  }

  request<T>(method: string, data: object): Promise<T> {
    const call = { method, data };
    return this.page.evaluate(
      ({ method, data }) => window.gortc.request(method, data),
      call,
    ) as Promise<T>;
  }

  publish(rid: string, kinds: Kinds): Promise<string> {
    return this.page.evaluate(({ rid, kinds }) => window.gortc.publish(rid, kinds), { rid, kinds });
  }

  subscribe(rid: string, mid: string, sfuid?: string): Promise<string> {
    const call = { rid, mid, ...(sfuid !== undefined && { sfuid }) };
    return this.page.evaluate(({ rid, mid, sfuid }) => window.gortc.subscribe(rid, mid, sfuid), {
      sfuid: undefined,
      ...call,
    });
  }

  received(sid: string): Promise<Received> {
    return this.page.evaluate((sid) => window.gortc.received(sid), sid);
  }

  /** What was told under this name. */
  told(method: string): Promise<Told["data"][]> {
    return this.page.evaluate(
      (method) =>
        window.gortc.state.told.filter((it) => it.method === method).map(({ data }) => data),
      method,
    );
  }

  events(): Promise<string[]> {
    return this.page.evaluate(() => window.gortc.state.events);
  }

  /** Waits until pictures and sound, as far as they are named, come. */
  async gets(sid: string, kinds: Kinds): Promise<void> {
    const before = await this.received(sid);
    await until(`${sid} to play`, PLAYS_MS_MAX, async () => {
      const now = await this.received(sid);
      const [frames, sound] = [now.frames - before.frames, now.sound - before.sound];
      return (!kinds.video || frames > 10) && (!kinds.audio || sound > 25);
    });
  }

  close(): Promise<void> {
    return this.page.context().close();
  }
}

const BOTH = { audio: true, video: true };

async function firstPub(user: User, rid: string): Promise<Room["pubs"][number]> {
  let [first] = [] as Room["pubs"];
  await until("a stream in the list", TOLD_MS_MAX, async () => {
    [first] = (await user.request<Room>("getpubs", { rid })).pubs;
    return first !== undefined;
  });
  if (!first) throw new Error("no stream");
  return first;
}

test("protoo-client as it is joins, is told, and sees errors with code and reason", async () => {
  const kai = await User.open("kai");
  expect(await kai.request("join", { rid: "dojo" })).toEqual({ users: [], pubs: [] });
  const rio = await User.open("rio/1 #ä");
  const { users } = await rio.request<Room>("join", { rid: "dojo" });
  expect(users).toEqual([{ rid: "dojo", uid: "kai", signalid: "local_signal_1" }]);
  await until("peer-join", TOLD_MS_MAX, async () => (await kai.told("peer-join")).length === 1);
  expect((await kai.told("peer-join"))[0]?.uid).toBe("rio/1 #ä");

  expect(await rio.request("broadcast", { rid: "dojo", data: { osu: [1] } })).toEqual({});
  await until("broadcast", TOLD_MS_MAX, async () => (await kai.told("broadcast")).length === 1);
  expect((await kai.told("broadcast"))[0]?.data).toEqual({ osu: [1] });

  const refused = (method: string, data: object) => kai.request(method, data);
  expect(await refused("join", {})).toEqual({ code: 2, message: "rid not found" });
  expect(await refused("fly", {})).toEqual({ code: 14, message: "unknown error" });
  expect(await refused("publish", { rid: "dojo" })).toEqual({ code: 5, message: "jsep not found" });
  expect(await refused("keepalive", { rid: "nowhere" })).toEqual({
    code: 2,
    message: "rid not found",
  });
  expect(await rio.request("leave", { rid: "dojo" })).toEqual({});
  await until("peer-leave", TOLD_MS_MAX, async () => (await kai.told("peer-leave")).length === 1);
  expect(await rio.events()).toEqual(["open"]);
  await Promise.all([kai.close(), rio.close()]);
});

test("protoo-client comes back when the server does, and stays away when it is replaced", async () => {
  const kai = await User.join("kai", "dojo");
  await stage.server.stop();
  await until("the socket to be missed", TOLD_MS_MAX, async () =>
    (await kai.events()).includes("disconnected"),
  );
  await stage.server.start();
  await until("the socket to be back", PLAYS_MS_MAX, async () => {
    return (await kai.events()).filter((event) => event === "open").length === 2;
  });
  expect(await kai.request("join", { rid: "dojo" })).toEqual({ users: [], pubs: [] });

  const again = await User.join("kai", "dojo");
  await until("the first to be closed", TOLD_MS_MAX, async () =>
    (await kai.events()).includes("close"),
  );
  expect(await kai.told("peer-kick")).toEqual([{ rid: "dojo", uid: "kai" }]);
  expect(await again.request("keepalive", { rid: "dojo" })).toEqual({});
  expect((await kai.events()).at(-1)).toBe("close");
  await Promise.all([kai.close(), again.close()]);
});

test("two users watch each other, a late one sees both, and unsubscribing ends one picture", async () => {
  const [ada, bob] = await Promise.all([User.join("ada", "duo"), User.join("bob", "duo")]);
  const [ofAda, ofBob] = await Promise.all([ada.publish("duo", BOTH), bob.publish("duo", BOTH)]);
  expect(ofAda).toMatch(/^ada#\d{6}$/);
  await until("stream-add", TOLD_MS_MAX, async () => (await bob.told("stream-add")).length === 1);
  const minfo = { audio: true, video: true, audiotype: 1, videotype: 2 };
  expect((await bob.told("stream-add"))[0]).toEqual({
    rid: "duo",
    uid: "ada",
    mid: ofAda,
    sfuid: "local_sfu_1",
    minfo,
  });
  const [seenByAda, seenByBob] = await Promise.all([
    ada.subscribe("duo", ofBob),
    bob.subscribe("duo", ofAda, "local_sfu_1"),
  ]);
  expect(seenByBob).toMatch(/^bob#\d{6}$/);
  await Promise.all([ada.gets(seenByAda, BOTH), bob.gets(seenByBob, BOTH)]);

  const late = await User.open("late");
  const { pubs } = await late.request<Room>("join", { rid: "duo" });
  expect(pubs.map(({ uid, mid }) => [uid, mid]).sort()).toEqual([
    ["ada", ofAda],
    ["bob", ofBob],
  ]);
  const seenByLate = await late.subscribe("duo", ofAda);
  await late.gets(seenByLate, BOTH);

  const end = { rid: "duo", mid: ofAda, sid: seenByBob, sfuid: "local_sfu_1" };
  expect(await bob.request("unsubscribe", end)).toEqual({});
  let still = await bob.received(seenByBob);
  // A busy page still decodes what came before.
  await until("the picture to stand still", PLAYS_MS_MAX, async () => {
    const before = still;
    await sleep(STILL_MS);
    still = await bob.received(seenByBob);
    return still.frames === before.frames && still.sound === before.sound;
  });
  await late.gets(seenByLate, BOTH);
  expect(await bob.received(seenByBob)).toEqual(still);

  expect(await ada.request("unpublish", { rid: "duo", mid: ofAda })).toEqual({});
  await until("the end", TOLD_MS_MAX, async () => (await late.told("stream-remove")).length === 1);
  expect((await late.request<Room>("getpubs", { rid: "duo" })).pubs).toHaveLength(1);
  await Promise.all([ada.close(), bob.close(), late.close()]);
});

test("sound alone and pictures alone reach who asks for both", async () => {
  const [ada, bob] = await Promise.all([User.join("ada", "one"), User.join("bob", "one")]);
  for (const kinds of [{ audio: true }, { video: true }]) {
    const mid = await ada.publish("one", kinds);
    const sid = await bob.subscribe("one", mid);
    await bob.gets(sid, kinds);
  }
  await Promise.all([ada.close(), bob.close()]);
});

test("a stream whose connection is closed, or that falls silent, ends once and soon", async () => {
  const [ada, bob] = await Promise.all([User.join("ada", "end"), User.join("bob", "end")]);
  const [closed, silent] = [await ada.publish("end", BOTH), await ada.publish("end", BOTH)];
  for (const mid of [closed, silent]) await bob.gets(await bob.subscribe("end", mid), BOTH);

  const removed = async () => (await bob.told("stream-remove")).map(({ mid }) => mid);
  await ada.page.evaluate((mid) => window.gortc.drop(mid), closed);
  await until("the closed to end", ENDS_MS_MAX, async () => (await removed()).length === 1);
  await ada.page.evaluate(async (mid) => {
    await window.gortc.pause(mid, "audio");
    await window.gortc.pause(mid, "video");
  }, silent);
  await until("the silent to end", ENDS_MS_MAX, async () => (await removed()).length === 2);
  expect(
    await ada.request<Room>("unpublish", { rid: "end", mid: silent, sfuid: "local_sfu_1" }),
  ).toEqual({});
  await sleep(STILL_MS);
  expect(await removed()).toEqual([closed, silent]);
  await Promise.all([ada.close(), bob.close()]);
});

test("a paused picture kills no stream, and who says nothing stays for more than a minute", async () => {
  const [ada, bob] = await Promise.all([User.join("ada", "long"), User.join("bob", "long")]);
  const mid = await ada.publish("long", BOTH);
  const sid = await bob.subscribe("long", mid);
  await bob.gets(sid, BOTH);
  await ada.page.evaluate((mid) => window.gortc.pause(mid, "video"), mid);
  const soundless = await ada.publish("long", BOTH);
  const pictures = await bob.subscribe("long", soundless);
  await ada.page.evaluate((mid) => window.gortc.pause(mid, "audio"), soundless);
  await sleep(LONG_MS);
  await bob.gets(sid, { audio: true });
  await bob.gets(pictures, { video: true });
  expect(await bob.told("stream-remove")).toEqual([]);
  expect(await bob.told("peer-leave")).toEqual([]);
  const { users } = await bob.request<Room>("getusers", { rid: "long" });
  expect(users.map(({ uid }) => uid)).toEqual(["ada"]);
  await Promise.all([ada.close(), bob.close()]);
});

test("a stream of gortc is seen by WHEP and by the SDK", async () => {
  const ada = await User.join("ada", "mix");
  const mid = await ada.publish("mix", BOTH);
  const name = `mix/${mid.replace("#", "~")}`;
  const whep = await openPage(stage.chromium, `${stage.server.url}/watch/${name}`);
  await moves(whep.locator("video"));
  const sdk = await openPage(stage.chromium, `${stage.server.url}/healthz`);
  await joinRoom(sdk, { room: "mix", id: "sdk" });
  await plays(sdk, name);
  for (const page of [whep, sdk]) await page.context().close();
  await ada.close();
});

test("streams by WHIP and by the SDK are seen by gortc", async () => {
  const ada = await User.join("ada", "back");
  const whip = await publishPage(stage.chromium, stage.server, "back/camera");
  const camera = await firstPub(ada, "back");
  expect(camera.uid).toBe("whip~camera");
  await ada.gets(await ada.subscribe("back", camera.mid, camera.sfuid), { video: true });
  await whip.context().close();
  await until("its end", ENDS_MS_MAX, async () => (await ada.told("stream-remove")).length === 1);
  expect((await ada.told("stream-remove"))[0]?.mid).toBe(camera.mid);

  const sdk = await openPage(stage.chromium, `${stage.server.url}/healthz`);
  await joinRoom(sdk, { room: "back", id: "sdk" });
  await sdk.evaluate(async () => {
    await window.room.publishCamera({ layers: 2 });
  });
  const { uid, mid, minfo } = await firstPub(ada, "back");
  expect(uid).toBe("sdk");
  expect(minfo).toMatchObject({ video: true, audiotype: 0, videotype: 0 });
  await ada.gets(await ada.subscribe("back", mid), { video: true });
  await sdk.context().close();
  await ada.close();
});
