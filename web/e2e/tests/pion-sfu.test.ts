import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { openPage, publishPage } from "../lib/chromium.ts";
import { clientPage } from "../lib/client-page.ts";
import { joinRoom, plays } from "../lib/rooms.ts";
import { useStage } from "../lib/stage.ts";
import { until } from "../lib/until.ts";
import { moves } from "../lib/videos.ts";

/** What `clients/pion-sfu.js` gives its tests. */
interface Somebody {
  self_id: string;
  deaf: boolean;
  came: string[];
  errors: string[];
  held: object[];
  unanswered: { now: number; most: number };
  pc: RTCPeerConnection;
  socket: WebSocket;
  connect(): Promise<void>;
  enter(stream?: MediaStream): Promise<void>;
  join(): void;
  publish(stream?: MediaStream): Promise<void>;
  sendOffer(): Promise<void>;
  answer(offer: object): Promise<void>;
  leave(): void;
  tracks(): { mid: string; kind: string; id: string }[];
  frames(): Promise<Record<string, number>>;
}

interface Client {
  Somebody: new (room_id: string, self_id: string, echo?: boolean) => Somebody;
  camera(): Promise<MediaStream>;
  drawn(width?: number): MediaStream;
  people: Record<string, Somebody>;
}

declare global {
  interface Window {
    sfu: Client;
  }
}

const PLAYS_MS_MAX = 15_000;
const FIRST_MS_MAX = 2_000;
const GONE_MS_MAX = 2_000;
const CROWD_MS_MAX = 60_000;
const CROWD = 10;
/** How long nothing may come before it is said that nothing comes. */
const STILL_MS = 1_000;

const stage = useStage();
const opened: Page[] = [];

afterEach(async () => {
  for (const page of opened.splice(0)) await page.context().close();
});

async function emptyPage(): Promise<Page> {
  const page = await clientPage(stage, "pion-sfu");
  opened.push(page);
  return page;
}

/** Somebody in a page of its own, with a fake camera and microphone. */
class Person {
  readonly page: Page;
  readonly id: string;

  private constructor(page: Page, id: string) {
    this.page = page;
    this.id = id;
  }

  /** `echo`: its answers copy the ids of the offer; otherwise they have none. */
  static async enters(room: string, id: string, echo = true): Promise<Person> {
    const person = new Person(await emptyPage(), id);
    await person.page.evaluate(
      async ({ room, id, echo }) => {
        const { sfu } = window;
        const person = new sfu.Somebody(room, id, echo);
        sfu.people.me = person;
        await person.enter(await sfu.camera());
      },
      { room, id, echo },
    );
    return person;
  }

  /** Runs in the page, with this person. */
  does<T>(act: (me: Somebody) => T | Promise<T>): Promise<T> {
    return this.page.evaluate(`(${act})(window.sfu.people.me)`) as Promise<T>;
  }

  frames(): Promise<Record<string, number>> {
    return this.does((me) => me.frames());
  }

  /** The ids of the tracks that it publishes. */
  published(): Promise<string[]> {
    return this.does((me) =>
      me.pc
        .getSenders()
        .flatMap(({ track }) => (track ? [track.id] : []))
        .sort(),
    );
  }

  /** What it calls its picture: the stream and the track. */
  picture(): Promise<string> {
    return this.does((me) => {
      const track = me.pc.getSenders().find(({ track }) => track?.kind === "video")?.track?.id;
      const stream = /a=msid:(\S+)/.exec(me.pc.localDescription?.sdp ?? "")?.[1];
      return `${stream} ${track}`;
    });
  }

  /** The pictures that are shown: the stream and the track of each, as they were when it came. */
  pictures(): Promise<string[]> {
    return this.page.evaluate(() =>
      [...document.querySelectorAll("video")].map(
        ({ dataset }) => `${dataset.stream} ${dataset.track}`,
      ),
    );
  }

  received(): Promise<string[]> {
    return this.does((me) =>
      me
        .tracks()
        .map(({ id }) => id)
        .sort(),
    );
  }

  /** Waits until pictures of so many others, and no more, move. */
  async sees(others: number, within = PLAYS_MS_MAX): Promise<void> {
    let before: Record<string, number> = {};
    await until(`${this.id} to see ${others} others`, within, async () => {
      const now = await this.frames();
      const same = Object.keys(now).sort().join() === Object.keys(before).sort().join();
      if (!same) before = now;
      const moving = Object.keys(now).filter((id) => (now[id] ?? 0) > (before[id] ?? 0) + 10);
      return Object.keys(now).length === others && moving.length === others;
    }).catch(async (error: Error) => {
      const state = await this.does(async (me) => ({
        came: me.came,
        errors: me.errors,
        tracks: me.tracks(),
        signaling: me.pc?.signalingState,
        connection: me.pc?.connectionState,
        frames: await me.frames(),
      }));
      throw new Error(`${error.message} ${JSON.stringify(state)}`);
    });
  }

