# Measures a server over a link that shows what the loopback hides. To be run in namespaces of its
# own for mounts, networks and processes; arguments: the server, then flags of `headwater bench`.
# Prints the report.
#
# Server and viewers are on two hosts that a pair of virtual cards joins. The server's card takes
# no trains (its `gso_max_segs` is 1, as after `ethtool -K v0 tx-udp-segmentation off`): the kernel
# cuts them on the server's core, as it does for a card without that offload.
set -eu
server=$1
shift

mkdir -p /run/netns
mount -t tmpfs tmpfs /run/netns
ip netns add far
ip link add v0 type veth peer name v1
ip link set v1 netns far
ip addr add 10.77.0.1/24 dev v0
ip -n far addr add 10.77.0.2/24 dev v1
ip link set lo up
ip link set v0 gso_max_segs 1 up
ip -n far link set lo up
ip -n far link set v1 up

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
(on_core 1 ip netns exec far "$server" bench http://10.77.0.1:8080 --json - --pid "$serving" "$@")
rm -r "$(dirname "$pipe")"
kill "$serving"
