import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { exampleNames, index } from "../build/docs.ts";
import { highlight } from "../build/highlight.ts";
import { declaration } from "../build/reference.ts";

const read = (file: string) => readFileSync(resolve(import.meta.dirname, "..", file), "utf8");

test("the page shows every example, and has nothing left to fill in", () => {
  const page = index();
  for (const name of exampleNames()) expect(page).toContain(`href="examples/${name}.html"`);
  expect(page).not.toContain("<!-- ");
});

test("each example leads back to a place on the page", () => {
  for (const name of exampleNames()) expect(index()).toContain(`id="${name}"`);
});

test("colours change nothing of an example's text", () => {
  for (const name of exampleNames()) {
    const source = read(`docs/examples/${name}.html`);
    const shown = highlight(source)
      .replaceAll(/<\/?span[^>]*>/g, "")
      .replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">")
      .replaceAll("&amp;", "&");
    expect(shown).toBe(source);
  }
});

test("what the reference says of a class is what its source says", () => {
  const source = `
/** A lamp. */
export class Lamp extends Thing {
  /** See [\`Thing::parts\`]. */
  readonly parts = new Map<string, Part>();
  readonly #power: Power;

  /** Made by the room. */
  constructor(power: Power) {}

  /** Whether it burns,
   * or did. */
  get on(): boolean {}

  /** Lights it. */
  async light(
    colour: string | undefined,
    options: LightOptions = {},
  ): Promise<void> {
    if (colour) {}
  }

  #secret(): void {}
}
`;
  expect(declaration(source, "Lamp")).toEqual({
    text: "A lamp.",
    alias: "",
    members: [
      { signature: "readonly parts: Map<string, Part>", text: "See `Thing::parts`." },
      { signature: "readonly on: boolean", text: "Whether it burns, or did." },
      {
        signature: "light(colour: string | undefined, options?: LightOptions): Promise<void>",
        text: "Lights it.",
      },
    ],
  });
});

test("what people call most is explained", () => {
  for (const [file, name] of [
    ["room.ts", "Room"],
    ["room.ts", "RoomEvents"],
    ["roster.ts", "RosterEvents"],
    ["local-stream.ts", "LocalStream"],
    ["remote-stream.ts", "RemoteStream"],
    ["player.ts", "WhepPlayer"],
    ["publisher.ts", "WhipPublisher"],
  ] as const) {
    for (const { signature, text } of declaration(read(`src/${file}`), name).members) {
      expect(text, `${name}: ${signature}`).not.toBe("");
    }
  }
});
