//! The memory of a connected endpoint, counted by the allocator.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

#[allow(dead_code, unreachable_pub, reason = "shared with other tests")]
mod counting;

use std::time::Instant;

use headwater_dtls::{Endpoint, Fingerprint, Hash, Identity, Output, Role};

/// The most heap memory that a connected DTLS 1.2 endpoint may keep, in bytes. The library on its
/// own keeps 9,500.
const CONNECTED_MAX: usize = 1_024;

fn connected(identity: &Identity, now: Instant) -> [Endpoint; 2] {
    let expected = vec![Fingerprint {
        algorithm: Hash::Sha256,
        bytes: identity.fingerprint_sha256().to_vec(),
    }];
    let mut sides = [Role::Client, Role::Server]
        .map(|role| Endpoint::new(identity, role, expected.clone(), now).expect("a fingerprint"));
    let mut connected = 0;
    while connected < 2 {
        for from in 0..2 {
            loop {
                match sides[from].poll_output() {
                    Output::Datagram(bytes) => {
                        sides[1 - from].handle_datagram(now, &bytes);
                    }
                    Output::Connected(_) => connected += 1,
                    Output::Timeout(_) => break,
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    for side in &mut sides {
        assert!(matches!(side.poll_output(), Output::Timeout(None)));
    }
    sides
}

#[test]
fn connected_endpoint_keeps_less_than_a_kilobyte() {
    const ENDPOINTS: usize = 100;
    let identity = Identity::generate();
    let now = Instant::now();
    drop(connected(&identity, now));
    let before = counting::live();
    let start = Instant::now();
    let mut all = Vec::with_capacity(ENDPOINTS);
    all.extend((0..ENDPOINTS / 2).map(|_| connected(&identity, now)));
    let time = (Instant::now() - start) / (u32::try_from(ENDPOINTS).unwrap() / 2);
    // The vector's own bytes are the endpoints themselves, so they count too.
    let each = (counting::live() - before) / ENDPOINTS;
    eprintln!("{each} bytes for each endpoint, {time:?} for both sides of a handshake");
    assert!(each < CONNECTED_MAX, "{each} bytes");
}
