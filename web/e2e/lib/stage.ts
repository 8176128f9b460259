import { afterAll, beforeAll } from "vitest";
import { type Chromium, launchChromium } from "./chromium.ts";
import { type Server, type Settings, startServer } from "./server.ts";

/** What most suites play on; there from before their first test until after their last. */
export interface Stage {
  server: Server;
  chromium: Chromium;
}

/** Sets the stage for the suite that calls it. `prepare` runs first, and returns settings for the
 * server. */
export function useStage(prepare?: () => Promise<Settings> | Settings): Stage {
  const stage = {} as Stage;
  beforeAll(async () => {
    stage.server = await startServer(undefined, await prepare?.());
    stage.chromium = await launchChromium();
  });
  afterAll(async () => {
    await stage.chromium?.close();
    await stage.server?.stop();
  });
  return stage;
}
