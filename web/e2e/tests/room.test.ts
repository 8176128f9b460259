import { expect, test } from "vitest";
import { openPage } from "../lib/chromium.ts";
import { joinRoom, plays } from "../lib/rooms.ts";
import { useStage } from "../lib/stage.ts";

const stage = useStage();

test("two who publish in a room see each other, chat, and see each other leave", async () => {
  const [ada, bob] = await Promise.all(
    ["ada", "bob"].map(async (id) => {
      const page = await openPage(stage.chromium, `${stage.server.url}/healthz`);
      await joinRoom(page, { room: "talk", id, name: id.toUpperCase() });
      await page.evaluate(async () => {
        await window.room.publishCamera({ layers: 2 });
      });
      return page;
    }),
  );
  if (!ada || !bob) throw new Error("two pages");
  await Promise.all([plays(ada, "talk/bob"), plays(bob, "talk/ada")]);
  await ada.evaluate(() => window.room.send({ body: "hello" }));
  await bob.waitForFunction(() => window.room.messages.some(({ body }) => body === "hello"));
  await ada.evaluate(() => window.room.leave());
  await bob.waitForFunction(() => window.room.participants.size === 0);
  expect(await bob.evaluate(() => window.room.streams.size)).toBe(0);
});
