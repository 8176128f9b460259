//! The data plane at its edge: packets in, numbered packets out, in virtual time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rtp::{
    Bitrate, Codec, Format, Kind, LayerIndex, Packet, PayloadInfo, PictureIds, Profile, Rewrite,
    SwitchUp,
};

use super::{Choice, Estimate, LayerSelector, Limits, Rewriter, Subscription, Track};

mod parameter_sets;
mod restart;

pub(super) const MS: Duration = Duration::from_millis(1);
pub(super) const FRAME: Duration = Duration::from_millis(33);
pub(super) const PACKETS_PER_FRAME: u64 = 3;

/// The layer with this number.
pub(super) fn layer(number: u8) -> LayerIndex {
    LayerIndex(number)
}

/// A synthetic encoder: frames of three packets at 30 frames per second.
pub(super) struct Encoder {
    pub(super) seq: u64,
    pub(super) timestamp: u32,
    pub(super) picture: u16,
    pub(super) bytes: usize,
    pub(super) temporal: fn(u64) -> u8,
    pub(super) frames: u64,
}

impl Encoder {
    pub(super) fn new(seq: u64, timestamp: u32, picture: u16, kbps: usize) -> Self {
        let bytes = kbps * 1_000 / 8 / 30 / PACKETS_PER_FRAME as usize;
        Self {
            seq,
            timestamp,
            picture,
            bytes,
            temporal: |_| 0,
            frames: 0,
        }
    }

    pub(super) fn frame(&mut self, now: Instant, keyframe: bool) -> Vec<Arc<Packet>> {
        let temporal_id = (self.temporal)(self.frames);
        let packets = (0..PACKETS_PER_FRAME).map(|i| {
            let frame = PayloadInfo {
                keyframe: keyframe && i == 0,
                start: i == 0,
                temporal_id,
                switch_up: if i == 0 { SwitchUp::Here } else { SwitchUp::No },
                picture: PictureIds {
                    picture_id: Some(self.picture),
                    picture_id_wide: true,
                    tl0_index: Some(self.frames as u8),
                },
                ..PayloadInfo::default()
            };
            let format = Format {
                codec: Codec::Vp8,
                clock_rate: 90_000,
                profile: Profile::Any,
                red: false,
            };
            Arc::new(Packet {
                seq: self.seq + i,
                timestamp: self.timestamp,
                marker: i == PACKETS_PER_FRAME - 1,
                frame,
                ..Packet::new(now, format, vec![0; self.bytes])
            })
        });
        let packets = packets.collect();
        self.seq += PACKETS_PER_FRAME;
        self.timestamp = self.timestamp.wrapping_add(2_970);
        self.picture = (self.picture + 1) & 0x7fff;
        self.frames += 1;
        packets
    }
}

/// A track with its encoders and one viewer.
pub(super) struct Scene {
    pub(super) now: Instant,
    pub(super) track: Track,
    pub(super) encoders: Vec<Encoder>,
    pub(super) viewer: Subscription,
    pub(super) estimate: Option<Bitrate>,
    pub(super) got: Vec<(Arc<Packet>, Rewrite)>,
}

impl Scene {
    pub(super) fn new(rids: &[&str], encoders: Vec<Encoder>) -> Self {
        let now = Instant::now();
        let mut track = Track::new(Kind::Video, Limits::default());
        track.begin(&rids.iter().map(|rid| (*rid).to_owned()).collect::<Vec<_>>());
        Self {
            now,
            track,
            encoders,
            viewer: Subscription::new(7, now),
            estimate: None,
            got: Vec::new(),
        }
    }

    /// Sends one frame of each layer. The layers in `keyframes` send a key frame.
    pub(super) fn frame(&mut self, keyframes: &[u8]) {
        for number in 0..self.encoders.len() as u8 {
            let keyframe = keyframes.contains(&number);
            for packet in self.encoders[usize::from(number)].frame(self.now, keyframe) {
                self.track.push(layer(number), &packet);
                self.offer(number, &packet);
            }
        }
        self.pass(FRAME);
    }

