//! A viewer that also publishes, over the same connection.

use headwater_sim::{Path, PublisherSettings, World};

use crate::adaptation::narrow;
use crate::helpers::{REPAIRED, assert_seamless, assert_whole, ms, s, world};

#[test]
fn every_packet_goes_both_ways_on_a_clean_link() {
    for shard in 0..2 {
        let mut world = world(20, 2);
        let clean = Path::default;
        world.publish(PublisherSettings::default(), clean());
        let both = world.converse(shard, PublisherSettings::default(), clean(), clean());
        let other = world.watch_client(both, 1 - shard, clean());
        world.run_for(s(5));
        for viewer in [both, other] {
            assert_whole(&world, viewer);
            let viewer = world.viewer(viewer);
            assert!(viewer.video().fps(s(1)..s(5)) > 29.0);
            assert!(viewer.video().freeze_max(s(1)..s(5)) < ms(100));
            assert!(viewer.audio().fps(s(1)..s(5)) > 49.0);
            assert_eq!(viewer.asked(), 0);
        }
    }
}

#[test]
fn packets_lost_in_either_direction_are_retransmitted() {
    for (seed, loss) in (21..=26).zip([0.02, 0.05].into_iter().cycle()) {
        let mut world = world(seed, 1);
        world.publish(PublisherSettings::default(), Path::default());
        let lossy = Path::lossy(loss);
        let both = world.converse(0, PublisherSettings::default(), lossy, lossy);
        let other = world.watch_client(both, 0, Path::default());
        world.run_for(s(20));
        let links = [world.down(both), world.up(both)];
        assert!(links.iter().all(|link| link.lost() > 50), "the link loses");
        for viewer in [both, other] {
            assert_seamless(&world, viewer);
            let video = world.viewer(viewer).video();
            assert_eq!(video.missing(s(19)), [0_u64; 0]);
            assert!(video.fps(s(1)..s(19)) > 29.0);
            assert!(video.freeze_max(s(1)..s(19)) < REPAIRED);
        }
    }
}

#[test]
fn shrinking_downlink_does_not_harm_the_published_stream() {
    for seed in 27..30 {
        let mut world = world(seed, 1);
        world.publish(PublisherSettings::simulcast(), Path::default());
        let clean = Path::default();
        let both = world.converse(0, PublisherSettings::default(), clean, clean);
        let other = world.watch_client(both, 0, clean);
        world.run_for(s(8));
        world.set_down(both, narrow(400, 0.05));
        world.run_for(s(20));
        assert_eq!(world.viewer(both).video().layer(), Some(0));
        assert_whole(&world, other);
        let video = world.viewer(other).video();
        assert!(video.fps(s(1)..s(28)) > 29.0);
        assert!(video.freeze_max(s(1)..s(28)) < ms(200));
    }
}

/// The guard of `forward` panics when a packet is sent twice.
#[test]
fn busy_shard_sends_each_packet_of_several_streams_once() {
    for seed in 31..41 {
        let mut world = world(seed, 1);
        world.set_gathers(0, ms(40));
        world.publish(PublisherSettings::default(), Path::default());
        let talk = |world: &mut World| {
            let clean = Path::default;
            world.converse(0, PublisherSettings::default(), clean(), clean())
        };
        let others = [talk(&mut world), talk(&mut world)];
        world.run_for(s(3));
        let before = world.counters(0).packets_out;
        world.watch_all(0, &others, Path::default());
        world.run_for(s(5));
        assert!(world.counters(0).packets_out - before > 1_000);
    }
}

#[test]
fn both_sides_see_each_other_again_after_a_cut_of_five_seconds() {
    for seed in 51..61 {
        let mut world = world(seed, 2);
        world.set_gathers(0, ms(5));
        world.publish(PublisherSettings::default(), Path::default());
        let clean = Path::default;
        let one = world.converse(0, PublisherSettings::default(), clean(), clean());
        let other = world.watch_client(one, 1, clean());
        world.run_for(s(4));
        let dead = Path::lossy(1.0);
        for client in [one, other] {
            world.set_up(client, dead);
        }
        world.run_for(s(5));
        for client in [one, other] {
            world.set_up(client, clean());
        }
        world.run_for(s(6));
        for viewer in [one, other] {
            assert_seamless(&world, viewer);
            let video = world.viewer(viewer).video();
            assert!(video.fps(s(11)..s(15)) > 29.0, "{viewer:?}");
        }
    }
}
