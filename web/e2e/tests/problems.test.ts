import { expect, test } from "vitest";
import { violations } from "../lib/axe.ts";
import { goLive, openPage, screenshot } from "../lib/chromium.ts";
import { useStage } from "../lib/stage.ts";

const stage = useStage();

const MESSAGE =
  "Video packets with payloads of up to 1900 bytes do not reach viewers: the server forwards at " +
  "most 1472. Set the encoder's packet size (MTU) to 1200 bytes: -pkt_size 1200 in FFmpeg, " +
  "mtu=1200 on GStreamer's payloader.";

const sizes = {
  desktop: { width: 1280, height: 800 },
  portrait: { width: 390, height: 844 },
  landscape: { width: 844, height: 390 },
};

for (const [size, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`the studio shows what keeps the stream from viewers: ${size}, ${colorScheme}`, async () => {
      const stream = `problems-${size}-${colorScheme}`;
      const url = `${stage.server.url}/?stream=${stream}`;
      const options = { viewport, colorScheme, isMobile: size !== "desktop" };
      const studio = await openPage(stage.chromium, url, options);
      // No browser makes such packets: the server's answer gets what an encoder would have caused.
      await studio.route("**/api/v1/streams", async (route) => {
        const response = await route.fetch();
        const listing = await response.json();
        for (const { name, problems } of listing.streams) {
          if (name === stream) problems.push({ code: "packetsTooLarge", message: MESSAGE });
        }
        await route.fulfill({ response, json: listing });
      });
      await goLive(studio);
      const notice = studio.getByTestId("problems");
      await notice.filter({ hasText: MESSAGE }).waitFor();
      await notice.scrollIntoViewIfNeeded();
      await screenshot(studio, stream);
      expect(await violations(studio)).toEqual([]);
      const wide = await studio.evaluate(() => document.documentElement.scrollWidth);
      expect(wide).toBeLessThanOrEqual(viewport.width);
      await studio.getByTestId("go-live").click();
      await notice.waitFor({ state: "hidden" });
      // An answer that is being changed while its page closes would fail the test.
      await studio.unrouteAll({ behavior: "wait" });
      await studio.context().close();
    });
  }
}
