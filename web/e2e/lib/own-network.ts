import { execFileSync } from "node:child_process";
import { describe, test } from "vitest";

/** `/run/netns` of its own, so that the suite can name further networks by `ip netns`. */
const SCRIPT = `
  mkdir -p /run/netns
  mount -t tmpfs tmpfs /run/netns
  ip link set lo up
  exec npx vitest run "$0"`;

/** For all tests of a file together; each has a limit of its own besides. */
const FILE_MS_MAX = 600_000;

/**
 * A suite that needs a network of its own, to lay links and to cut them: its file is run again
 * by another Vitest, in namespaces that end all of its processes with it. `msMax` is for all of
 * it, where the usual limit is too short.
 */
export function describeInOwnNetwork(
  name: string,
  file: string,
  suite: () => void,
  msMax = FILE_MS_MAX,
): void {
  if (process.env.OWN_NETWORK) {
    describe(name, suite);
    return;
  }
  test(
    `${name}, in a network of its own`,
    () => {
      const unshare = "-n -m -p -f --mount-proc --kill-child sh -ec".split(" ");
      execFileSync("unshare", [...unshare, SCRIPT, file], {
        stdio: "inherit",
        env: { ...process.env, OWN_NETWORK: "1" },
      });
    },
    msMax,
  );
}

/** Runs a shell script that changes the network. */
export function setNetwork(script: string): void {
  execFileSync("sh", ["-ec", script]);
}

/** An interface beside the loopback: Firefox and GStreamer send no media to 127.0.0.1. */
export const INTERFACE = `
  ip link add v0 type veth peer name v1
  ip addr add 10.77.0.1/24 dev v0
  ip link set v0 up
  ip link set v1 up
  ip route add default via 10.77.0.2`;

/**
 * Drops this share of the datagrams of media, in both directions, as these UDP ports see them: one
 * port, or a range as `20000-20001`. Datagrams are dropped one by one, as a network does: uncut, the
 * kernel takes a train of up to 64 of them through the filter as one packet, and a train that is lost
 * whole is a burst, not a share.
 */
export function lose(percent: number, ports: string): void {
  const drop = `numgen random mod 100 < ${percent} drop`;
  setNetwork(`ip link set lo gso_max_segs 1
    nft 'table inet loss { chain in { type filter hook input priority 0;
      udp dport ${ports} ${drop}
      udp sport ${ports} ${drop}
    }; }'`);
}