    pub(super) fn offer(&mut self, number: u8, packet: &Arc<Packet>) {
        let layer = layer(number);
        if let Some(rewrite) = self.viewer.packet(self.now, &self.track, layer, packet) {
            self.got.push((packet.clone(), rewrite));
        }
    }

    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            while let Some(forward) = self.viewer.poll(self.now, &self.track, self.estimate) {
                self.got.push((forward.packet, forward.rewrite));
            }
            self.now += MS;
        }
    }

    pub(super) fn select(&mut self, number: u8) {
        self.viewer.select(self.now, &mut self.track, layer(number));
    }

    /// Asserts that each packet that the viewer got follows the one before.
    pub(super) fn assert_seamless(&self) {
        for pair in self.got.windows(2) {
            let [(_, before), (packet, after)] = pair else {
                unreachable!("windows of two")
            };
            assert_eq!(after.seq, before.seq + 1, "sequence");
            let step = after.timestamp.wrapping_sub(before.timestamp);
            assert!(step < 90_000, "the timestamp jumps by {step}");
            assert_eq!(
                step == 0,
                !packet.frame.start,
                "one timestamp for one frame"
            );
        }
    }

    pub(super) fn picture_ids(&self) -> Vec<u16> {
        let starts = self.got.iter().filter(|(packet, _)| packet.frame.start);
        let shown = |(packet, rewrite): &(Arc<Packet>, Rewrite)| {
            rewrite.picture.unwrap_or(packet.frame.picture).picture_id
        };
        starts.filter_map(shown).collect()
    }
}

#[test]
fn first_viewer_begins_with_the_first_key_frame() {
    let mut scene = Scene::new(&[], vec![Encoder::new(500, 9, 3, 500)]);
    scene.select(0);
    scene.frame(&[]);
    assert!(scene.got.is_empty());
    assert_eq!(scene.track.poll_keyframe_request(scene.now), Some(layer(0)));
    scene.frame(&[0]);
    scene.frame(&[]);
    assert_eq!(scene.got.len(), 6);
    assert_eq!(scene.got[0].1.seq, 7);
    scene.assert_seamless();
}

#[test]
fn late_viewer_catches_up_from_the_key_frame_to_live() {
    let mut scene = Scene::new(&[], vec![Encoder::new(500, 9, 3, 500)]);
    (0..90).for_each(|i| scene.frame(if i == 0 { &[0] } else { &[] }));
    scene.select(0);
    scene.pass(5 * MS);
    assert!(!scene.got.is_empty(), "the first picture comes at once");
    assert!(scene.viewer.is_catching_up());
    // At four times real time, three seconds are made up for in one.
    (0..35).for_each(|_| scene.frame(&[]));
    assert!(!scene.viewer.is_catching_up());
    assert_eq!(scene.got.len() as u64, 125 * PACKETS_PER_FRAME);
    scene.assert_seamless();
}

#[test]
fn catching_up_is_faster_on_a_wider_path() {
    let behind = |estimate| {
        let mut scene = Scene::new(&[], vec![Encoder::new(500, 9, 3, 500)]);
        (0..90).for_each(|i| scene.frame(if i == 0 { &[0] } else { &[] }));
        scene.estimate = estimate;
        scene.select(0);
        let mut frames = 0;
        while scene.viewer.is_catching_up() {
            scene.frame(&[]);
            frames += 1;
        }
        frames
    };
    let (unknown, wide) = (behind(None), behind(Some(Bitrate::mbps(20))));
    assert!(
        wide * 4 < unknown && (25..=35).contains(&unknown),
        "{wide} frames against {unknown}"
    );
}

