//! Layers that follow what a viewer's link carries.

use std::collections::BTreeSet;
use std::time::Duration;

use headwater_sim::{ClientId, LayerSettings, Path, Policer, PublisherSettings, World};
use rtp::{Bitrate, Codec};

use crate::helpers::{REPAIRED, Seeded, assert_seamless, ms, s, world};

const TOP: Option<u8> = Some(2);
const LOW: Option<u8> = Some(0);

pub(crate) fn narrow(kbps: u64, loss: f64) -> Path {
    Path {
        rate: Some(Bitrate::kbps(kbps)),
        queue: ms(300),
        loss,
        ..Path::default()
    }
}

/// A stream of three layers, and a viewer that has had the top one for a while.
fn settled(seed: u64, joins: impl FnOnce(&mut World) -> ClientId) -> (Seeded, ClientId) {
    let mut world = world(seed, 1);
    world.publish(PublisherSettings::simulcast(), Path::default());
    let viewer = joins(&mut world);
    world.run_for(s(8));
    assert_eq!(world.viewer(viewer).video().layer(), TOP);
    (world, viewer)
}

fn only_watches(world: &mut World) -> ClientId {
    world.watch(0, Path::default())
}

/// The viewer publishes over the same connection.
fn publishes_too(world: &mut World) -> ClientId {
    let (settings, path) = (PublisherSettings::default(), Path::default());
    world.converse(0, settings, path, path)
}

fn layers_and_fps(world: &World, id: ClientId, since: Duration) -> String {
    let video = world.viewer(id).video();
    let seconds = since.as_secs()..world.now().as_secs();
    let fps: Vec<_> = seconds
        .map(|i| video.fps(s(i)..s(i + 1)).round() as u32)
        .collect();
    format!("fps {fps:?} layers {:?}", video.layers())
}

#[test]
fn viewer_on_300_kbit_gets_low_layer_and_others_keep_top() {
    for seed in 60..63 {
        let mut world = world(seed, 1);
        world.publish(PublisherSettings::simulcast(), Path::default());
        world.run_for(s(2));
        let wide = world.watch(0, Path::default());
        let slow = world.watch(0, narrow(300, 0.0));
        world.run_for(s(30));
        for viewer in [wide, slow] {
            assert_seamless(&world, viewer);
        }
        let seen = layers_and_fps(&world, slow, s(2));
        let (wide, slow) = (world.viewer(wide).video(), world.viewer(slow).video());
        assert_eq!((wide.layer(), slow.layer()), (TOP, LOW), "{seen}");
        let end = world.now();
        assert!(wide.freeze_max(s(3)..end) < ms(200));
        assert!(slow.fps(s(5)..end) > 28.0, "{seen}");
        assert!(slow.freeze_max(s(5)..end) < ms(500), "{seen}");
    }
}

/// Shrinks the viewer's link, and checks that the picture freezes only briefly.
fn assert_without_a_picture_for_a_moment_only(mut world: Seeded, viewer: ClientId) {
    world.set_down(viewer, narrow(400, 0.05));
    world.run_for(s(30));
    assert_seamless(&world, viewer);
    let seen = layers_and_fps(&world, viewer, s(8));
    let video = world.viewer(viewer).video();
    assert_eq!(video.layer(), LOW, "{seen}");
    let (end, shrinks) = (world.now(), s(8));
    assert!(video.freeze_max(shrinks..end) < ms(1_500), "{seen}");
    // For no longer than the repair of losses takes.
    assert!(video.freeze_max(shrinks + s(3)..end) < REPAIRED, "{seen}");
    assert!(video.fps(shrinks + s(3)..end) > 28.0, "{seen}");
}

#[test]
fn viewer_on_a_shrinking_link_freezes_only_briefly() {
    for seed in 70..80 {
        let (world, viewer) = settled(seed, only_watches);
        assert_without_a_picture_for_a_moment_only(world, viewer);
    }
}

#[test]
fn publishing_viewer_on_a_shrinking_link_freezes_only_briefly() {
    for seed in 70..80 {
        let (world, viewer) = settled(seed, publishes_too);
        assert_without_a_picture_for_a_moment_only(world, viewer);
    }
}

/// Shrinks the viewer's link and widens it again, and checks that the top layer returns.
fn assert_returns_to_the_top_layer(mut world: Seeded, viewer: ClientId, loss: f64) {
    world.set_down(viewer, narrow(400, loss));
    world.run_for(s(15));
    assert_eq!(world.viewer(viewer).video().layer(), LOW);
    world.set_down(viewer, Path::default());
    let lifted = world.now();
    let back = world.run_until(s(10), |w| w.viewer(viewer).video().layer() == TOP);
    let seen = layers_and_fps(&world, viewer, lifted);
    assert!(back, "{seen}");
    world.run_for(s(10));
    assert_seamless(&world, viewer);
    assert_eq!(world.viewer(viewer).video().layer(), TOP, "it stays there");
}

