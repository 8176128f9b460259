import { defineConfig } from "vitest/config";

/** Suites that measure frame rates, delays or what a path carries: they have the machine to
 * themselves. */
const MEASURING = [
  "adaptation",
  "delay",
  "firefox",
  "firefox-loss",
  "first-picture",
  "interop-loss",
  "narrow-join",
  "room-narrow",
  "six-viewers",
  "trains",
].map((name) => `tests/${name}.test.ts`);

/** All others mostly wait, so that two share the machine: their conditions are what comes, not when. */
const TOGETHER = 2;

const common = {
  pool: "forks" as const,
  setupFiles: ["lib/failures.ts"],
  testTimeout: 180_000,
  hookTimeout: 60_000,
  disableConsoleIntercept: true,
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...common,
          name: "together",
          include: ["tests/**/*.test.ts"],
          exclude: MEASURING,
          maxWorkers: TOGETHER,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: "alone",
          include: MEASURING,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
