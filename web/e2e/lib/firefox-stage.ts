import { afterAll, beforeAll } from "vitest";
import { type Chromium, launchChromium } from "./chromium.ts";
import { Firefox } from "./firefox.ts";
import { INTERFACE, setNetwork } from "./own-network.ts";
import { type Server, startServer } from "./server.ts";

/** A server with both browsers. */
export interface FirefoxStage {
  server: Server;
  chromium: Chromium;
  firefox: Firefox;
}

/** Sets the stage for the suite that calls it, which has a network of its own. */
export function useFirefoxStage(): FirefoxStage {
  const stage = {} as FirefoxStage;
  beforeAll(async () => {
    setNetwork(INTERFACE);
    stage.server = await startServer();
    [stage.chromium, stage.firefox] = await Promise.all([launchChromium(), Firefox.launch()]);
  });
  afterAll(async () => {
    await stage.firefox?.close();
    await stage.chromium?.close();
    await stage.server?.stop();
  });
  return stage;
}