#[test]
fn catching_up_takes_no_more_than_a_measured_path_carries() {
    let mut scene = Scene::new(&[], vec![Encoder::new(500, 9, 3, 500)]);
    (0..90).for_each(|i| scene.frame(if i == 0 { &[0] } else { &[] }));
    scene.estimate = Some(Bitrate::kbps(800));
    scene.select(0);
    scene.pass(50 * MS);
    let bytes = |scene: &Scene| -> usize {
        let sent = scene.got.iter();
        sent.map(|(packet, _)| packet.payload.len()).sum()
    };
    let before = bytes(&scene);
    scene.pass(1_000 * MS);
    let rate = Bitrate::of((bytes(&scene) - before) as u64, 1_000 * MS);
    assert!(
        (Bitrate::kbps(560)..Bitrate::kbps(640)).contains(&rate),
        "{rate}"
    );
}

#[test]
fn catching_up_jumps_to_a_fresh_key_frame() {
    let mut scene = Scene::new(&[], vec![Encoder::new(500, 9, 3, 500)]);
    (0..90).for_each(|i| scene.frame(if i == 0 { &[0] } else { &[] }));
    scene.select(0);
    assert_eq!(
        scene.track.poll_keyframe_request(scene.now),
        Some(layer(0)),
        "asked for, since the cached one is old"
    );
    scene.frame(&[]);
    scene.frame(&[0]);
    scene.frame(&[]);
    assert!(!scene.viewer.is_catching_up());
    let sequence: Vec<u64> = scene.got.iter().map(|(_, rewrite)| rewrite.seq).collect();
    assert!(
        sequence.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "no gap to ask for"
    );
    assert!(
        scene
            .picture_ids()
            .windows(2)
            .all(|pair| pair[1] == pair[0] + 1)
    );
    // The viewer would take a larger step of the timestamps for pictures from the future.
    scene.assert_seamless();
    let steps = scene.got.windows(2);
    let steps = steps.map(|pair| pair[1].1.timestamp.wrapping_sub(pair[0].1.timestamp));
    assert!(steps.max() <= Some(2_970));
}

#[test]
fn layer_change_waits_for_a_key_frame_and_is_seamless() {
    let encoders = vec![
        Encoder::new(60_000, 4_000_000_000, 32_760, 150),
        Encoder::new(1, 77, 5, 1_500),
    ];
    let mut scene = Scene::new(&["l", "h"], encoders);
    scene.frame(&[0, 1]);
    scene.select(0);
    (0..20).for_each(|_| scene.frame(&[]));
    scene.select(1);
    assert_eq!(scene.track.poll_keyframe_request(scene.now), Some(layer(1)));
    (0..5).for_each(|_| scene.frame(&[]));
    assert_eq!(
        (scene.viewer.current(), scene.viewer.target()),
        (Some(layer(0)), Some(layer(1)))
    );
    scene.frame(&[1]);
    (0..20).for_each(|_| scene.frame(&[]));
    assert_eq!(scene.viewer.current(), Some(layer(1)));
    scene.select(0);
    scene.frame(&[0]);
    (0..20).for_each(|_| scene.frame(&[]));
    assert_eq!(scene.viewer.current(), Some(layer(0)));
    scene.assert_seamless();
    assert!(
        scene
            .picture_ids()
            .windows(2)
            .all(|pair| pair[1] == (pair[0] + 1) & 0x7fff)
    );
}

#[test]
fn returning_publisher_continues_the_numbering() {
    let mut scene = Scene::new(&[], vec![Encoder::new(500, 9, 3, 500)]);
    scene.frame(&[0]);
    scene.select(0);
    (0..10).for_each(|_| scene.frame(&[]));
    let before = scene.got.len();
    scene.track.end();
    scene.pass(700 * MS);
    scene.track.begin(&[]);
    scene.encoders = vec![Encoder::new(9, 3_000_000_000, 20_000, 500)];
    scene.select(0);
    scene.frame(&[]);
    assert_eq!(scene.got.len(), before, "nothing that cannot be decoded");
    scene.frame(&[0]);
    (0..10).for_each(|_| scene.frame(&[]));
    assert!(scene.got.len() > before);
    scene.assert_seamless();
    assert!(
        scene
            .picture_ids()
            .windows(2)
            .all(|pair| pair[1] == pair[0] + 1)
    );
    let gap = scene.got[before]
        .1
        .timestamp
        .wrapping_sub(scene.got[before - 1].1.timestamp);
    assert!(
        (60_000..90_000).contains(&gap),
        "the time that passed is in the timestamps: {gap}"
    );
}

