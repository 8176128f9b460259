import type { Page } from "playwright-core";
import { test } from "vitest";
import { openPage } from "../lib/chromium.ts";
import type { FirefoxPage } from "../lib/firefox.ts";
import { useFirefoxStage } from "../lib/firefox-stage.ts";
import { shownFpsMin } from "../lib/frames.ts";
import { describeInOwnNetwork } from "../lib/own-network.ts";
import { joinRoom, plays } from "../lib/rooms.ts";
import { until } from "../lib/until.ts";

const PLAYS_MS_MAX = 20_000;

describeInOwnNetwork("A room with Firefox", import.meta.filename, () => {
  const stage = useFirefoxStage();

  test("goes both ways, also after one has stopped and begun again", async () => {
    const fox = await stage.firefox.open(`${stage.server.url}/healthz`);
    await fox.evaluate(enterAsFox);
    const ada = await openPage(stage.chromium, `${stage.server.url}/healthz`);
    await joinRoom(ada, { room: "mixed", id: "ada" });
    await publish(ada);
    await Promise.all([plays(ada, "mixed/fox"), foxPlays(fox, ada)]);
    await ada.evaluate(() => [...window.room.published][0]?.stop());
    await until("the stream to go", PLAYS_MS_MAX, async () => {
      return (await fox.evaluate("room.streams.size")) === 0;
    });
    await publish(ada);
    await foxPlays(fox, ada);
  });
});

async function publish(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await window.room.publishCamera({ layers: 2, codec: "VP8", video: { height: 360 } });
  });
}

const enterAsFox = `(async () => {
  const { Room } = await import("/sdk/headwater.js");
  window.room = new Room(location.origin, { room: "mixed", id: "fox" });
  const show = ({ name }) => {
    const video = document.createElement("video");
    Object.assign(video, { id: name, muted: true, autoplay: true, width: 160, height: 90 });
    document.body.append(video);
    room.attach(room.streams.get(name), video);
  };
  room.on("streamAdded", show);
  room.on("streamRemoved", ({ name }) => document.getElementById(name)?.remove());
  await room.open();
  [...room.streams.values()].forEach(show);
  await room.publishCamera({ layers: 2, codec: "VP8", video: { height: 360 } });
})()`;

/** How many frames a second the page sends of its only stream. */
function sentFps(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const [sent] = (await window.room.stats()).published.values();
    return sent?.fps ?? 0;
  });
}

async function foxPlays(fox: FirefoxPage, ada: Page): Promise<void> {
  await until("Firefox to have a video", PLAYS_MS_MAX, async () => {
    return (await fox.evaluate(`document.querySelectorAll("video").length`)) === 1;
  });
  await until("Firefox to play", PLAYS_MS_MAX, async () => {
    const shown = await fox.fps(1);
    return shown > shownFpsMin(await sentFps(ada));
  });
}
