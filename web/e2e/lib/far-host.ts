import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The near host's address on the link. */
export const NEAR = "10.77.0.1";
const FAR = "10.77.0.2";

const sh = (script: string) => execFileSync("sh", ["-ec", script], { stdio: "inherit" });

/** Lays a link to a second host, where a browser can run behind limits. */
export function layLink(): void {
  sh(`ip netns add far
    ip link add near0 type veth peer name far0
    ip link set far0 netns far
    ip addr add ${NEAR}/24 dev near0
    ip -n far addr add ${FAR}/24 dev far0
    ip link set near0 up
    ip -n far link set lo up
    ip -n far link set far0 up
    ip route add default via ${FAR}
    ip -n far route add default via ${NEAR}`);
}

/** Limits what reaches the far host: a rate, a queue as long as this, and random loss. */
export function limitLink(kbps: number, lossPercent: number, queueMs = 300): void {
  sh(`tc qdisc replace dev near0 root tbf rate ${kbps}kbit burst 16kb latency ${queueMs}ms
    ip netns exec far nft 'table inet loss { chain in { type filter hook input priority 0; meta l4proto udp numgen random mod 100 < ${lossPercent} drop; }; }'`);
}

export function liftLimit(): void {
  sh(`tc qdisc del dev near0 root
    ip netns exec far nft delete table inet loss`);
}

/** An executable that runs Chromium on the far host. */
export function farChromium(): string {
  const path = join(mkdtempSync(join(tmpdir(), "headwater-far-")), "chromium");
  writeFileSync(path, '#!/bin/sh\nexec ip netns exec far /usr/bin/chromium "$@"\n');
  chmodSync(path, 0o755);
  return path;
}
