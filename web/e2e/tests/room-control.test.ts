import type { Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { openPage, publishPage, screenshot, state, watchPage } from "../lib/chromium.ts";
import { joinRoom, plays, publishedWidth, shown } from "../lib/rooms.ts";
import { useStage } from "../lib/stage.ts";
import { until } from "../lib/until.ts";

const MS_MAX = 15_000;
/** A larger layer is sent when the path has proved to carry it, and the publisher has time for it. */
const LARGER_MS_MAX = 45_000;

const stage = useStage();
const opened: Page[] = [];

// Who publishes on takes the machine from the next test.
afterEach(async () => {
  for (const page of opened.splice(0)) await page.context().close();
});

async function enter(room: string, id: string, options = {}, sized = true): Promise<Page> {
  const page = await openPage(stage.chromium, `${stage.server.url}/healthz`);
  opened.push(page);
  await joinRoom(page, { room, id, ...options }, sized);
  return page;
}

async function publish(page: Page, layers: 1 | 2 = 1): Promise<void> {
  await page.evaluate(
    (layers) =>
      window.room
        .publishCamera({ layers, codec: "VP8", video: { width: 640, height: 360 } })
        .then(() => {}),
    layers,
  );
}

const told = (page: Page, event: string) =>
  page.evaluate(
    (event) => window.told.filter((each) => each.event === event).map(({ value }) => value),
    event,
  );

test("a WHIP stream is in its room, and a room's stream plays by WHEP", async () => {
  const ada = await enter("meet", "ada");
  await publish(ada);
  const publisher = await publishPage(stage.chromium, stage.server, "meet/obs", { layers: 1 });
  opened.push(publisher);
  await plays(ada, "meet/obs");
  expect(await ada.evaluate(() => window.room.participants.get("whip~obs")?.name)).toBe("obs");

  const viewer = await watchPage(stage.chromium, stage.server, "meet/ada");
  await state(viewer, "live");
  await ada.waitForFunction(() => window.room.info.viewers === 1);
  await viewer.close();
  await ada.waitForFunction(() => window.room.info.viewers === 0);

  await publisher.getByTestId("go-live").click();
  await ada.waitForFunction(() => window.room.participants.size === 0);
  expect(await ada.evaluate(() => window.room.streams.size)).toBe(0);
});

test("a viewer who waits on another media thread gets the stream when its publisher joins", async () => {
  const early = await Promise.all(
    [1, 2, 3].map(() => watchPage(stage.chromium, stage.server, "late/ada")),
  );
  await Promise.all(early.map((viewer) => state(viewer, "waiting")));
  const ada = await enter("late", "ada");
  await publish(ada);
  await Promise.all(early.map((viewer) => state(viewer, "live")));
  for (const viewer of early) await viewer.close();
});

test("the room sees who speaks, who is muted, and how well connections do", async () => {
  const [ada, bob] = await Promise.all([enter("talk", "ada"), enter("talk", "bob")]);
  await publish(ada);
  await bob.waitForFunction(() => window.room.speakers.includes("ada"));
  await ada.evaluate(() => [...window.room.published][0]?.mute("audio"));
  await bob.waitForFunction(() => window.room.speakers.length === 0);
  // There is also a pause between two beeps, before bob is told.
  await bob.waitForFunction(() => window.room.streams.get("talk/ada")?.track("audio")?.muted);
  await ada.evaluate(() => [...window.room.published][0]?.mute("audio", false));
  await bob.waitForFunction(() => window.room.speakers.includes("ada"));
  await bob.waitForFunction(() => window.room.participants.get("ada")?.quality === "good");
  // Absent until the server has an estimate of the path to bob.
  await until("a bandwidth over 100 kbit/s", MS_MAX, () =>
    bob.evaluate(async () => ((await window.room.stats()).server.bandwidth ?? 0) > 100_000),
  );
});

test("the layer follows the size at which a video is shown, and a paused one stands still", async () => {
  const [ada, bob] = await Promise.all([
    enter("sizes", "ada"),
    enter("sizes", "bob", { subscribe: "manual" }, false),
  ]);
  await publish(ada, 2);
  await bob.waitForFunction(() => window.room.streams.size === 1);
  expect(await bob.evaluate(() => window.room.streams.get("sizes/ada")?.media.getTracks())).toEqual(
    [],
  );
  await bob.evaluate(async () => {
    await window.room.subscribe("sizes/ada");
  });
  // On a busy machine Chromium scales its source down: the right width is that in which ada sends.
  const width = (rid: "l" | "h") =>
    until(`layer ${rid}`, LARGER_MS_MAX, async () => {
      const width = await bob.evaluate(
        () => (document.getElementById("sizes/ada") as HTMLVideoElement | null)?.videoWidth ?? 0,
      );
      return width > 0 && width === (await publishedWidth(ada, rid));
    });
  await width("h");
  await bob.evaluate(() => window.room.show("sizes/ada", { width: 300, height: 170 }));
  await width("l");
  await bob.evaluate(() => window.room.show("sizes/ada", { width: 640, height: 360 }));
  await width("h");

  await bob.evaluate(() => window.room.pause("sizes/ada", "video"));
  let before = -1;
  await until("the picture to stand still", MS_MAX, async () => {
    const now = await shown(bob, "sizes/ada");
    const stands = now === before;
    before = now;
    await new Promise((later) => setTimeout(later, 500));
    return stands;
  });
  await bob.evaluate(() => window.room.resume("sizes/ada", "video"));
  await plays(bob, "sizes/ada");
  await bob.evaluate(() => window.room.unsubscribe("sizes/ada"));
  await bob.waitForFunction(
    () => window.room.streams.get("sizes/ada")?.media.getTracks().length === 0,
  );
});

test("a host asks to mute, sends away, locks and closes", async () => {
  const host = await enter("hosted", "host", { role: "host" });
  const ada = await enter("hosted", "ada");
  await publish(ada);
  await host.waitForFunction(() => window.room.streams.size === 1);
  await host.evaluate(() => window.room.host.mute("hosted/ada"));
  await until("the request", MS_MAX, async () => (await told(ada, "muteRequested")).length > 0);
  expect(await told(ada, "muteRequested")).toMatchObject([{ by: "host" }]);
  await host.evaluate(() => window.room.host.kick("ada", "enough"));
  await ada.waitForFunction(() => window.room.state === "ended");
  expect(await told(ada, "ended")).toEqual([{ reason: "kicked", text: "enough" }]);
  await host.waitForFunction(() => window.room.participants.size === 0);

  await host.evaluate(() => window.room.host.lock());
  const refused = await enter("hosted", "bob").catch((error: Error) => error.message);
  expect(refused).toContain("locked");
  const second = await enter("hosted", "second", { role: "host" });
  await host.evaluate(() => window.room.host.close("that is all"));
  for (const page of [host, second]) {
    await page.waitForFunction(() => window.room.state === "ended");
    expect(await told(page, "ended")).toEqual([{ reason: "closed", text: "that is all" }]);
  }
});

test("who joins with an id that is there takes its place, and the other is told why", async () => {
  const first = await enter("places", "ada");
  const other = await enter("places", "bob");
  await publish(first);
  await plays(other, "places/ada");
  const second = await enter("places", "ada");
  await first.waitForFunction(() => window.room.state === "ended");
  expect(await told(first, "ended")).toEqual([{ reason: "replaced" }]);
  await publish(second);
  await plays(other, "places/ada");
  await screenshot(other, "room-replaced");
});

test("two streams of one participant come and go by themselves, over the same connections", async () => {
  const [ada, bob] = await Promise.all([enter("two", "ada"), enter("two", "bob")]);
  await publish(ada, 2);
  await plays(bob, "two/ada");
  for (let round = 0; round < 3; round += 1) {
    await ada.evaluate(async () => {
      const canvas = document.createElement("canvas");
      Object.assign(canvas, { width: 320, height: 180 });
      const pen = canvas.getContext("2d");
      let shade = 0;
      const draw = () => {
        shade = (shade + 5) % 256;
        if (pen) pen.fillStyle = `rgb(${shade} 90 90)`;
        pen?.fillRect(0, 0, 320, 180);
        requestAnimationFrame(draw);
      };
      draw();
      await window.room.publish(canvas.captureStream(15), { label: "drawing", layers: 1 });
    });
    await plays(bob, "two/ada~drawing");
    await ada.evaluate(() =>
      [...window.room.published].find(({ options }) => options.label === "drawing")?.stop(),
    );
    await bob.waitForFunction(() => window.room.streams.size === 1);
  }
  await plays(bob, "two/ada");
});
