# Measures a server over a link that shows what the loopback hides. To be run in namespaces of its
# own for mounts, networks and processes; arguments: the server, the generator, the most datagrams
# that the server's card takes in one piece, then flags of `headwater bench`. Prints the report.
#
# Server and viewers are on two hosts that a pair of virtual cards joins, and each host receives on
# its own core: on the loopback the server's core does it for both. A server's card that takes no
# trains (its `gso_max_segs` is 1, as after `ethtool -K v0 tx-udp-segmentation off`) has the kernel
# cut them on the server's core, as it does for a card without that offload.
set -eu
server=$1
generator=$2
segments=$3
shift 3

mkdir -p /run/netns
mount -t tmpfs tmpfs /run/netns
ip netns add far
ip link add v0 type veth peer name v1
ip link set v1 netns far
ip addr add 10.77.0.1/24 dev v0
ip -n far addr add 10.77.0.2/24 dev v1
ip link set lo up
ip link set v0 gso_max_segs "$segments" up
ip -n far link set lo up
ip -n far link set v1 up
if [ "$(nproc)" -gt 1 ]; then
  # A bit for each core.
  mount -t sysfs sysfs /sys
  echo 1 >/sys/class/net/v0/queues/rx-0/rps_cpus
  ip netns exec far sh -c 'echo 2 >/sys/class/net/v1/queues/rx-0/rps_cpus'
fi

on_core() {
  if [ "$(nproc)" -gt 1 ] && command -v taskset >/dev/null; then
    core=$1
    shift
    exec taskset -c "$core" "$@"
  fi
  shift
  exec "$@"
}

pipe=$(mktemp -d)/address
mkfifo "$pipe"
export HEADWATER_LOG__LEVEL=warn HEADWATER_LIMITS__SESSIONS_PER_SECOND=10000
(on_core 0 "$server" serve --http 10.77.0.1:8080 --media-port 7882 --shards 1 \
  --public-ip 10.77.0.1 >"$pipe") &
serving=$!
exec 3<"$pipe"
# The address: the server is ready.
read -r _ <&3
(on_core 1 ip netns exec far "$generator" bench http://10.77.0.1:8080 --json - --pid "$serving" "$@")
rm -r "$(dirname "$pipe")"
kill "$serving"
