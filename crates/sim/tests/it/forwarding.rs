//! What a viewer receives from one publisher.

use headwater_sim::{Path, PublisherSettings};
use rtp::Codec;

use crate::helpers::{REPAIRED, assert_seamless, assert_whole, ms, s, world};

#[test]
fn viewer_gets_every_packet_on_a_clean_link() {
    for codec in [Codec::Vp8, Codec::H264, Codec::Av1] {
        let mut world = world(1, 1);
        let settings = PublisherSettings {
            codec,
            ..PublisherSettings::default()
        };
        world.publish(settings, Path::default());
        let viewer = world.watch(0, Path::default());
        world.run_for(s(5));
        assert_whole(&world, viewer);
        let viewer = world.viewer(viewer);
        assert!(viewer.video().fps(s(1)..s(5)) > 29.0, "{codec}");
        assert!(viewer.video().freeze_max(s(1)..s(5)) < ms(100), "{codec}");
        assert!(viewer.audio().fps(s(1)..s(5)) > 49.0, "{codec}");
        assert_eq!(viewer.asked(), 0, "{codec}");
    }
}

#[test]
fn lost_packets_are_recovered_by_retransmission() {
    for seed in 1..=3 {
        let mut world = world(seed, 1);
        world.publish(PublisherSettings::default(), Path::lossy(0.05));
        let viewer = world.watch(0, Path::lossy(0.05));
        world.run_for(s(20));
        assert!(world.down(viewer).lost() > 50, "the link loses");
        assert_seamless(&world, viewer);
        let video = world.viewer(viewer).video();
        let got = video.got().len();
        let missing = video.missing(s(19)).len();
        assert!(missing * 1_000 < got, "{missing} of {got} never came");
        assert!(video.fps(s(1)..s(19)) > 28.0);
        assert!(video.freeze_max(s(1)..s(19)) < REPAIRED);
    }
}

#[test]
fn reordered_and_duplicated_packets_keep_their_numbers() {
    let disorder = Path {
        reordered: 0.1,
        duplicated: 0.05,
        ..Path::default()
    };
    let mut world = world(4, 1);
    let publisher = world.publish(PublisherSettings::default(), Path::default());
    let viewer = world.watch(0, Path::default());
    world.run_for(ms(500));
    // Not earlier: a packet that overtakes the end of the handshake finds no keys yet, and is lost.
    for client in [publisher, viewer] {
        world.set_up(client, disorder);
        world.set_down(client, disorder);
    }
    world.run_for(s(10));
    assert_whole(&world, viewer);
    let video = world.viewer(viewer).video();
    assert!(video.freeze_max(s(1)..s(9)) < ms(200));
}

#[test]
fn numbering_continues_across_every_wrap() {
    let settings = PublisherSettings {
        first_seq: u16::MAX - 400,
        first_timestamp: u32::MAX - 100_000,
        first_picture: 0x7fff - 30,
        temporal_layers: 2,
        ..PublisherSettings::default()
    };
    let mut world = world(5, 1);
    world.publish(settings, Path::default());
    let viewer = world.watch(0, Path::default());
    world.run_for(s(10));
    assert_whole(&world, viewer);
    assert!(world.viewer(viewer).video().fps(s(1)..s(9)) > 29.0);
}

#[test]
fn layer_switches_are_seamless() {
    for (seed, codec) in [(6, Codec::Vp8), (7, Codec::Av1), (8, Codec::H264)] {
        let mut world = world(seed, 1);
        let settings = PublisherSettings {
            codec,
            temporal_layers: 2,
            first_picture: 0x7ff0,
            ..PublisherSettings::simulcast()
        };
        world.publish(settings, Path::default());
        let viewer = world.watch(0, Path::default());
        world.run_for(s(2));
        let order = [("l", 0), ("h", 2), ("m", 1), ("l", 0), ("h", 2), ("l", 0)];
        for (rid, layer) in order {
            world.pin(viewer, Some(rid));
            assert!(
                world.run_until(s(2), |w| w.viewer(viewer).video().layer() == Some(layer)),
                "{codec} never came to {rid}"
            );
            world.run_for(ms(700));
        }
        world.run_for(s(2));
        assert_whole(&world, viewer);
        let now = world.now();
        let video = world.viewer(viewer).video();
        assert!(video.layers().len() > order.len());
        assert!(video.freeze_max(s(1)..now) < ms(200), "{codec}");
        assert!(video.drift_max() < ms(100), "{codec}");
    }
}
