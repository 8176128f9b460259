use contract::Event;
use headwater_sim::{Path, PublisherSettings};
use rtp::Codec;

use crate::helpers::{assert_seamless, assert_whole, ms, s, world};

/// Settings whose numbers are as unlike the default ones as can be.
fn other_numbers(codec: Codec) -> PublisherSettings {
    PublisherSettings {
        codec,
        first_seq: 60_000,
        first_timestamp: 3_000_000_000,
        first_picture: 0x7ff0,
        ..PublisherSettings::default()
    }
}

#[test]
fn returning_publisher_is_invisible_to_viewers() {
    for (seed, codec) in [(20, Codec::Vp8), (21, Codec::Av1), (22, Codec::H264)] {
        let mut world = world(seed, 1);
        let first = PublisherSettings {
            codec,
            ..PublisherSettings::default()
        };
        let publisher = world.publish(first, Path::default());
        let viewer = world.watch(0, Path::default());
        world.run_for(s(4));
        let ssrcs = world.viewer(viewer).ssrcs().clone();
        world.vanish(publisher);
        world.run_for(s(1));
        let returns = world.now();
        world.publish(other_numbers(codec), Path::default());
        world.run_for(s(4));
        assert_whole(&world, viewer);
        let now = world.now();
        let viewer = world.viewer(viewer);
        let video = viewer.video();
        let again = video.decoded().iter().find(|(_, s)| s.publisher == 1);
        let (at, _) = again.expect("pictures of the second publisher");
        assert!(*at - returns < ms(500), "{codec}: {:?}", *at - returns);
        assert!(video.fps(now - s(3)..now) > 29.0, "{codec}");
        assert!(viewer.ssrcs().is_superset(&ssrcs) && viewer.ssrcs().len() <= 3);
        assert!(
            video.drift_max() < ms(100),
            "{codec}: {:?}",
            video.drift_max()
        );
        assert!(viewer.audio().drift_max() < ms(100), "{codec}");
        let closed: Vec<_> = world
            .events()
            .iter()
            .filter_map(|(_, event)| match event {
                Event::Closed { session, .. } => Some(*session),
                _ => None,
            })
            .collect();
        assert_eq!(closed, [world.session(publisher)]);
    }
}

#[test]
fn second_publisher_takes_over_before_the_first_leaves() {
    let mut world = world(23, 1);
    world.publish(PublisherSettings::simulcast(), Path::default());
    let viewer = world.watch(0, Path::default());
    world.run_for(s(4));
    let second = other_numbers(Codec::Vp8);
    world.publish(second, Path::default());
    world.run_for(s(4));
    assert_whole(&world, viewer);
    let video = world.viewer(viewer).video();
    assert!(
        video
            .got()
            .last()
            .is_some_and(|got| got.stamp.publisher == 1)
    );
    assert!(
        video.freeze_max(s(1)..s(8)) < ms(700),
        "{:?}",
        video.freeze_max(s(1)..s(8))
    );
}

#[test]
fn publisher_returning_amid_losses_leaves_no_step() {
    for seed in 24..27 {
        let mut world = world(seed, 1);
        let publisher = world.publish(PublisherSettings::default(), Path::lossy(0.05));
        let viewer = world.watch(0, Path::lossy(0.05));
        world.run_for(s(3));
        world.leave(publisher);
        world.run_for(ms(300));
        world.publish(other_numbers(Codec::Vp8), Path::lossy(0.05));
        world.run_for(s(6));
        assert_seamless(&world, viewer);
        let now = world.now();
        let video = world.viewer(viewer).video();
        assert!(video.fps(now - s(4)..now) > 27.0);
    }
}

#[test]
fn viewer_gets_the_best_layer_of_a_publisher_back_with_three() {
    let mut world = world(28, 1);
    let publisher = world.publish(PublisherSettings::default(), Path::default());
    let viewer = world.watch(0, Path::default());
    world.run_for(s(4));
    world.leave(publisher);
    world.run_for(ms(300));
    let returns = world.now();
    world.publish(PublisherSettings::simulcast(), Path::default());
    world.run_for(s(6));
    assert_whole(&world, viewer);
    let video = world.viewer(viewer).video();
    let again = video.decoded().iter().find(|(_, s)| s.publisher == 1);
    let (at, _) = again.expect("pictures of the second publisher");
    assert!(*at - returns < ms(500), "{:?}", *at - returns);
    assert_eq!(video.layer(), Some(2));
}
