use std::net::SocketAddr;

use crate::WallClock;

/// Settings that all peers of a shard share.
#[derive(Debug, Clone)]
pub struct Config {
    /// Certificate for DTLS. All sessions of a process can share it, since it only has to match the
    /// fingerprint in the SDP.
    pub identity: dtls::Identity,
    /// Addresses of the shard's socket, best first. Each one becomes a host candidate.
    pub candidates: Vec<SocketAddr>,
    /// Write `a=ice-lite` into answers (RFC 8839 §5.3). Correct by the letter, but
    /// Chromium then starts about 70 ms later, and no browser needs it: docs/decisions.
    pub announce_ice_lite: bool,
    /// The wall clock for sender reports.
    pub wall_clock: WallClock,
}

impl Config {
    /// Returns the candidates as SDP attribute values.
    pub(crate) fn candidate_attributes(&self) -> Vec<String> {
        host_candidates(&self.candidates)
    }

    pub(crate) fn fingerprint(&self) -> sdp::Fingerprint {
        sdp::Fingerprint {
            algorithm: "sha-256".to_owned(),
            bytes: self.identity.fingerprint_sha256().to_vec(),
        }
    }
}

/// Preference of host candidates (RFC 8445 §5.1.2.2).
const TYPE_PREFERENCE_HOST: u32 = 126;

/// The only component: RTP and RTCP share it (RFC 5761).
const COMPONENT: u32 = 1;

/// Returns the `candidate:…` attributes of host candidates (RFC 8839 §5.1) for `addresses`, which
/// are ordered best first.
pub fn host_candidates(addresses: &[SocketAddr]) -> Vec<String> {
    let ranked = addresses.iter().enumerate();
    ranked
        .map(|(rank, address)| host_candidate(address, rank))
        .collect()
}

fn host_candidate(address: &SocketAddr, rank: usize) -> String {
    let local_preference = u32::from(u16::MAX).saturating_sub(rank as u32);
    // RFC 8445 §5.1.2.1.
    let priority = (TYPE_PREFERENCE_HOST << 24) | (local_preference << 8) | (256 - COMPONENT);
    let (ip, port) = (address.ip(), address.port());
    format!(
        "candidate:{} {COMPONENT} udp {priority} {ip} {port} typ host",
        rank + 1
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_candidates_have_descending_priority() {
        let address = SocketAddr::from(([192, 0, 2, 7], 10_000));
        assert_eq!(
            host_candidate(&address, 0),
            "candidate:1 1 udp 2130706431 192.0.2.7 10000 typ host"
        );
        assert_eq!(
            host_candidate(&address, 1),
            "candidate:2 1 udp 2130706175 192.0.2.7 10000 typ host"
        );
    }
}
