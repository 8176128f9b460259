import { describe, expect, test } from "vitest";
import {
  comes,
  hosts,
  lines,
  type Person,
  plays,
  reads,
  TOLD_MS_MAX,
  views,
  writes,
} from "../lib/live-room.ts";
import { useStage } from "../lib/stage.ts";
import { until } from "../lib/until.ts";
import { moves } from "../lib/videos.ts";

const BACK_MS_MAX = 20_000;

describe.each(["direct", "server"])("with media %s", (media) => {
  const stage = useStage(() => ({ HEADWATER_DIALECTS__LIVE_ROOM__MEDIA: media }));

  test("a host and two viewers see the screen, write, and see each other leave", async () => {
    const host = await hosts(stage, "cooking");
    const [lin, bob] = await Promise.all([
      views(stage, "cooking", "lin"),
      views(stage, "cooking", "bob"),
    ]);
    const all = [host, lin, bob];
    await Promise.all([plays(lin), plays(bob)]);
    for (const { page } of all) {
      await until("three", TOLD_MS_MAX, async () => (await page.textContent("#count")) === "3");
    }

    await writes(lin, "is it <b>done</b> & good?");
    await writes(host, "soon");
    for (const person of all) {
      await reads(person, "lin: is it <b>done</b> & good?");
      await reads(person, "cooking: soon");
    }

    await bob.page.context().close();
    await reads(host, "bob left");
    await reads(lin, "bob left");
    await plays(lin);

    await host.page.getByText("Close the room").click();
    await until("the picture to go", TOLD_MS_MAX, () =>
      lin.page.evaluate(() => document.querySelector("video")?.srcObject === null),
    );
    // Not "visible": once the list is empty, its element has no height.
    await lin.page.locator("#rooms:not([hidden])").waitFor({ state: "attached" });
    expect(all.flatMap(({ errors }) => errors)).toEqual([]);
    for (const { page } of [host, lin]) await page.context().close();
  });

  test("one click takes a viewer from room to room", async () => {
    const [ada, bob] = await Promise.all([hosts(stage, "art"), hosts(stage, "music")]);
    const lin = await views(stage, "art", "lin");
    await plays(lin);
    await lin.page.evaluate("joinRoom('music')");
    await reads(ada, "lin left");
    await reads(bob, "lin came");
    await plays(lin);
    await writes(lin, "hello");
    await reads(bob, "lin: hello");
    expect(await lines(ada)).toEqual(["lin came", "lin left"]);
    const all = [ada, bob, lin];
    expect(all.flatMap(({ errors }) => errors)).toEqual([]);
    for (const { page } of all) await page.context().close();
  });

  test("a host that vanishes takes the room off the list and the picture off its viewers", async () => {
    const idle = await comes(stage, "idle");
    const host = await hosts(stage, "short");
    const lin = await views(stage, "short", "lin");
    await plays(lin);
    await host.page.context().close();
    await until("the room to be closed", TOLD_MS_MAX, () =>
      lin.page.evaluate(() => document.querySelector("video")?.srcObject === null),
    );
    await until("an empty list", TOLD_MS_MAX, async () => {
      return (await idle.page.locator("#rooms button").count()) === 0;
    });
    expect([...idle.errors, ...lin.errors]).toEqual([]);
    for (const { page } of [idle, lin]) await page.context().close();
  });
});

/** Whom a page is connected with. */
function connections({ page }: Person): Promise<string[]> {
  return page.evaluate("Object.keys(pcs)");
}

/** How many offers a page has got. */
function offers({ page }: Person): Promise<number> {
  return page.evaluate("offers");
}

describe("with media through the server", () => {
  const stage = useStage(() => ({ HEADWATER_DIALECTS__LIVE_ROOM__MEDIA: "server" }));

  test("one upload of the host serves all viewers, and is a stream like any other", async () => {
    const host = await hosts(stage, "one upload");
    const viewers = await Promise.all(
      ["lin", "bob", "eve"].map((name) => views(stage, "one upload", name)),
    );
    await Promise.all(viewers.map(plays));
    expect(await connections(host)).toEqual([expect.stringMatching(/^server-\d+$/)]);
    for (const viewer of viewers) {
      expect(await connections(viewer)).toEqual(["one upload"]);
      expect(await offers(viewer)).toBe(1);
    }
    const watching = await stage.chromium.browser.newPage();
    await watching.goto(`${stage.server.url}/watch/one~20upload`);
    await moves(watching.locator("video"));
    await watching.context().close();

    await host.page.getByText("Close the room").click();
    await until("the stream to end", BACK_MS_MAX, async () => {
      const answer = await fetch(`${stage.server.url}/api/v1/streams`);
      return ((await answer.json()) as { streams: unknown[] }).streams.length === 0;
    });
    expect([host, ...viewers].flatMap(({ errors }) => errors)).toEqual([]);
    for (const { page } of [host, ...viewers]) await page.context().close();
  });

  test("a host whose connection is lost is asked once more, and its viewers see it again", async () => {
    const host = await hosts(stage, "lost");
    const [lin, bob] = await Promise.all([
      views(stage, "lost", "lin"),
      views(stage, "lost", "bob"),
    ]);
    await Promise.all([plays(lin), plays(bob)]);
    await host.page.evaluate("Object.values(pcs)[0].close()");
    for (const viewer of [lin, bob]) {
      await until("another offer", BACK_MS_MAX, async () => (await offers(viewer)) === 2);
      await plays(viewer);
    }
    await lin.page.evaluate("Object.values(pcs)[0].close()");
    await until("a third offer", BACK_MS_MAX, async () => (await offers(lin)) === 3);
    await plays(lin);
    expect(await offers(bob)).toBe(2);
    // Nobody has left or come meanwhile.
    expect(await lines(host)).toHaveLength(2);
    expect([host, lin, bob].flatMap(({ errors }) => errors)).toEqual([]);
    for (const { page } of [host, lin, bob]) await page.context().close();
  });
});
