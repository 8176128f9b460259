import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Plugin } from "vite";
import { escapeHtml, highlight } from "./highlight.ts";
import { reference } from "./reference.ts";

const ROOT = resolve(import.meta.dirname, "..");
const APP = resolve(ROOT, "../app/src");

/**
 * The documentation of the client, served beside it: `index.html`, and each example as a page of
 * its own. In `docs/index.html`, `<!-- example NAME -->` stands for the source of
 * `docs/examples/NAME.html` with a link to run it, and `<!-- reference FILE NAME -->` for what the
 * source says of an exported class, interface or type.
 */
export function docs(): Plugin {
  return {
    name: "docs",
    apply: "build",
    generateBundle() {
      const emit = (fileName: string, source: string) =>
        this.emitFile({ type: "asset", fileName, source });
      emit("index.html", index());
      emit("docs.css", read(APP, "style/base.css") + read(ROOT, "docs/docs.css"));
      emit("favicon.svg", read(APP, "favicon.svg"));
      for (const name of exampleNames()) emit(`examples/${name}.html`, examplePage(name));
    },
  };
}

/** All there are. */
export function exampleNames(): string[] {
  return readdirSync(resolve(ROOT, "docs/examples")).map((file) => file.replace(/\.html$/, ""));
}

/** The page of the documentation. */
export function index(): string {
  return read(ROOT, "docs/index.html")
    .replaceAll(/<!-- example ([\w-]+) -->/g, (_, name) => exampleInDocs(name))
    .replaceAll(/<!-- reference (\S+) (\w+) -->/g, (_, file, name) =>
      reference(read(ROOT, `src/${file}`), name),
    );
}

function exampleInDocs(name: string): string {
  return `<figure class="example">
<pre tabindex="0" aria-label="Source of the example ${name}"><code>${highlight(example(name))}</code></pre>
<figcaption><a class="button" href="examples/${name}.html" target="_blank">Run <code>${name}.html</code></a></figcaption>
</figure>`;
}

function examplePage(name: string): string {
  return read(ROOT, "docs/example.html")
    .replaceAll("<!-- name -->", escapeHtml(name))
    .replace("<!-- example -->", () => example(name));
}

function example(name: string): string {
  return read(ROOT, `docs/examples/${name}.html`).trim();
}

function read(folder: string, file: string): string {
  return readFileSync(resolve(folder, file), "utf8");
}
