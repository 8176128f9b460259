import { resolve } from "node:path";
import { defineConfig } from "vite";
import { precompress } from "./build/precompress.ts";
import { watchRoute } from "./build/watch-route.ts";

/** The running server that `vite dev` and `vite preview` hand the API to. */
const server = process.env.HEADWATER_URL ?? "http://127.0.0.1:8080";
const proxy = Object.fromEntries(
  ["/whip", "/whep", "/api", "/healthz"].map((path) => [path, server]),
);

export default defineConfig({
  plugins: [watchRoute(), precompress()],
  // A document policy without `data:` must be able to load everything.
  build: {
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: ["index.html", "watch.html"].map((page) => resolve(import.meta.dirname, page)),
    },
  },
  server: { proxy },
  preview: { proxy },
});