#[test]
fn dropped_temporal_layers_leave_no_gap() {
    let mut scene = Scene::new(&[], vec![Encoder::new(500, 9, 3, 500)]);
    scene.encoders[0].temporal = |frame| (frame % 2) as u8;
    scene.frame(&[0]);
    scene.select(0);
    (0..9).for_each(|_| scene.frame(&[]));
    let all = scene.got.len();
    scene.viewer.limit_temporal(0);
    // These are more packets than the rewriter remembers one by one.
    (0..100).for_each(|_| scene.frame(&[]));
    let half = scene.got.len() - all;
    assert_eq!(half as u64, 50 * PACKETS_PER_FRAME);
    scene.viewer.limit_temporal(u8::MAX);
    (0..10).for_each(|_| scene.frame(&[]));
    assert_eq!(
        (scene.got.len() - all - half) as u64,
        10 * PACKETS_PER_FRAME
    );
    scene.assert_seamless();
}

#[test]
fn lower_temporal_limit_does_not_cut_a_frame_that_began() {
    let mut scene = Scene::new(&[], vec![Encoder::new(500, 9, 3, 500)]);
    scene.encoders[0].temporal = |frame| (frame % 2) as u8;
    scene.frame(&[0]);
    scene.select(0);
    (0..4).for_each(|_| scene.frame(&[]));
    let before = scene.got.len() as u64;
    let packets = scene.encoders[0].frame(scene.now, false);
    assert_eq!(packets[0].frame.temporal_id, 1);
    for packet in &packets {
        scene.track.push(layer(0), packet);
        scene.offer(0, packet);
        scene.viewer.limit_temporal(0);
    }
    assert_eq!(scene.got.len() as u64, before + PACKETS_PER_FRAME);
    (0..2).for_each(|_| scene.frame(&[]));
    assert_eq!(scene.got.len() as u64, before + 2 * PACKETS_PER_FRAME);
    scene.assert_seamless();
}

#[test]
fn late_packet_keeps_its_sequence_number() {
    let mut encoder = Encoder::new(500, 9, 3, 500);
    let now = Instant::now();
    let mut rewriter = Rewriter::new(100);
    let packets: Vec<_> = (0..4)
        .flat_map(|i| encoder.frame(now + i * FRAME, i == 0))
        .collect();
    rewriter.begin(&packets[0]);
    let order = [0, 1, 2, 4, 5, 3, 6];
    let numbers: Vec<_> = order
        .iter()
        .filter_map(|i| Some(rewriter.rewrite(&packets[*i])?.seq))
        .collect();
    assert_eq!(numbers, [100, 101, 102, 104, 105, 103, 106]);
}

#[test]
fn packet_from_before_the_source_began_is_dropped() {
    let mut encoder = Encoder::new(500, 9, 3, 500);
    let now = Instant::now();
    let (old, new) = (encoder.frame(now, false), encoder.frame(now + FRAME, true));
    let mut rewriter = Rewriter::new(100);
    rewriter.begin(&new[0]);
    assert_eq!(rewriter.rewrite(&old[2]), None);
    assert_eq!(rewriter.rewrite(&new[0]).map(|r| r.seq), Some(100));
}

#[test]
fn first_sequence_number_leaves_room_before_the_wrap() {
    let packet = &Encoder::new(70_000, 9, 3, 500).frame(Instant::now(), true)[0];
    let mut rewriter = Rewriter::new(u16::MAX);
    rewriter.begin(packet);
    assert!(rewriter.rewrite(packet).is_some_and(|r| r.seq < 32_768));
}

/// A path of this bandwidth that is not congested.
fn path(kbps: u64) -> Option<Estimate> {
    Some(Estimate {
        bandwidth: Bitrate::kbps(kbps),
        congested: false,
    })
}

