//! The parameter sets that a late viewer of H.264 gets before its first key frame.

use rtp::DescribedSet;

use super::*;

const SPS: &[u8] = &[0x67, 0x42, 0xe0, 0x1f, 0x8c];
const SPS_WIDER: &[u8] = &[0x67, 0x42, 0xe0, 0x1f, 0x8d];
const PPS: &[u8] = &[0x68, 0xce, 0x3c, 0x80];
const IDR: &[u8] = &[0x65, 0x88];
/// The second slice of a key frame.
const IDR_REST: &[u8] = &[0x65, 0x40];
const SLICE: &[u8] = &[0x41, 0x9a];

const FORMAT: Format = Format {
    codec: Codec::H264,
    clock_rate: 90_000,
    profile: Profile::Any,
    red: false,
};

/// A publisher of H.264 and its viewers.
struct Stream {
    now: Instant,
    track: Track,
    seq: u64,
    timestamp: u32,
    viewers: Vec<Viewer>,
}

struct Viewer {
    subscription: Subscription,
    got: Vec<(Vec<u8>, Rewrite)>,
}

impl Stream {
    fn new() -> Self {
        let mut track = Track::new(Kind::Video, Limits::default());
        track.begin(&[]);
        Self {
            now: Instant::now(),
            track,
            seq: 65_000,
            timestamp: 5,
            viewers: Vec::new(),
        }
    }

    /// Adds a viewer.
    fn watch(&mut self) -> usize {
        let mut subscription = Subscription::new(7, self.now);
        subscription.select(self.now, &mut self.track, layer(0));
        self.viewers.push(Viewer {
            subscription,
            got: Vec::new(),
        });
        self.poll();
        self.viewers.len() - 1
    }

    /// Sends one packet with the present timestamp.
    fn send(&mut self, payload: &[u8]) {
        let packet = Arc::new(Packet {
            seq: self.seq,
            timestamp: self.timestamp,
            frame: PayloadInfo::inspect(Codec::H264, payload),
            ..Packet::new(self.now, FORMAT, payload)
        });
        self.seq += 1;
        self.track.push(layer(0), &packet);
        for viewer in &mut self.viewers {
            let subscription = &mut viewer.subscription;
            if let Some(rewrite) = subscription.packet(self.now, &self.track, layer(0), &packet) {
                viewer.got.push((payload.to_vec(), rewrite));
            }
        }
        self.poll();
    }

    fn poll(&mut self) {
        for viewer in &mut self.viewers {
            let subscription = &mut viewer.subscription;
            while let Some(forward) = subscription.poll(self.now, &self.track, None) {
                let payload = forward.packet.payload.to_vec();
                viewer.got.push((payload, forward.rewrite));
            }
        }
    }

    /// Sends the NAL units of one picture, each in a packet.
    fn frame(&mut self, units: &[&[u8]]) {
        units.iter().for_each(|unit| self.send(unit));
        self.next_frame();
    }

    fn next_frame(&mut self) {
        self.now += FRAME;
        self.timestamp += 2_970;
        self.poll();
    }

    /// The payloads that a viewer got; asserts that their numbers have no gap.
    fn got(&self, viewer: usize) -> Vec<&[u8]> {
        let got = &self.viewers[viewer].got;
        let seqs: Vec<_> = got.iter().map(|(_, rewrite)| rewrite.seq).collect();
        let expected: Vec<_> = (7..).take(seqs.len()).collect();
        assert_eq!(seqs, expected);
        got.iter().map(|(payload, _)| &payload[..]).collect()
    }

    /// The timestamps of a viewer's packets, relative to the first.
    fn steps(&self, viewer: usize) -> Vec<u32> {
        let got = &self.viewers[viewer].got;
        let first = got[0].1.timestamp;
        got.iter()
            .map(|(_, rewrite)| rewrite.timestamp.wrapping_sub(first))
            .collect()
    }
}

#[test]
fn late_viewer_gets_sets_sent_only_before_the_first_idr() {
    let mut stream = Stream::new();
    stream.frame(&[SPS, PPS, IDR]);
    stream.frame(&[SLICE]);
    stream.frame(&[IDR]);
    stream.frame(&[SLICE]);
    let viewer = stream.watch();
    stream.frame(&[SLICE]);
    assert_eq!(stream.got(viewer), [SPS, PPS, IDR, SLICE, SLICE]);
    assert_eq!(stream.steps(viewer)[..4], [0, 0, 0, 2_970]);
}

#[test]
fn first_viewer_gets_sets_that_came_before_it() {
    let mut stream = Stream::new();
    stream.frame(&[SPS]);
    stream.frame(&[PPS]);
    let viewer = stream.watch();
    assert!(stream.got(viewer).is_empty(), "no picture, no beginning");
    stream.frame(&[IDR]);
    assert_eq!(stream.got(viewer), [SPS, PPS, IDR]);
    assert_eq!(stream.steps(viewer), [0, 0, 0]);
}

