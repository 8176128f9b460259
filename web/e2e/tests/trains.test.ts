import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { publishPage } from "../lib/chromium.ts";
import { metric } from "../lib/metrics.ts";
import { binary, type Server } from "../lib/server.ts";
import { useStage } from "../lib/stage.ts";
import { until } from "../lib/until.ts";

const VIEWERS = 20;
const COME_MS_MAX = 20_000;
/** Cached packets, with which a viewer begins, have gone. */
const SETTLE_MS = 4_000;
const MEASURE_MS = 10_000;

/** Of the sends that a longer datagram ended: nearly half when frames do not leave as one. Some have other
 * causes: sound or a report goes before a packet of video, or two frames waited. On a busy machine, where
 * more waits, these are one in eight. */
const CUT_SHARE_MAX = 0.25;

const stage = useStage();

test("frames of Chromium leave as one train", async () => {
  const { chromium, server } = stage;
  await publishPage(chromium, server, "trains", { layers: 1 });
  const viewers = watch(server, "trains");
  try {
    await until("the viewers to watch", COME_MS_MAX, async () => {
      return (await metric(server, "headwater_viewers")) === VIEWERS;
    });
    await sleep(SETTLE_MS);
    const before = await sent(server);
    await sleep(MEASURE_MS);
    const after = await sent(server);
    const [datagrams, trains, cut, packets] = after.map((n, i) => n - (before[i] ?? 0));
    const [length, cutShare] = [Number(datagrams) / Number(trains), Number(cut) / Number(trains)];
    console.info({ datagrams, trains, cut, packets, length, cutShare });
    expect(packets).toBeGreaterThan((30 * VIEWERS * MEASURE_MS) / 2_000);
    expect(cutShare).toBeLessThan(CUT_SHARE_MAX);
  } finally {
    viewers.kill();
  }
});

function sent(server: Server): Promise<number[]> {
  const names = ["datagrams_out", "trains_out", "trains_cut", "packets_out"];
  return Promise.all(names.map((name) => metric(server, `headwater_${name}_total`)));
}

/** Viewers of the load generator: they decode nothing, and report as browsers do. */
function watch(server: Server, stream: string) {
  const whep = `${server.url}/whep/${stream}`;
  const args = ["bench", server.url, "--whep", whep, "--publishers", "0", "--streams", "1"];
  args.push("--viewers", String(VIEWERS), "--time", "3600");
  return spawn(binary(), args, { stdio: ["ignore", "ignore", "inherit"] });
}