fn congested(path: Option<Estimate>) -> Option<Estimate> {
    path.map(|path| Estimate {
        congested: true,
        ..path
    })
}

/// A track of three layers with measured rates.
fn measured() -> (Track, Instant) {
    let encoders = [150, 500, 2_000].map(|kbps| Encoder::new(1, 1, 1, kbps));
    let mut scene = Scene::new(&["l", "m", "h"], encoders.into());
    scene.frame(&[0, 1, 2]);
    (0..120).for_each(|_| scene.frame(&[]));
    (scene.track, scene.now)
}

#[test]
fn viewer_gets_the_best_layer_that_its_path_carries() {
    let (track, now) = measured();
    for (kbps, number) in [(100, 0), (300, 0), (900, 1), (5_000, 2)] {
        let choice = LayerSelector::default().choose(now, &track, path(kbps));
        assert_eq!(
            choice.map(|c| c.layer),
            Some(layer(number)),
            "{kbps} kbit/s"
        );
    }
    assert_eq!(
        LayerSelector::default()
            .choose(now, &track, None)
            .map(|c| c.layer),
        Some(layer(2))
    );
}

#[test]
fn squeezed_viewer_keeps_the_base_temporal_layer() {
    let (track, now) = measured();
    let temporal = |kbps| {
        LayerSelector::default()
            .choose(now, &track, path(kbps))
            .map(|c| c.temporal_max)
    };
    assert_eq!((temporal(150), temporal(300)), (Some(0), Some(u8::MAX)));
}

#[test]
fn viewer_is_squeezed_on_congestion_or_after_doubt() {
    let (track, now) = measured();
    let temporal = |paths: [(u32, Option<Estimate>); 4]| {
        let mut selector = LayerSelector::default();
        paths.map(|(ms, path)| {
            let choice = selector.choose(now + ms * MS, &track, path);
            choice.is_some_and(|choice| choice.temporal_max == 0)
        })
    };
    let fits = (0, path(300));
    let short = [100, 599, 600].map(|ms| (ms, path(150)));
    let [first, second, third] = short;
    assert_eq!(
        temporal([fits, first, second, third]),
        [false, false, false, true]
    );
    let recovers = [fits, first, (300, path(300)), third];
    assert_eq!(temporal(recovers), [false; 4]);
    let fills = [fits, (100, congested(path(150))), second, third];
    assert_eq!(temporal(fills), [false, true, true, true]);
}

#[test]
fn viewer_moves_down_soon_and_up_after_a_growing_hold() {
    let encoders = [150, 500, 2_000].map(|kbps| Encoder::new(1, 1, 1, kbps));
    let mut scene = Scene::new(&["l", "m", "h"], encoders.into());
    scene.frame(&[0, 1, 2]);
    (0..120).for_each(|_| scene.frame(&[]));
    let mut selector = LayerSelector::default();
    let mut before = None;
    let mut moved_down: Option<Instant> = None;
    let mut holds = Vec::new();
    // The path is wide until the best layer is sent, and then too narrow for it.
    for _ in 0..1_200 {
        let estimate = path(if before == Some(2) { 1_700 } else { 5_000 });
        let now = selector
            .choose(scene.now, &scene.track, estimate)
            .map(|c| c.layer.0);
        match (before, now) {
            (Some(2), Some(2)) => {}
            (Some(2), after) => {
                assert_eq!(after, Some(1));
                moved_down = Some(scene.now);
            }
            (_, Some(2)) => holds.extend(moved_down.map(|at| (scene.now - at).as_millis() / 1_000)),
            _ => {}
        }
        before = now;
        scene.frame(&[]);
    }
    // Each includes the second of the probe.
    assert_eq!(holds.get(..4), Some(&[2, 3, 5, 5][..]), "{holds:?}");
}

/// A stream of three layers that keeps sending, and the layer selector of one viewer.
struct Chooser {
    scene: Scene,
    selector: LayerSelector,
}