  /** Waits until so many tracks of others are there. */
  async has(tracks: number, within = GONE_MS_MAX): Promise<void> {
    await until(`${this.id} to have ${tracks} tracks`, within, async () => {
      return (await this.received()).length === tracks;
    });
  }

  errors(): Promise<string[]> {
    return this.does((me) => me.errors);
  }
}

test("three see and hear each other, with the tracks of each under their own ids", async () => {
  const mia = await Person.enters("trio", "mia");
  const leo = await Person.enters("trio", "leo", false);
  await Promise.all([mia.sees(1), leo.sees(1)]);
  const nora = await Person.enters("trio", "nora");
  // What was there before comes within two seconds: a key frame is asked for, or in the cache.
  await until("the first pictures", FIRST_MS_MAX, async () => {
    const frames = Object.values(await nora.frames());
    return frames.length === 2 && frames.every((count) => count > 0);
  });
  const all = [mia, leo, nora];
  await Promise.all(all.map((person) => person.sees(2)));
  for (const person of all) {
    const others = all.filter((other) => other !== person);
    const ids = (await Promise.all(others.map((other) => other.published()))).flat().sort();
    // Sound is told apart from the picture.
    await person.has(ids.length, PLAYS_MS_MAX);
    expect(await person.received()).toEqual(ids);
    expect(await person.errors()).toEqual([]);
    expect(await person.does((me) => me.unanswered)).toEqual({ now: 0, most: 1 });
    // What is decoded, an element shows a little later.
    await person.page.waitForFunction(() => {
      const widths = [...document.querySelectorAll("video")].map(({ videoWidth }) => videoWidth);
      return widths.join() === "320,320";
    });
  }
});

test("who closes its socket is gone within two seconds, and who leaves may come back", async () => {
  const [mia, leo] = [await Person.enters("door", "mia"), await Person.enters("door", "leo")];
  const nora = await Person.enters("door", "nora");
  await Promise.all([mia.sees(2), leo.sees(2), nora.sees(2)]);
  await nora.does((me) => me.socket.close());
  await Promise.all([mia.has(2), leo.has(2)]);
  await Promise.all([mia.sees(1), leo.sees(1)]);
  expect(await mia.page.locator("video").count()).toBe(1);

  await leo.does((me) => me.leave());
  await mia.has(0);
  await leo.does(async (me) => {
    me.join();
    await me.publish(await window.sfu.camera());
  });
  await Promise.all([mia.sees(1), leo.sees(1)]);
  expect(await mia.received()).toEqual(await leo.published());
  expect(await mia.pictures()).toEqual([await leo.picture()]);
});

test("the newer of two pages with one id takes its place, and both sides play", async () => {
  const mia = await Person.enters("seat", "mia");
  const old = await Person.enters("seat", "leo");
  await Promise.all([mia.sees(1), old.sees(1)]);
  const leo = await Person.enters("seat", "leo");
  const newer = await leo.picture();
  expect(await old.picture()).not.toBe(newer);
  await until("the newer picture alone", PLAYS_MS_MAX, async () => {
    return (await mia.pictures()).join() === newer;
  });
  await Promise.all([mia.sees(1), leo.sees(1)]);
  expect(await mia.received()).toEqual(await leo.published());
  expect(await old.does((me) => me.socket.readyState)).toBe(1);
});

test("offers that cross end stable with all tracks", async () => {
  const mia = await Person.enters("cross", "mia");
  // An offer comes, and an offer is sent before it is looked at.
  await mia.does((me) => {
    me.deaf = true;
  });
  const leo = await Person.enters("cross", "leo");
  await until("an offer", PLAYS_MS_MAX, () => mia.does((me) => me.held.length === 1));
  await mia.does(async (me) => {
    me.deaf = false;
    me.pc.addTrack(window.sfu.drawn().getVideoTracks()[0] as MediaStreamTrack);
    const [held] = me.held;
    await me.sendOffer();
    // Chromium takes its own back.
    await me.answer(held as object);
  });
  await mia.sees(1);
  await leo.sees(2);
  // And one who offers instead of answering, and waits.
  await mia.does((me) => {
    me.deaf = true;
    me.held = [];
  });
  const nora = await Person.enters("cross", "nora");
  await until("another offer", PLAYS_MS_MAX, () => mia.does((me) => me.held.length === 1));
  await mia.does(async (me) => {
    me.deaf = false;
    await me.sendOffer();
  });
  await mia.sees(2);
  await Promise.all([leo.sees(3), nora.sees(3)]);
  for (const person of [mia, leo, nora]) {
    expect(await person.does((me) => me.pc.signalingState)).toBe("stable");
    expect(await person.errors()).toEqual([]);
  }
});

