import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Page } from "playwright-core";
import type { Stage } from "./stage.ts";

/** Where the pages are that behave as clients of earlier systems do. */
export const CLIENTS = resolve(import.meta.dirname, "../clients");

export interface ClientSettings {
  /** What the page reads instead of the query in its address. */
  query?: Record<string, string>;
  /** Gets what goes wrong in the page. Without it that fails the test. */
  errors?: string[];
}

/** Opens `clients/{name}.html` with its script, in a browser of its own. */
export async function clientPage(
  { chromium, server }: Stage,
  name: string,
  { query, errors }: ClientSettings = {},
): Promise<Page> {
  const page = await (await chromium.browser.newContext()).newPage();
  page.on("pageerror", ({ message }) => {
    if (!errors) throw new Error(`Error in ${name}: ${message}`);
    errors.push(message);
  });
  // The server has no such page. Its address is needed all the same: Chromium lets only pages
  // from this host connect to this host.
  await page.goto(`${server.url}/healthz`);
  await page.setContent(readFileSync(resolve(CLIENTS, `${name}.html`), "utf8"));
  if (query) {
    const text = String(new URLSearchParams(query));
    await page.evaluate(`window.query = ${JSON.stringify(text)}`);
  }
  await page.addScriptTag({ path: resolve(CLIENTS, `${name}.js`) });
  return page;
}
