import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Chromium,
  launchChromium,
  publishPage,
  screenshot,
  state,
  watchPage,
} from "../lib/chromium.ts";
import { Firefox } from "../lib/firefox.ts";
import { playback } from "../lib/frames.ts";
import { type Server, startServer } from "../lib/server.ts";

// Firefox does not send media to 127.0.0.1: the test runs itself again in a network of its
// own, with an address that Firefox takes.
const NETWORK = `
  ip link set lo up
  ip link add v0 type veth peer name v1
  ip addr add 10.77.0.1/24 dev v0
  ip link set v0 up
  ip link set v1 up
  ip route add default via 10.77.0.2
  exec npx vitest run tests/firefox.test.ts`;

describe.runIf(!process.env.FIREFOX_NETWORK)("Firefox", () => {
  test("publishes and watches", () => {
    const unshare = "-n -p -f --mount-proc --kill-child sh -ec".split(" ");
    execFileSync("unshare", [...unshare, NETWORK], {
      stdio: "inherit",
      env: { ...process.env, FIREFOX_NETWORK: "1" },
    });
  });
});

describe.runIf(process.env.FIREFOX_NETWORK)("Firefox, in its network,", () => {
  let server: Server;
  let chromium: Chromium;
  let firefox: Firefox;

  beforeAll(async () => {
    server = await startServer();
    [chromium, firefox] = await Promise.all([launchChromium(), Firefox.launch()]);
  });

  afterAll(async () => {
    firefox?.close();
    await chromium?.close();
    await server?.stop();
  });

  test("watches what Chromium publishes", async () => {
    await publishPage(chromium, server, "to-firefox", { codec: "VP8" });
    const viewer = await firefox.open(`${server.url}/watch/to-firefox`);
    await viewer.state("live");
    const fps = await viewer.fps(10);
    console.info("Firefox shows, fps", fps);
    expect(fps).toBeGreaterThanOrEqual(20);
  });

  test("publishes what Chromium watches", async () => {
    const publisher = await firefox.open(`${server.url}/?stream=from-firefox`);
    await publisher.evaluate("document.querySelector('#codec').value = 'VP8'");
    await publisher.evaluate("document.querySelector('#go-live').click()");
    await publisher.state("live");
    const viewer = await watchPage(chromium, server, "from-firefox");
    await state(viewer, "live");
    const { perSecond, medianFps } = await playback(viewer, 10);
    console.info("Chromium shows, fps", perSecond);
    await screenshot(viewer, "watch-from-firefox");
    expect(medianFps).toBeGreaterThanOrEqual(20);
  });
});
