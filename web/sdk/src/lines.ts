import type { Line } from "./wire.ts";

/** What becomes of m-lines with a new offer. */
export interface LineChanges {
  ended: Line[];
  begun: Line[];
}

/** Compares by `mid`: a line that carries another track now has ended and begun. */
export function compareLines(before: readonly Line[], after: readonly Line[]): LineChanges {
  const without = (lines: readonly Line[], others: readonly Line[]) =>
    lines.filter((line) => !others.some((other) => same(line, other)));
  return { ended: without(before, after), begun: without(after, before) };
}

function same(a: Line, b: Line): boolean {
  return a.mid === b.mid && a.stream === b.stream && a.kind === b.kind;
}
