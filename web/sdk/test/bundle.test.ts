import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { beforeAll, expect, test } from "vitest";

const GZIPPED_BYTES_MAX = 25_000;

const chunks = new Map<string, Rolldown.OutputChunk>();

beforeAll(async () => {
  const root = resolve(import.meta.dirname, "..");
  const built = await build({ root, build: { write: false }, logLevel: "silent" });
  for (const { output } of [built].flat() as Rolldown.RolldownOutput[]) {
    for (const part of output) if (part.type === "chunk") chunks.set(part.fileName, part);
  }
}, 30_000);

test("the client is one small file that imports nothing", () => {
  const client = chunks.get("headwater.js");
  expect(client?.imports).toEqual([]);
  expect(client?.dynamicImports).toEqual([]);
  expect(client?.exports).toContain("Room");
  expect(gzipSync(client?.code ?? "").length).toBeLessThan(GZIPPED_BYTES_MAX);
});

test("the elements import the client and nothing else", () => {
  expect([...chunks.keys()].sort()).toEqual(["elements.js", "headwater.js"]);
  const sources = chunks.get("elements.js")?.code.matchAll(/\bfrom\s*["'`]([^"'`]+)/g);
  expect([...(sources ?? [])].map(([, source]) => source)).toEqual(["./headwater.js"]);
});
