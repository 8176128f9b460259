import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { violations } from "../lib/axe.ts";
import { goLive, openPage, screenshot, state } from "../lib/chromium.ts";
import { binary } from "../lib/server.ts";
import { useStage } from "../lib/stage.ts";

const stage = useStage();

const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

for (const [size, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ["light", "dark"] as const) {
    // Without motion nothing is caught half faded.
    const reducedMotion = "reduce" as const;
    const options = { viewport, colorScheme, reducedMotion, isMobile: size === "phone" };

    test(`axe finds nothing wrong before the stream is live: ${size}, ${colorScheme}`, async () => {
      const studio = await openPage(
        stage.chromium,
        `${stage.server.url}/?stream=quiet-brook-417`,
        options,
      );
      await state(studio, "idle");
      await screenshot(studio, `studio-${size}-${colorScheme}`);
      expect(await violations(studio)).toEqual([]);
      const watch = await openPage(
        stage.chromium,
        `${stage.server.url}/watch/quiet-brook-417`,
        options,
      );
      await state(watch, "waiting");
      await screenshot(watch, `watch-${size}-${colorScheme}`);
      expect(await violations(watch)).toEqual([]);
      for (const page of [studio, watch]) await page.context().close();
    });

    test(`axe finds nothing wrong while live: ${size}, ${colorScheme}`, async () => {
      const stream = `${size}-${colorScheme}`;
      const studio = await openPage(
        stage.chromium,
        `${stage.server.url}/?stream=${stream}`,
        options,
      );
      await goLive(studio);
      const watch = await openPage(stage.chromium, `${stage.server.url}/watch/${stream}`, options);
      await state(watch, "live");
      await watch.getByTestId("stat-delay").filter({ hasText: /ms$/ }).waitFor();
      await studio.getByTestId("show-qr").click();
      await studio.getByTestId("qr").locator("svg").waitFor();
      await screenshot(studio, `studio-live-${size}-${colorScheme}`);
      await screenshot(watch, `watch-live-${size}-${colorScheme}`);
      expect(await violations(studio)).toEqual([]);
      expect(await violations(watch)).toEqual([]);
      for (const page of [studio, watch]) await page.context().close();
    });

    test(`axe finds nothing wrong with a report of a measurement: ${size}, ${colorScheme}`, async () => {
      report ??= await measure(stage.server.url);
      const page = await openPage(stage.chromium, pathToFileURL(report).href, options);
      await page.getByRole("img", { name: /Packets per second/ }).waitFor();
      await page.getByText("All samples").first().click();
      await screenshot(page, `bench-${size}-${colorScheme}`);
      expect(await violations(page)).toEqual([]);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(wide).toBeLessThanOrEqual(viewport.width);
      await page.context().close();
    });
  }
}

let report: string | undefined;

/** A short measurement; the path of its page. */
async function measure(url: string): Promise<string> {
  const path = join(mkdtempSync(join(tmpdir(), "headwater-")), "report.html");
  const args = ["bench", url, "--viewers", "5", "--watching", "2", "--time", "2", "--html", path];
  await promisify(execFile)(binary(), args);
  return path;
}
