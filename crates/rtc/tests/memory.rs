//! The memory of a connected viewer, counted by the allocator. AWS-LC keeps some more for its keys.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::sync::Arc;

use headwater_rtc::Peer;
use pair::{STEP, World, picture};
use rtp::Codec;

#[allow(dead_code, unreachable_pub, reason = "shared with other tests")]
#[path = "../../dtls/tests/counting/mod.rs"]
mod counting;

/// The most bytes that a connected viewer may keep.
const CONNECTED_MAX: usize = 16 * 1_024;

/// The same for a viewer that was sent [`PACKETS`] packets, whose references it keeps for
/// retransmission. The packets themselves are shared by all viewers.
const WATCHING_MAX: usize = 96 * 1_024;

/// Two seconds of 4 Mbit/s: twice as long as packets are kept.
const PACKETS: u64 = 1_000;

const VIEWERS: usize = 20;

/// Returns the bytes that each peer made by `make` keeps.
fn kept(make: impl Fn() -> Peer) -> usize {
    drop(make());
    let mut peers = Vec::with_capacity(VIEWERS);
    let before = counting::live();
    peers.extend((0..VIEWERS).map(|_| make()));
    let live = counting::live() - before;
    live / peers.len() + size_of::<Peer>()
}

#[test]
fn connected_viewer_stays_within_its_memory_limits() {
    let connected = kept(|| World::viewer().connected().server);
    let packet = Arc::new(picture(std::time::Instant::now(), Codec::Vp8, 1_000));
    let watching = kept(|| {
        let mut world = World::viewer().connected();
        for seq in 1..=PACKETS {
            world.write_shared(seq, &packet).unwrap();
            if seq % 3 == 0 {
                world.pass(STEP);
            }
            world.sent.clear();
            world.received.clear();
            world.client_events.clear();
        }
        world.server
    });
    eprintln!("{connected} bytes of a connected viewer, {watching} of one that is sent pictures");
    assert!(connected < CONNECTED_MAX, "{connected} bytes");
    assert!(watching < WATCHING_MAX, "{watching} bytes");
}