#[test]
fn key_frame_without_its_first_slice_begins_nothing() {
    let mut stream = Stream::new();
    let viewer = stream.watch();
    stream.frame(&[SPS, PPS, IDR_REST]);
    stream.frame(&[SLICE]);
    let late = stream.watch();
    assert!(stream.got(viewer).is_empty() && stream.got(late).is_empty());
    stream.frame(&[SPS, PPS, IDR, IDR_REST]);
    for viewer in [viewer, late] {
        assert_eq!(stream.got(viewer), [SPS, PPS, IDR, IDR_REST]);
    }
}

#[test]
fn sets_with_timestamps_of_their_own_begin_a_replay() {
    let mut stream = Stream::new();
    for _ in 0..2 {
        stream.frame(&[SPS]);
        stream.frame(&[PPS]);
        stream.frame(&[IDR]);
        stream.frame(&[SLICE]);
    }
    let viewer = stream.watch();
    assert_eq!(stream.got(viewer), [SPS, PPS, IDR, SLICE]);
}

#[test]
fn sets_of_the_key_frame_are_not_given_twice() {
    let mut stream = Stream::new();
    stream.frame(&[SPS, PPS, IDR]);
    stream.frame(&[SPS, PPS, IDR]);
    let late = stream.watch();
    stream.frame(&[SPS, PPS, IDR]);
    let all = [SPS, PPS, IDR, SPS, PPS, IDR];
    assert_eq!(stream.got(late), all);
}

#[test]
fn sets_between_key_frames_do_not_restart_the_cache() {
    let mut stream = Stream::new();
    stream.frame(&[SPS, PPS, IDR]);
    stream.frame(&[SLICE]);
    stream.frame(&[SPS, PPS, SLICE]);
    stream.frame(&[SLICE]);
    let viewer = stream.watch();
    assert_eq!(
        stream.got(viewer),
        [SPS, PPS, IDR, SLICE, SPS, PPS, SLICE, SLICE]
    );
}

#[test]
fn new_sets_replace_old_ones_with_their_key_frame() {
    let mut stream = Stream::new();
    stream.frame(&[SPS]);
    stream.frame(&[PPS]);
    stream.frame(&[IDR]);
    // These belong to the next key frame, which has not come yet.
    stream.frame(&[SPS_WIDER]);
    let between = stream.watch();
    assert_eq!(stream.got(between), [SPS, PPS, IDR, SPS_WIDER]);
    stream.frame(&[IDR]);
    let after = stream.watch();
    assert_eq!(stream.got(after), [SPS_WIDER, PPS, IDR]);
    assert_eq!(stream.got(between).last(), Some(&IDR));
}

#[test]
fn jump_to_a_fresh_key_frame_brings_the_sets() {
    let mut stream = Stream::new();
    stream.frame(&[SPS, PPS, IDR]);
    let filler = [SLICE, &[0; 1_000]].concat();
    (0..60).for_each(|_| stream.frame(&[&filler]));
    let viewer = stream.watch();
    assert!(stream.viewers[viewer].subscription.is_catching_up());
    stream.frame(&[SPS_WIDER]);
    stream.frame(&[IDR]);
    let got = stream.got(viewer);
    assert_eq!(got[got.len() - 3..], [SPS_WIDER, PPS, IDR]);
    let steps = stream.steps(viewer);
    assert!(steps.is_sorted(), "{steps:?}");
}

#[test]
fn described_sets_are_given_until_the_stream_sends_its_own() {
    let mut stream = Stream::new();
    let sets = rtp::h264::sets_from_sprop("Z0LgH4w=,aM48gA==");
    let described = |unit| DescribedSet {
        format: FORMAT,
        unit,
    };
    let sets: Vec<_> = sets.into_iter().map(described).collect();
    stream.track.set_parameter_sets(stream.now, &sets);
    stream.frame(&[IDR]);
    let viewer = stream.watch();
    assert_eq!(stream.got(viewer), [SPS, PPS, IDR]);
    stream.frame(&[SPS_WIDER, PPS, IDR]);
    let viewer = stream.watch();
    assert_eq!(stream.got(viewer), [SPS_WIDER, PPS, IDR]);
}

#[test]
fn replay_to_another_shard_begins_with_the_sets() {
    let mut stream = Stream::new();
    stream.frame(&[SPS, PPS, IDR]);
    stream.frame(&[IDR]);
    let mut there = Stream::new();
    there.now = stream.now;
    stream.track.replay(|layer, packet| {
        there.track.push(layer, packet);
    });
    let viewer = there.watch();
    assert_eq!(there.got(viewer), [SPS, PPS, IDR]);
}

#[test]
fn late_sets_lead_their_key_frame() {
    let mut stream = Stream::new();
    stream.frame(&[SLICE]);
    // The SPS arrives by retransmission after the IDR.
    let lost = stream.seq;
    stream.seq += 2;
    stream.send(IDR);
    stream.seq = lost;
    stream.timestamp -= 1;
    stream.send(SPS);
    stream.send(PPS);
    let viewer = stream.watch();
    assert_eq!(stream.got(viewer), [SPS, PPS, IDR]);
}
