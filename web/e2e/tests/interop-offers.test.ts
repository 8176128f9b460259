import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CLIENTS } from "../lib/client-page.ts";
import { useFirefoxStage } from "../lib/firefox-stage.ts";
import { describeInOwnNetwork } from "../lib/own-network.ts";

const SCRIPT = readFileSync(resolve(CLIENTS, "interop/browser-offers.js"), "utf8");
/** Where offers are kept for the tests of the parser. Written only when asked to. */
const CORPUS = resolve(import.meta.dirname, "../../../crates/sdp/tests/offers");
const WRITES = process.env.HEADWATER_WRITE_OFFERS === "1";

const NAMES = [...SCRIPT.matchAll(/^ {4}"?((?:publish|watch)[\w-]*)"?: /gm)].flatMap(
  ([, name]) => name ?? [],
);

/** Kept for the parser only: the first offers what WHEP has no use for, the second belongs to a
 * connection that is there already. */
const NOT_ANSWERED = ["watch-two-pictures", "publish-on-shown-picture"];
/** Firefox encodes no H.264 here, and lets no page rename the mids of its offer. */
const NOT_IN_FIREFOX = ["publish-h264", "watch-odd-mids"];

type Evaluate = (expression: string) => Promise<unknown>;

describeInOwnNetwork("An offer of a browser", import.meta.filename, () => {
  const stage = useFirefoxStage();
  const pages: Record<string, { version: string; evaluate: Evaluate }> = {};

  beforeAll(async () => {
    const url = `${stage.server.url}/healthz`;
    const page = await (await stage.chromium.browser.newContext()).newPage();
    await page.goto(url);
    const firefox = await stage.firefox.open(url);
    const agent = String(await firefox.evaluate("navigator.userAgent"));
    pages.chromium = {
      version: stage.chromium.browser.version().replace(/\..*/, ""),
      evaluate: (expression) => page.evaluate(expression),
    };
    pages.firefox = {
      version: /Firefox\/(\d+)/.exec(agent)?.[1] ?? "unknown",
      evaluate: firefox.evaluate,
    };
    for (const { evaluate } of Object.values(pages)) await evaluate(SCRIPT);
  });

  const cases = [
    ...NAMES.map((name) => ["chromium", name] as const),
    ...NAMES.filter((n) => !NOT_IN_FIREFOX.includes(n)).map((name) => ["firefox", name] as const),
  ];

  test.each(cases)("of %s, %s, is answered whole", async (browser, name) => {
    const page = pages[browser];
    const offer = String(await page?.evaluate(`makeOffer(${JSON.stringify(name)})`));
    expect(offer).toMatch(/^v=0\r\n/);
    if (WRITES) {
      mkdirSync(CORPUS, { recursive: true });
      writeFileSync(resolve(CORPUS, `${browser}-${page?.version}-${name}.sdp`), offer);
    }
    if (NOT_ANSWERED.includes(name)) return;
    const door = name.startsWith("watch") ? "whep" : "whip";
    const response = await fetch(`${stage.server.url}/${door}/${browser}-${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/sdp" },
      body: offer,
    });
    const answer = await response.text();
    expect(response.status, answer).toBe(201);
    expect(await page?.evaluate(`takeAnswer(${JSON.stringify(answer)})`)).toBe("");
    const session = new URL(response.headers.get("Location") ?? "", stage.server.url);
    await fetch(session, { method: "DELETE" });
  });

  afterAll(() => {
    if (WRITES) console.info(`The offers are written to ${CORPUS}.`);
  });
});
