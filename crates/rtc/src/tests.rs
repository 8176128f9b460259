//! What tests of several modules need.

use std::net::SocketAddr;
use std::time::{Instant, SystemTime};

use crate::{Certificate, Config, Datagrams, Peer, WallClock};

/// A side that stands at this port.
pub(crate) fn config(port: u16) -> Config {
    Config {
        certificate: Certificate::generate(),
        candidates: vec![SocketAddr::from(([127, 0, 0, 1], port))],
        announce_ice_lite: false,
        wall_clock: WallClock {
            instant: Instant::now(),
            time: SystemTime::UNIX_EPOCH,
        },
    }
}

/// What was sent comes to a peer, whose own answers are sent next.
pub(crate) fn deliver(now: Instant, sent: &mut Datagrams, peer: &mut Peer) {
    let mut answers = Datagrams::default();
    while let Some(transmit) = sent.pop() {
        for datagram in transmit.datagrams() {
            let (from, to) = (transmit.source, transmit.destination);
            let mut datagram = datagram.to_vec();
            peer.handle_datagram(now, from, to, &mut datagram, &mut answers);
        }
    }
    *sent = answers;
}
