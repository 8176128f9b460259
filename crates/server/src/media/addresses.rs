use std::net::IpAddr;

/// Addresses under which this host can be reached, for ICE candidates: routable ones first,
/// loopback last, for viewers on the same machine.
pub(crate) fn local_addresses(ipv6: bool) -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::warn!(%error, "the host's addresses cannot be listed: set media.public_ips");
        Vec::new()
    });
    let mut addresses: Vec<IpAddr> = interfaces
        .iter()
        .map(|interface| interface.ip())
        .filter(|ip| match ip {
            IpAddr::V4(ip) => !ip.is_link_local() && !ip.is_unspecified(),
            // Link-local needs a zone, which a candidate cannot carry (RFC 8445 §5.1.1.1).
            IpAddr::V6(ip) => ipv6 && !ip.is_unicast_link_local() && !ip.is_unspecified(),
        })
        .collect();
    addresses.sort_by_key(|ip| (ip.is_loopback(), ip.is_ipv6()));
    addresses.dedup();
    addresses
}
