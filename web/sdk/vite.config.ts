import { resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";
import { precompress } from "../app/build/precompress.ts";
import { docs } from "./build/docs.ts";

const source = (name: string) => resolve(import.meta.dirname, "src", name);

/** The elements import the client as pages do, instead of sharing chunks with it. */
const clientApart: Plugin = {
  name: "client-apart",
  apply: "build",
  enforce: "pre",
  resolveId: (id) => (id === "./index.ts" ? { id: "./headwater.js", external: true } : undefined),
};

/**
 * `dist/headwater.js` is the whole client in one file; `dist/elements.js` imports it. The rest is
 * documentation.
 */
export default defineConfig({
  plugins: [clientApart, docs(), precompress()],
  build: {
    modulePreload: false,
    rolldownOptions: {
      input: { headwater: source("index.ts"), elements: source("elements.ts") },
      preserveEntrySignatures: "strict",
      output: { entryFileNames: "[name].js" },
    },
  },
});
