import { build } from "vite";

/** A script and what it imports as one script for a page, which may be added as it is. */
export async function bundled(entry: string): Promise<string> {
  const lib = { entry, formats: ["iife" as const], name: "client" };
  const built = await build({
    configFile: false,
    logLevel: "error",
    build: { lib, write: false, minify: false },
  });
  const [bundle] = [built].flat();
  if (!bundle || !("output" in bundle)) throw new Error(`no bundle of ${entry}`);
  return bundle.output[0].code;
}
