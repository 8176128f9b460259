import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import {
  type Browser,
  type BrowserContextOptions,
  type BrowserServer,
  chromium,
  type Page,
} from "playwright-core";
import { cameraFile } from "./camera.ts";
import type { Server } from "./server.ts";

const SCREENSHOTS = resolve(import.meta.dirname, "../screenshots");
const LIVE_MS_MAX = 20_000;

const FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--autoplay-policy=no-user-gesture-required",
  "--use-fake-device-for-media-stream=fps=30",
  // The media grant, on viewers too: without it there is no candidate for the loopback.
  "--use-fake-ui-for-media-stream",
  "--allow-loopback-in-peer-connection",
];

/** A browser that can be killed as a crash would. */
export interface Chromium {
  browser: Browser;
  close(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

export async function launchChromium(executablePath = "/usr/bin/chromium"): Promise<Chromium> {
  const server: BrowserServer = await chromium.launchServer({
    executablePath,
    headless: false,
    args: [...FLAGS, `--use-file-for-fake-video-capture=${cameraFile()}`],
  });
  const browser = await chromium.connect(server.wsEndpoint());
  return { browser, close: () => server.close(), kill: () => server.kill() };
}

/**
 * A page in a context of its own: pages of one context share six connections to a server,
 * and each viewer's event stream holds one. `init` runs in the page before its own scripts, one after the other.
 */
export async function openPage(
  { browser }: Chromium,
  url: string,
  options: BrowserContextOptions = {},
  ...init: (() => void)[]
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    ...options,
  });
  const page = await context.newPage();
  page.on("pageerror", (error) => {
    throw new Error(`Error in ${url}: ${error.message}`);
  });
  for (const script of init) await page.addInitScript(script);
  await page.goto(url);
  return page;
}

export interface PublishSettings {
  codec?: string;
  layers?: number;
  /** Height of the picture in pixels. */
  quality?: number;
  token?: string;
  /** Runs in the page first, for example to put another camera in place. */
  init?: (() => void) | (() => void)[];
}

/** Opens the studio with these settings, ready to go live. */
export async function studioPage(
  chromium: Chromium,
  server: Server,
  stream: string,
  { codec = "", layers = 3, quality = 720, token, init = [] }: PublishSettings = {},
): Promise<Page> {
  const query = new URLSearchParams({ stream, ...(token && { token }) });
  const page = await openPage(chromium, `${server.url}/?${query}`, {}, ...[init].flat());
  await page.getByTestId("codec").selectOption(codec);
  await page.getByTestId("quality").selectOption(String(quality));
  await page.getByTestId("layers").selectOption(String(layers));
  return page;
}

/** Publishes by pressing "Go live"; resolves when live. */
export async function publishPage(
  chromium: Chromium,
  server: Server,
  stream: string,
  settings: PublishSettings = {},
): Promise<Page> {
  const page = await studioPage(chromium, server, stream, settings);
  await goLive(page);
  return page;
}

export async function goLive(page: Page): Promise<void> {
  await page.getByTestId("go-live").click();
  await state(page, "live");
}

/** Opens the watch page. */
export function watchPage(chromium: Chromium, server: Server, stream: string): Promise<Page> {
  return openPage(chromium, `${server.url}/watch/${stream}`);
}

/** Waits until the page says that it is in this state. */
export async function state(page: Page, wanted: string): Promise<void> {
  const shown = page.locator(`[data-testid=state][data-state=${wanted}]`);
  await shown.waitFor({ timeout: LIVE_MS_MAX }).catch(async () => {
    const found = await page.getByTestId("state").textContent();
    const message = await page.locator("[data-testid=message], #cover-text").textContent();
    throw new Error(`The page is "${found}" instead of "${wanted}". ${message}`);
  });
}

export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: resolve(SCREENSHOTS, `${name}.png`) });
}
