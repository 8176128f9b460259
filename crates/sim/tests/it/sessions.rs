use headwater_sim::{Path, PublisherSettings};
use node::{ClosedReason, Event};

use crate::helpers::{s, world};

#[test]
fn silent_sessions_are_ended_and_all_is_freed() {
    let mut world = world(50, 2);
    let publisher = world.publish(PublisherSettings::default(), Path::default());
    let silent = world.watch(0, Path::default());
    let relayed = world.watch(1, Path::default());
    let polite = world.watch(0, Path::default());
    let never = world.watch(1, Path::lossy(1.0));
    world.vanish(never);
    world.run_for(s(3));
    assert_eq!(world.counters(0).sessions + world.counters(1).sessions, 5);
    world.leave(polite);
    for client in [publisher, silent, relayed] {
        world.vanish(client);
    }
    world.run_for(s(30));
    let reason = |client| {
        world.events().iter().find_map(|(_, event)| match event {
            Event::Closed { session, reason } if *session == world.session(client) => Some(*reason),
            _ => None,
        })
    };
    assert_eq!(reason(polite), Some(ClosedReason::Remote));
    assert_eq!(reason(never), Some(ClosedReason::NeverConnected));
    for client in [publisher, silent, relayed] {
        // ICE may notice before the silence does.
        assert!(
            matches!(
                reason(client),
                Some(ClosedReason::Silent | ClosedReason::Remote)
            ),
            "{:?}",
            reason(client)
        );
    }
    for shard in 0..2 {
        assert_eq!(world.counters(shard).sessions, 0);
    }
    world.run_for(s(200));
    for shard in 0..2 {
        assert_eq!(
            world.next_timeout(shard),
            None,
            "nothing is left to wait for"
        );
    }
}
