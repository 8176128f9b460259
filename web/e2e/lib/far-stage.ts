import { afterAll, beforeAll } from "vitest";
import { type Chromium, launchChromium } from "./chromium.ts";
import { farChromium, layLink } from "./far-host.ts";
import { type Server, startServer } from "./server.ts";

/** A server with a browser beside it, and one on another host behind a link. */
export interface FarStage {
  server: Server;
  near: Chromium;
  far: Chromium;
}

/** Sets the stage for the suite that calls it, which has a network of its own. */
export function useFarStage(): FarStage {
  const stage = {} as FarStage;
  beforeAll(async () => {
    layLink();
    stage.server = await startServer("0.0.0.0");
    stage.near = await launchChromium();
    stage.far = await launchChromium(farChromium());
  });
  afterAll(async () => {
    await stage.far?.close();
    await stage.near?.close();
    await stage.server?.stop();
  });
  return stage;
}
