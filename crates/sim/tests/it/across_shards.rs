//! Two shards, and the ring between them.

use headwater_sim::{Path, PublisherSettings};

use crate::helpers::{assert_seamless, assert_whole, ms, s, world};

#[test]
fn viewer_on_another_shard_gets_the_same() {
    let mut world = world(40, 2);
    let publisher = world.publish(PublisherSettings::simulcast(), Path::default());
    world.run_for(s(3));
    let here = world.watch(0, Path::default());
    let there = world.watch(1, Path::default());
    world.run_for(s(6));
    let (begin, end) = (s(5), s(8));
    for viewer in [here, there] {
        assert_whole(&world, viewer);
        let viewer = world.viewer(viewer);
        assert!(viewer.first_picture().is_some_and(|wait| wait < ms(250)));
        assert!(viewer.video().fps(begin..end) > 29.0);
        assert!(viewer.audio().fps(begin..end) > 49.0);
        assert_eq!(viewer.video().layer(), Some(2));
    }
    let asked = world.publisher(publisher).requests().len();
    world.run_for(s(1));
    world.request_keyframe(there);
    world.run_for(s(1));
    assert_eq!(world.publisher(publisher).requests().len(), asked + 1);
}

#[test]
fn returning_publisher_is_invisible_on_another_shard() {
    let mut world = world(41, 2);
    let publisher = world.publish(PublisherSettings::simulcast(), Path::default());
    let viewer = world.watch(1, Path::default());
    world.run_for(s(3));
    world.leave(publisher);
    world.run_for(ms(500));
    let second = PublisherSettings {
        first_seq: 3,
        first_timestamp: 1,
        first_picture: 9,
        ..PublisherSettings::default()
    };
    world.publish(second, Path::default());
    world.run_for(s(3));
    assert_whole(&world, viewer);
    let now = world.now();
    assert!(world.viewer(viewer).video().fps(now - s(2)..now) > 29.0);
}

/// A shard unsubscribes when its last viewer leaves, just as the next one joins.
#[test]
fn viewer_joining_as_the_last_one_leaves_gets_everything() {
    let mut world = world(43, 2);
    world.publish(PublisherSettings::simulcast(), Path::default());
    world.run_for(s(3));
    let mut last = world.watch(1, Path::default());
    for wait in [0, 1, 10, 100, 500] {
        world.run_for(s(1));
        world.leave(last);
        world.run_for(ms(wait));
        last = world.watch(1, Path::default());
    }
    world.run_for(s(3));
    assert_whole(&world, last);
    let now = world.now();
    let viewer = world.viewer(last);
    assert!(viewer.first_picture().is_some_and(|wait| wait < ms(250)));
    assert!(viewer.video().fps(now - s(1)..now) > 29.0);
    assert!(viewer.audio().fps(now - s(1)..now) > 49.0);
}

#[test]
fn full_ring_drops_video_up_to_the_next_key_frame() {
    let mut world = world(42, 2);
    let settings = PublisherSettings {
        keyframe_interval: s(2),
        answers_requests: false,
        ..PublisherSettings::default()
    };
    world.publish(settings, Path::default());
    let here = world.watch(0, Path::default());
    let there = world.watch(1, Path::default());
    world.run_for(ms(5_000));
    world.set_full(1, true);
    world.run_for(ms(100));
    world.set_full(1, false);
    world.run_for(s(5));
    assert!(world.counters(0).dropped_ring_full > 0);
    assert_whole(&world, here);
    assert_seamless(&world, there);
    let got = world.viewer(there).video().got();
    let full = s(5)..ms(5_150);
    // Key frames are made about every even second after the publisher connected.
    let resumed = got.iter().find(|got| got.at > full.end);
    assert!(resumed.is_some_and(|got| got.stamp.is_keyframe()));
    let audio = world.viewer(there).audio();
    assert!(audio.fps(full.end + ms(50)..s(9)) > 49.0, "audio goes on");
    assert!(world.viewer(there).video().fps(s(7)..s(9)) > 29.0);
}