impl Chooser {
    fn new() -> Self {
        let encoders = [150, 500, 2_000].map(|kbps| Encoder::new(1, 1, 1, kbps));
        let mut scene = Scene::new(&["l", "m", "h"], encoders.into());
        (0..120).for_each(|i| scene.frame(if i == 0 { &[0, 1, 2] } else { &[] }));
        let selector = LayerSelector::default();
        Self { scene, selector }
    }

    /// Lets time pass, and returns the choice for this path.
    fn after(&mut self, millis: u32, path: Option<Estimate>) -> Choice {
        let until = self.scene.now + millis * MS;
        while self.scene.now < until {
            self.scene.frame(&[]);
        }
        let choice = self
            .selector
            .choose(self.scene.now, &self.scene.track, path);
        choice.expect("there are layers")
    }
}

#[test]
fn congested_path_drains_before_the_worst_layer_is_sent() {
    let mut chooser = Chooser::new();
    let mut after = |millis, path| {
        let choice = chooser.after(millis, path);
        (choice.layer.0, choice.pause)
    };
    assert_eq!(after(0, path(5_000)), (2, false));
    assert_eq!(after(0, congested(path(1_900))), (0, true));
    assert_eq!(after(400, congested(path(1_000))), (0, true));
    assert_eq!(after(200, congested(path(1_000))), (0, false), "drained");
    assert_eq!(after(500, path(1_000)), (0, false), "a probe");
    assert_eq!(after(1_100, path(1_000)), (1, false));
}

#[test]
fn low_estimate_on_uncongested_path_must_last_to_count() {
    let mut chooser = Chooser::new();
    let mut after = |millis, kbps| {
        let choice = chooser.after(millis, path(kbps));
        (choice.layer.0, choice.pause)
    };
    assert_eq!(after(0, 5_000), (2, false));
    assert_eq!(after(100, 1_000), (2, false));
    assert_eq!(after(300, 5_000), (2, false), "it was nothing");
    assert_eq!(after(300, 1_000), (2, false));
    assert_eq!(after(600, 1_000), (1, false));
}

#[test]
fn path_is_used_at_once_when_congestion_ends() {
    let mut chooser = Chooser::new();
    let mut pauses = |millis, path| chooser.after(millis, path).pause;
    assert!(!pauses(0, path(5_000)));
    assert!(pauses(0, congested(path(1_000))));
    assert!(!pauses(50, path(1_000)));
}

#[test]
fn probes_for_the_next_layer_are_short_and_become_rare() {
    let encoders = [150, 500].map(|kbps| Encoder::new(1, 1, 1, kbps));
    let mut scene = Scene::new(&["l", "h"], encoders.into());
    (0..60).for_each(|i| scene.frame(if i == 0 { &[0, 1] } else { &[] }));
    let mut selector = LayerSelector::default();
    let mut begins = Vec::new();
    let (mut probed, mut probing) = (Duration::ZERO, false);
    let start = scene.now;
    while scene.now < start + 20_000 * MS {
        let choice = selector.choose(scene.now, &scene.track, path(300));
        let probes = choice.is_some_and(|c| c.wanted > Bitrate::kbps(500));
        if probes && !probing {
            begins.push(scene.now - start);
        }
        probed += FRAME * u32::from(probes);
        probing = probes;
        scene.frame(&[]);
    }
    let tenths = |pair: &[Duration]| ((pair[1] - pair[0]).as_millis() as f64 / 100.0).round();
    let pauses: Vec<_> = begins.windows(2).map(tenths).collect();
    assert_eq!(pauses[..4], [16.0, 25.0, 25.0, 25.0]);
    assert!(probed < 600 * MS * begins.len() as u32, "{probed:?}");
}

