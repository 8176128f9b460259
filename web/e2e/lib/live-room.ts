import type { Page } from "playwright-core";
import { clientPage } from "./client-page.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

const PLAYS_MS_MAX = 20_000;
/** How long it takes at most, also on a busy machine, until all know what one does. */
export const TOLD_MS_MAX = 15_000;

/** Somebody with the page of the live room. What goes wrong in it is kept. */
export interface Person {
  page: Page;
  errors: string[];
}

export async function comes(stage: Stage, name: string): Promise<Person> {
  const errors: string[] = [];
  const page = await clientPage(stage, "live-room", { errors });
  await page.waitForFunction("socket.readyState === WebSocket.OPEN");
  await page.fill("#name", name);
  return { page, errors };
}

export async function hosts(stage: Stage, room: string): Promise<Person> {
  const host = await comes(stage, room);
  await host.page.click("#create");
  await host.page.getByText("Close the room").waitFor();
  return host;
}

/** Clicks on a room, until a click counts: the list is drawn anew all the time, and one that is
 * pressed on the old list and released on the new one is lost. */
export async function views(stage: Stage, room: string, name: string): Promise<Person> {
  const viewer = await comes(stage, name);
  const entry = viewer.page.locator("#rooms button", { hasText: room });
  await until("a click to count", TOLD_MS_MAX, async () => {
    await entry.click();
    return (await viewer.page.evaluate("roomName")) === room;
  });
  return viewer;
}

function shown({ page }: Person): Promise<{ width: number; frames: number }> {
  return page.evaluate(() => {
    const video = document.querySelector("video") as HTMLVideoElement;
    return { width: video.videoWidth, frames: video.getVideoPlaybackQuality().totalVideoFrames };
  });
}

/** Waits until its picture moves. */
export async function plays(person: Person): Promise<void> {
  let before = await shown(person);
  await until("a moving picture", PLAYS_MS_MAX, async () => {
    const now = await shown(person);
    // Another stream counts from its beginning.
    if (now.frames < before.frames) before = now;
    return now.width > 0 && now.frames > before.frames + 10;
  });
}

/** The lines in the chat, as they are read. */
export function lines({ page }: Person): Promise<string[]> {
  return page.locator("#chat p").allTextContents();
}

export async function reads(person: Person, line: string): Promise<void> {
  await until(`"${line}"`, TOLD_MS_MAX, async () => (await lines(person)).includes(line));
}

export async function writes({ page }: Person, text: string): Promise<void> {
  await page.fill("#words", text);
  await page.click("#send");
}
