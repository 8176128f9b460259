use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Name prefixes of interfaces that lead to containers and virtual machines, not to clients.
const BRIDGES: [&str; 8] = [
    "docker", "br-", "virbr", "veth", "podman", "cni", "flannel", "cali",
];

/// Documentation addresses (RFC 5737, RFC 3849), which are routed like any internet address.
const ANYWHERE: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

/// Addresses of this host for ICE candidates, IPv6 ones if `ipv6`. The address of the default route
/// comes first, since some clients try no other; container bridges and loopback come last.
pub(crate) fn local_addresses(ipv6: bool) -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::warn!(%error, "cannot list the addresses of this host; set media.public_ips");
        Vec::new()
    });
    let routed = ANYWHERE.map(routed_from);
    let mut addresses: Vec<(u8, bool, IpAddr)> = interfaces
        .iter()
        .map(|interface| (interface.name.as_str(), interface.ip()))
        .filter(|(_, ip)| match ip {
            IpAddr::V4(ip) => !ip.is_link_local() && !ip.is_unspecified(),
            // Link-local needs a zone, which a candidate cannot carry (RFC 8445 §5.1.1.1).
            IpAddr::V6(ip) => ipv6 && !ip.is_unicast_link_local() && !ip.is_unspecified(),
        })
        .map(|(name, ip)| (rank(name, ip, &routed), ip.is_ipv6(), ip))
        .collect();
    addresses.sort_by_key(|(rank, is_ipv6, _)| (*rank, *is_ipv6));
    addresses.dedup();
    addresses.into_iter().map(|(_, _, ip)| ip).collect()
}

/// The local address from which datagrams to `to` leave. Sends nothing: the kernel looks up the
/// route when the socket is connected.
fn routed_from(to: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = match to {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).ok()?;
    socket.connect(SocketAddr::new(to, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// The sort key of an address: the higher, the less use it is to clients.
fn rank(interface: &str, ip: IpAddr, routed: &[Option<IpAddr>]) -> u8 {
    if ip.is_loopback() {
        3
    } else if BRIDGES.iter().any(|name| interface.starts_with(name)) {
        2
    } else if routed.contains(&Some(ip)) {
        0
    } else {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_route_comes_first_and_bridges_and_loopback_last() {
        let ip = |last| IpAddr::from([10, 0, 0, last]);
        let routed = [Some(ip(3)), None];
        let mut interfaces = [
            ("lo", IpAddr::from([127, 0, 0, 1])),
            ("docker0", ip(1)),
            ("tun0", ip(2)),
            ("eth0", ip(3)),
        ];
        interfaces.sort_by_key(|(name, ip)| rank(name, *ip, &routed));
        let names = interfaces.map(|(name, _)| name);
        assert_eq!(names, ["eth0", "tun0", "docker0", "lo"]);
    }
}