#[test]
fn viewer_that_moved_down_moves_up_only_after_padding() {
    let mut chooser = Chooser::new();
    let mut after = |millis, kbps| {
        let choice = chooser.after(millis, path(kbps));
        (choice.layer.0, choice.padded.as_bps() / 1_000)
    };
    assert_eq!(after(0, 5_000), (2, 0));
    assert_eq!(after(0, 300), (2, 0), "in doubt");
    assert_eq!(after(550, 300), (0, 0), "held");
    assert_eq!(after(1_100, 300), (0, 640), "padding");
    assert_eq!(after(500, 200), (0, 0), "it was too much");
    assert_eq!(after(900, 300), (0, 0), "not yet again");
    assert_eq!(after(200, 300), (0, 640));
    assert_eq!(after(1_000, 500), (0, 640), "more gets through, so go on");
    assert_eq!(after(500, 700), (0, 640), "it fits");
    assert_eq!(after(500, 600), (0, 640), "or not");
    assert_eq!(after(100, 700), (0, 640));
    assert_eq!(
        after(1_000, 700),
        (1, 0),
        "it fitted for a second: one step"
    );
}

#[test]
fn probe_ends_when_the_path_becomes_congested() {
    let mut chooser = Chooser::new();
    let mut pads = |millis, path| chooser.after(millis, path).padded > Bitrate::ZERO;
    assert!(!pads(0, path(5_000)));
    assert!(!pads(0, congested(path(400))));
    assert!(pads(1_100, path(400)));
    assert!(pads(500, path(900)));
    assert!(!pads(100, congested(path(900))));
}

#[test]
fn paused_viewer_gets_nothing_before_a_fresh_key_frame() {
    let encoders = [150, 2_000].map(|kbps| Encoder::new(1, 1, 1, kbps));
    let mut scene = Scene::new(&["l", "h"], encoders.into());
    scene.frame(&[0, 1]);
    scene.select(1);
    (0..60).for_each(|_| scene.frame(&[]));
    let before = scene.got.len();
    assert!(scene.viewer.pause());
    assert!(!scene.viewer.pause(), "once is enough");
    scene.select(0);
    (0..30).for_each(|_| scene.frame(&[]));
    assert_eq!(scene.got.len(), before);
    scene.frame(&[0]);
    let next = scene.got.get(before).expect("the key frame");
    assert!(next.0.frame.keyframe);
    assert_eq!(scene.viewer.current(), Some(layer(0)));
    let seqs: Vec<_> = scene.got.iter().map(|(_, rewrite)| rewrite.seq).collect();
    assert!(
        seqs.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{seqs:?}"
    );
}

#[test]
fn pinned_layer_is_chosen_while_it_exists() {
    let (track, now) = measured();
    let mut selector = LayerSelector::default();
    selector.pin(Some("l".to_owned()));
    let chosen =
        |selector: &mut LayerSelector| selector.choose(now, &track, path(9_000)).map(|c| c.layer);
    assert_eq!(chosen(&mut selector), Some(layer(0)));
    selector.pin(Some("gone".to_owned()));
    assert!(chosen(&mut selector).is_some());
    selector.pin(None);
    assert_eq!(chosen(&mut selector), Some(layer(2)));
}

#[test]
fn dropped_layer_is_inactive_once_others_are_ahead() {
    let encoders = [150, 2_000].map(|kbps| Encoder::new(1, 1, 1, kbps));
    let mut scene = Scene::new(&["l", "h"], encoders.into());
    scene.frame(&[0, 1]);
    let active = |scene: &Scene| scene.track.active(scene.now).collect::<Vec<_>>();
    scene.pass(1_000 * MS);
    assert_eq!(active(&scene), [0, 1].map(layer), "both stand still");
    scene.encoders.truncate(1);
    scene.frame(&[]);
    assert_eq!(active(&scene), [layer(0)]);
}

#[test]
fn layers_are_ordered_by_rate_and_not_by_sdp() {
    let encoders = [2_000, 150, 500].map(|kbps| Encoder::new(1, 1, 1, kbps));
    let mut scene = Scene::new(&["0", "1", "2"], encoders.into());
    scene.frame(&[0, 1, 2]);
    (0..120).for_each(|_| scene.frame(&[]));
    scene.track.reorder(scene.now);
    let active: Vec<_> = scene.track.active(scene.now).collect();
    assert_eq!(active, [1, 2, 0].map(layer));
}
