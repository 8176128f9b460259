import type { Server } from "./server.ts";

/** The sum of a metric over all its labels. */
export async function metric(server: Server, name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const lines = text
    .split("\n")
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  if (lines.length === 0) throw new Error(`There is no metric ${name}.`);
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}
