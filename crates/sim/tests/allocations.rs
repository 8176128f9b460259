//! What a shard allocates for a packet, counted by the allocator.

use std::time::{Duration, Instant};

use headwater_sim::{Path, PublisherSettings, World};

#[allow(dead_code, unreachable_pub, reason = "shared with other tests")]
#[path = "../../dtls/tests/counting/mod.rs"]
mod counting;

/// Long enough for the tables of the shard to have grown to their size.
const WARM_UP: Duration = Duration::from_secs(20);

const MEASURED: Duration = Duration::from_secs(5);

/// What a shard with so many viewers did while it was measured.
struct Measured {
    allocations: usize,
    datagrams_out: u64,
}

fn measure(viewers: usize) -> Measured {
    let mut world = World::new(1, Instant::now(), 1, &shard::Config::default());
    let path = Path::default();
    world.publish(PublisherSettings::default(), path);
    for _ in 0..viewers {
        world.watch(0, path);
    }
    world.run_for(WARM_UP);
    let (before, sent) = (counting::counted(), world.counters(0).datagrams_out);
    world.set_probe(counting::count);
    world.run_for(MEASURED);
    Measured {
        allocations: counting::counted() - before,
        datagrams_out: world.counters(0).datagrams_out - sent,
    }
}

#[test]
fn forwarded_packet_allocates_nothing() {
    let (few, many) = (measure(2), measure(12));
    let packets = many.datagrams_out - few.datagrams_out;
    let allocations = many.allocations.saturating_sub(few.allocations);
    eprintln!(
        "{allocations} allocations for {packets} packets to ten more viewers, {} before",
        few.allocations
    );
    assert!(packets > 1_000, "{packets} packets");
    assert!(
        allocations as u64 * 20 < packets,
        "{allocations} allocations for {packets} packets"
    );
}
