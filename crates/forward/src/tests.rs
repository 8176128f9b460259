//! The data plane at its edge: packets in, numbered packets out, in virtual time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rtp::{
    Bitrate, Codec, Format, Kind, LayerIndex, Packet, PayloadInfo, PictureIds, Profile, Rewrite,
    SwitchUp,
};

use super::{Choice, Estimate, LayerSelector, Limits, Rewriter, Subscription, Track};

mod layer_choice;
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
