import type { Page } from "playwright-core";
import type * as Client from "../../sdk/src/index.ts";
import type { Room, RoomOptions } from "../../sdk/src/index.ts";
import { until } from "./until.ts";

declare global {
  interface Window {
    client: typeof Client;
    room: Room;
    /** All that the room told, in order. */
    told: { event: string; value: unknown }[];
  }
}

const PLAYS_MS_MAX = 15_000;

/**
 * Joins a room in an empty page of the server, and shows whatever comes. `sized`: small, and the
 * room is told how small.
 */
export async function joinRoom(page: Page, options: RoomOptions, sized = true): Promise<void> {
  await page.addScriptTag({
    type: "module",
    content: 'import * as client from "/sdk/headwater.js"; window.client = client;',
  });
  await page.waitForFunction(() => "client" in window);
  await page.evaluate(
    async ({ options, sized }) => {
      document.body.replaceChildren();
      const room = new window.client.Room(location.origin, options);
      window.room = room;
      window.told = [];
      for (const event of [
        "state",
        "participantJoined",
        "participantLeft",
        "streamAdded",
        "streamRemoved",
        "message",
        "muteRequested",
        "error",
        "ended",
      ] as const) {
        room.on(event, (value) => {
          window.told.push({
            event,
            value:
              value instanceof Error ? value.message : JSON.parse(JSON.stringify(value ?? null)),
          });
        });
      }
      const show = (name: string) => {
        const stream = room.streams.get(name);
        if (!stream || document.getElementById(name)) return;
        const video = document.createElement("video");
        Object.assign(video, { id: name, muted: true, autoplay: true, width: 160, height: 90 });
        document.body.append(video);
        if (sized) room.attach(stream, video);
        else video.srcObject = stream.media;
      };
      room.on("streamAdded", ({ name }) => show(name));
      room.on("streamRemoved", ({ name }) => document.getElementById(name)?.remove());
      await room.open();
      for (const name of room.streams.keys()) show(name);
    },
    { options, sized },
  );
}

/** How many pictures of a stream the page has shown. */
export function shown(page: Page, stream: string): Promise<number> {
  return page.evaluate((stream) => {
    const video = document.getElementById(stream) as HTMLVideoElement | null;
    return video?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
  }, stream);
}

/** Waits until a page shows moving pictures of a stream. */
export async function plays(page: Page, stream: string): Promise<void> {
  let before = await shown(page, stream);
  await until(`${stream} to play`, PLAYS_MS_MAX, async () => {
    const now = await shown(page, stream);
    // A stream that ended and began again has another element, which counts from its beginning.
    before = Math.min(before, now);
    return now > before + 10;
  });
}

/**
 * How wide the picture is that the page sends of its only stream in this layer; 0 before it does. On a
 * busy machine Chromium scales its source down, and all layers with it.
 */
export function publishedWidth(page: Page, rid: string): Promise<number> {
  return page.evaluate(async (rid) => {
    const [sent] = (await window.room.stats()).published.values();
    return sent?.layers.find((layer) => layer.rid === rid)?.width ?? 0;
  }, rid);
}