#[test]
fn viewer_returns_to_the_top_layer_after_the_limit() {
    for (seed, loss) in (80..92).zip([0.0, 0.05].into_iter().cycle()) {
        let (world, viewer) = settled(seed, only_watches);
        assert_returns_to_the_top_layer(world, viewer, loss);
    }
}

#[test]
fn publishing_viewer_returns_to_the_top_layer_after_the_limit() {
    for (seed, loss) in (80..92).zip([0.0, 0.05].into_iter().cycle()) {
        let (world, viewer) = settled(seed, publishes_too);
        assert_returns_to_the_top_layer(world, viewer, loss);
    }
}

#[test]
fn viewer_below_the_lowest_layer_gets_half_of_its_frames() {
    for (seed, codec) in [(95, Codec::Vp8), (96, Codec::Av1)] {
        let mut world = world(seed, 1);
        let settings = PublisherSettings {
            codec,
            temporal_layers: 2,
            ..PublisherSettings::default()
        };
        world.publish(settings, Path::default());
        let viewer = world.watch(0, Path::default());
        world.run_for(s(5));
        world.set_down(viewer, narrow(800, 0.0));
        world.run_for(s(20));
        let seen = layers_and_fps(&world, viewer, s(0));
        let video = world.viewer(viewer).video();
        let fps = video.fps(s(10)..s(25));
        assert!((14.0..25.0).contains(&fps), "{codec}: {seen}");
        assert!(video.freeze_max(s(10)..s(25)) < ms(500), "{codec}: {seen}");
        world.set_down(viewer, Path::default());
        world.run_for(s(10));
        assert_seamless(&world, viewer);
        let seen = layers_and_fps(&world, viewer, s(0));
        let fps = world.viewer(viewer).video().fps(s(30)..s(35));
        assert!(fps > 29.0, "{codec}: {seen}");
    }
}

/// A policer keeps no queue, so losses are the only sign of it.
#[test]
fn viewer_behind_a_policer_pauses_once_then_sees_every_frame() {
    for (seed, kbps) in (120..126).zip([1_800, 1_000, 400].into_iter().cycle()) {
        let (mut world, viewer) = settled(seed, only_watches);
        let policer = Policer {
            rate: Bitrate::kbps(kbps),
            burst_bytes: 20_000,
        };
        let down = Path {
            policer: Some(policer),
            ..Path::default()
        };
        world.set_down(viewer, down);
        world.run_for(s(30));
        assert_seamless(&world, viewer);
        let seen = layers_and_fps(&world, viewer, s(8));
        let video = world.viewer(viewer).video();
        let (end, narrows) = (world.now(), s(8));
        assert!(video.freeze_max(narrows..end) < ms(1_500), "{seen}");
        assert!(video.freeze_max(narrows + s(4)..end) < REPAIRED, "{seen}");
        assert!(video.fps(narrows + s(4)..end) > 29.0, "{seen}");
    }
}

/// Checks that a viewer gets every frame while 3 % of the datagrams are lost, independently of each
/// other, on a path that carries all that is sent.
fn assert_sees_every_frame(seed: u64, layers: &[u64]) {
    let top = layers.len() as u8 - 1;
    let layers = layers
        .iter()
        .zip(["l", "h"])
        .map(|(kbps, rid)| LayerSettings {
            rid,
            rate: Bitrate::kbps(*kbps),
        });
    let settings = PublisherSettings {
        layers: layers.collect(),
        temporal_layers: 2,
        ..PublisherSettings::default()
    };
    let mut world = world(seed, 1);
    world.publish(settings, Path::default());
    let viewer = world.watch(0, Path::default());
    world.run_for(s(5));
    assert_eq!(world.viewer(viewer).video().layer(), Some(top));
    world.set_down(viewer, Path::lossy(0.03));
    world.set_up(viewer, Path::lossy(0.03));
    world.run_for(s(60));
    assert_seamless(&world, viewer);
    let seen = layers_and_fps(&world, viewer, s(5));
    let video = world.viewer(viewer).video();
    let moved = video.layers().into_iter().filter(|(at, _)| *at > s(5));
    assert_eq!(moved.count(), 0, "{seen}");
    let got = video.got().iter().filter(|got| got.at > s(5));
    let frames: BTreeSet<_> = got.map(|got| got.stamp.frame).collect();
    let left_out = frames
        .iter()
        .zip(frames.iter().skip(1))
        .filter(|(a, b)| *a + 1 < **b);
    assert_eq!(left_out.count(), 0, "frames were not sent: {seen}");
    // A packet that did not come after five requests costs a second.
    assert!(video.fps(s(5)..s(65)) > 29.1, "{seen}");
}

#[test]
fn viewer_with_random_loss_sees_every_frame() {
    for seed in 100..108 {
        assert_sees_every_frame(seed, &[1_000]);
        assert_sees_every_frame(seed, &[2_500]);
    }
}

#[test]
fn viewer_with_random_loss_keeps_the_top_layer() {
    for seed in 110..118 {
        assert_sees_every_frame(seed, &[150, 800]);
        assert_sees_every_frame(seed, &[500, 2_000]);
    }
}
