use contract::{ClosedReason, Event};
use headwater_sim::{Path, PublisherSettings};

use crate::helpers::{ms, s, world};

#[test]
fn viewer_with_a_new_address_gets_its_media_there() {
    let mut world = world(55, 1);
    world.publish(PublisherSettings::default(), Path::default());
    let viewer = world.watch(0, Path::default());
    world.run_for(s(5));
    world.rebind(viewer);
    let changed = world.now();
    let plays = world.run_until(s(10), |w| {
        w.viewer(viewer).video().fps(w.now() - s(1)..w.now()) > 25.0 && w.now() > changed + s(1)
    });
    assert!(plays, "nothing came in {:?}", world.now() - changed);
    world.run_for(s(10));
    let video = world.viewer(viewer).video();
    assert!(video.freeze_max(world.now() - s(9)..world.now()) < ms(200));
}

#[test]
fn silent_sessions_are_closed_and_freed() {
    let mut world = world(50, 2);
    let publisher = world.publish(PublisherSettings::default(), Path::default());
    let silent = world.watch(0, Path::default());
    let elsewhere = world.watch(1, Path::default());
    let polite = world.watch(0, Path::default());
    let never = world.watch(1, Path::lossy(1.0));
    world.vanish(never);
    world.run_for(s(3));
    assert_eq!(world.counters(0).sessions + world.counters(1).sessions, 5);
    world.leave(polite);
    for client in [publisher, silent, elsewhere] {
        world.vanish(client);
    }
    world.run_for(s(30));
    let reason = |client| {
        world.events().iter().find_map(|(_, event)| match event {
            Event::Closed {
                session, reason, ..
            } if *session == world.session(client) => Some(*reason),
            _ => None,
        })
    };
    assert_eq!(reason(polite), Some(ClosedReason::Remote));
    assert_eq!(reason(never), Some(ClosedReason::NeverConnected));
    for client in [publisher, silent, elsewhere] {
        // ICE may end the session before the silence timeout does.
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
