import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPage } from "../lib/chromium.ts";
import { useStage } from "../lib/stage.ts";
import { moves } from "../lib/videos.ts";

const README = resolve(import.meta.dirname, "../../../README.md");
const EXAMPLE = resolve(import.meta.dirname, "../../sdk/docs/examples/room.html");
const SERVER = "http://localhost:8080";

const stage = useStage();
let elsewhere: Server;

beforeAll(async () => {
  elsewhere = createServer((_, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end(pasted());
  });
  await new Promise<void>((listening) => elsewhere.listen(0, "127.0.0.1", listening));
});

afterAll(() => {
  elsewhere.close();
});

test("the example of the README is that of the documentation", () => {
  expect(snippet().replaceAll(SERVER, "")).toBe(readFileSync(EXAMPLE, "utf8"));
});

test("the example of the README lets two see each other, from a file and from another origin", async () => {
  const file = join(mkdtempSync(join(tmpdir(), "headwater-")), "room.html");
  writeFileSync(file, pasted());
  const { port } = elsewhere.address() as AddressInfo;
  const pages = await Promise.all([
    openPage(stage.chromium, pathToFileURL(file).href),
    openPage(stage.chromium, `http://127.0.0.1:${port}/`),
  ]);
  for (const page of pages) await page.getByRole("button", { name: "Join" }).click();
  await Promise.all(pages.map((page) => moves(page.locator("video"))));
  for (const page of pages) expect(await page.locator("video").count()).toBe(1);
});

/** What the README tells to paste into an empty file. */
function snippet(): string {
  const found = /^```html\n([^`]*\bRoom\b[^`]*)^```$/m.exec(readFileSync(README, "utf8"));
  if (!found?.[1]) throw new Error("The README has no example of a room.");
  return found[1];
}

/** The same, with the address of the server of this test. */
function pasted(): string {
  return snippet().replaceAll(SERVER, stage.server.url);
}
