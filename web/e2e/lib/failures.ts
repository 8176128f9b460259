import { afterEach } from "vitest";
import { logs } from "./server.ts";

/** How much of a log is printed. */
const LINES_MAX = 100;

/** After a test that failed, what the servers of its file said last. */
afterEach(({ task }) => {
  if (task.result?.state !== "fail") return;
  for (const log of logs) {
    const lines = log.join("").trimEnd().split("\n").slice(-LINES_MAX);
    process.stderr.write(`The server's log:\n${lines.join("\n")}\n`);
  }
});