test("who does not answer keeps nobody from seeing", async () => {
  const dead = await Person.enters("dead", "dead");
  await dead.does((me) => {
    me.deaf = true;
  });
  const [mia, leo] = [await Person.enters("dead", "mia"), await Person.enters("dead", "leo")];
  await Promise.all([mia.sees(2), leo.sees(2)]);
  expect(await dead.does((me) => me.held.length)).toBe(1);
  // When it does at last, it has all that came meanwhile.
  await dead.does(async (me) => {
    me.deaf = false;
    await me.answer(me.held[0] as object);
  });
  await dead.sees(2);
});

test("who joins alone is offered nothing and gets nothing of its own", async () => {
  const mia = await Person.enters("alone", "mia");
  await until("it to connect", PLAYS_MS_MAX, () =>
    mia.does((me) => me.pc.connectionState === "connected"),
  );
  await sleep(STILL_MS);
  expect(await mia.does((me) => me.came.filter((event) => event !== "candidate"))).toEqual([
    "answer",
  ]);
  expect(await mia.received()).toEqual([]);
});

test(`${CROWD} who join within a second have all tracks of all others`, async () => {
  const page = await emptyPage();
  await page.evaluate(async (crowd) => {
    const { sfu } = window;
    const ids = Array.from({ length: crowd }, (_, index) => `p${index}`);
    const enter = async (id: string, index: number) => {
      const person = new sfu.Somebody("crowd", id, index % 2 === 0);
      sfu.people[id] = person;
      await person.enter(sfu.drawn());
    };
    await Promise.all(ids.map(enter));
  }, CROWD);
  const counts = () =>
    page.evaluate(() =>
      Object.values(window.sfu.people).map((person) => {
        const tracks = person.tracks();
        return new Set(tracks.map(({ id }) => id)).size;
      }),
    );
  const wanted = Array<number>(CROWD).fill(2 * (CROWD - 1));
  await until("all tracks", CROWD_MS_MAX, async () => {
    return (await counts()).join() === wanted.join();
  }).catch(async (error: Error) => {
    const state = await page.evaluate(() =>
      Object.values(window.sfu.people).map(({ self_id, came, unanswered, errors, pc }) => {
        const lines = pc.getTransceivers().map((line) => `${line.mid} ${line.currentDirection}`);
        const offers = came.filter((event) => event === "offer").length;
        return { self_id, offers, unanswered, errors, state: pc.signalingState, lines };
      }),
    );
    throw new Error(`${error.message} ${JSON.stringify([await counts(), state])}`);
  });
  const people = await page.evaluate(() =>
    Object.values(window.sfu.people).map(({ errors, unanswered, pc }) => ({
      errors,
      most: unanswered.most,
      state: pc.signalingState,
    })),
  );
  expect(people).toEqual(Array(CROWD).fill({ errors: [], most: 1, state: "stable" }));
});

test("a stream of Pion_SFU is seen by WHEP and by the SDK", async () => {
  await Person.enters("mix", "mia");
  const whep = await openPage(stage.chromium, `${stage.server.url}/watch/mix/mia`);
  opened.push(whep);
  await moves(whep.locator("video"));
  const sdk = await openPage(stage.chromium, `${stage.server.url}/healthz`);
  opened.push(sdk);
  await joinRoom(sdk, { room: "mix", id: "sdk" });
  await plays(sdk, "mix/mia");
});

test("streams by WHIP and by the SDK are seen by Pion_SFU", async () => {
  const mia = await Person.enters("back", "mia");
  opened.push(await publishPage(stage.chromium, stage.server, "back/camera"));
  await mia.sees(1);
  const sdk = await openPage(stage.chromium, `${stage.server.url}/healthz`);
  opened.push(sdk);
  await joinRoom(sdk, { room: "back", id: "sdk" });
  await sdk.evaluate(async () => {
    await window.room.publishCamera({ layers: 2 });
  });
  await mia.sees(2);
  expect(await mia.errors()).toEqual([]);
});
