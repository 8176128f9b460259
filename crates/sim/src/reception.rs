use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use rtp::{Kind, Packet};

use crate::Stamp;

/// How many later frames are looked at for dependents when a frame completes late.
const CASCADE_FRAMES_MAX: u32 = 600;

/// One received packet.
#[derive(Debug, Clone, Copy)]
pub struct Got {
    /// Time of arrival, since the world began.
    pub at: Duration,
    /// Sequence number, extended by the receiver.
    pub seq: u64,
    /// RTP timestamp.
    pub timestamp: u32,
    /// RTP marker bit.
    pub marker: bool,
    /// VP8 picture id.
    pub picture: Option<u16>,
    /// VP8 TL0PICIDX.
    pub tl0: Option<u8>,
    /// Frame number in the dependency descriptor.
    pub frame_number: Option<u16>,
    /// Stamp that the publisher wrote.
    pub stamp: Stamp,
}

/// All that a viewer received of one track.
#[derive(Debug)]
pub struct Reception {
    kind: Kind,
    got: Vec<Got>,
    seen: BTreeSet<u64>,
    duplicates: u64,
    foreign: u64,
    frames: BTreeMap<FrameKey, FrameState>,
    decoded: Vec<(Duration, Stamp)>,
}

/// Publisher, layer, frame.
type FrameKey = (u8, u8, u32);

#[derive(Debug)]
struct FrameState {
    stamp: Stamp,
    indices: BTreeSet<u16>,
    decodable: bool,
}

impl FrameState {
    fn is_complete(&self) -> bool {
        self.indices.len() == usize::from(self.stamp.count)
    }
}

impl Reception {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            got: Vec::new(),
            seen: BTreeSet::new(),
            duplicates: 0,
            foreign: 0,
            frames: BTreeMap::new(),
            decoded: Vec::new(),
        }
    }

    pub(crate) fn packet(&mut self, at: Duration, packet: &Packet) {
        let Some(stamp) = Stamp::read(&packet.payload) else {
            self.foreign += 1;
            return;
        };
        if !self.seen.insert(packet.seq) {
            self.duplicates += 1;
            return;
        }
        self.got.push(Got {
            at,
            seq: packet.seq,
            timestamp: packet.timestamp,
            marker: packet.marker,
            picture: packet.frame.picture.picture_id,
            tl0: packet.frame.picture.tl0_index,
            frame_number: packet.extensions.frame_number(),
            stamp,
        });
        self.complete(at, stamp);
    }

    /// Packets in the order of arrival, each once.
    pub fn got(&self) -> &[Got] {
        &self.got
    }

    /// Packets that arrived a second time.
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// Packets that no synthetic publisher wrote.
    pub fn foreign(&self) -> u64 {
        self.foreign
    }

    /// Decodable frames with the time when they became decodable, in that order. A frame is
    /// decodable when it is complete, and so is all that it was predicted from.
    pub fn decoded(&self) -> &[(Duration, Stamp)] {
        &self.decoded
    }

    /// When the first frame could be decoded.
    pub fn first_decodable(&self) -> Option<Duration> {
        self.decoded.first().map(|(at, _)| *at)
    }

    /// Decodable frames per second, within `during`.
    pub fn fps(&self, during: Range<Duration>) -> f64 {
        let frames = self.decoded.iter().filter(|(at, _)| during.contains(at));
        frames.count() as f64 / (during.end - during.start).as_secs_f64()
    }

    /// The longest time within `during` without a new decodable frame.
    pub fn freeze_max(&self, during: Range<Duration>) -> Duration {
        let within = self.decoded.iter().map(|(at, _)| *at);
        let mut last = during.start;
        let mut longest = Duration::ZERO;
        for at in within.filter(|at| during.contains(at)).chain([during.end]) {
            longest = longest.max(at.saturating_sub(last));
            last = at;
        }
        longest
    }

    /// The highest age of a frame when it became decodable, within `during`.
    pub fn delay_max(&self, during: Range<Duration>) -> Duration {
        let delays = self
            .decoded
            .iter()
            .filter(|(at, _)| during.contains(at))
            .map(|(at, stamp)| at.saturating_sub(Duration::from_micros(stamp.captured_us)));
        delays.max().unwrap_or_default()
    }

    /// When the live edge was reached: from then on no frame was older than `delay` when it became
    /// decodable. `None` when it was not reached.
    pub fn live_since(&self, delay: Duration) -> Option<Duration> {
        let late = |(at, stamp): &(Duration, Stamp)| {
            at.saturating_sub(Duration::from_micros(stamp.captured_us)) > delay
        };
        let first = self.decoded.iter().rposition(late).map_or(0, |i| i + 1);
        self.decoded.get(first).map(|(at, _)| *at)
    }

    /// The layers received one after the other, each with the arrival of its first packet.
    pub fn layers(&self) -> Vec<(Duration, u8)> {
        let mut sorted = self.in_order();
        sorted.dedup_by_key(|got| got.stamp.layer);
        sorted.iter().map(|got| (got.at, got.stamp.layer)).collect()
    }

    /// The layer of the latest packet.
    pub fn layer(&self) -> Option<u8> {
        self.got.last().map(|got| got.stamp.layer)
    }

    /// Sequence numbers that never arrived, among those that were followed by a packet before
    /// `settled`.
    pub fn missing(&self, settled: Duration) -> Vec<u64> {
        let settled = self.got.iter().filter(|got| got.at < settled);
        let (Some(first), Some(last)) = (self.seen.first(), settled.map(|got| got.seq).max())
        else {
            return Vec::new();
        };
        (*first..last)
            .filter(|seq| !self.seen.contains(seq))
            .collect()
    }

    /// Discontinuities that a decoder would see in timestamps, frames, picture ids and frame
    /// numbers, in words. Beside missing sequence numbers less is checked, since what they carried
    /// is unknown.
    pub fn faults(&self) -> Vec<String> {
        let sorted = self.in_order();
        sorted
            .windows(2)
            .filter_map(|pair| match pair {
                [before, after] => self.fault(before, after),
                _ => None,
            })
            .collect()
    }

    /// The largest difference between timestamps and capture times since the first packet. Each
    /// change of source may add to it, at the expense of lip sync.
    pub fn drift_max(&self) -> Duration {
        let sorted = self.in_order();
        let Some(first) = sorted.first() else {
            return Duration::ZERO;
        };
        let rate = match self.kind {
            Kind::Audio => 48_000.0,
            Kind::Video => 90_000.0,
        };
        let mut ticks = 0_i64;
        let mut last = first.timestamp;
        let mut worst = 0.0_f64;
        for got in &sorted {
            ticks += i64::from(got.timestamp.wrapping_sub(last) as i32);
            last = got.timestamp;
            let captured = got.stamp.captured_us as f64 - first.stamp.captured_us as f64;
            worst = worst.max((ticks as f64 / rate - captured / 1e6).abs());
        }
        Duration::from_secs_f64(worst)
    }

    fn in_order(&self) -> Vec<Got> {
        let mut sorted = self.got.clone();
        sorted.sort_by_key(|got| got.seq);
        sorted
    }

    fn fault(&self, before: &Got, after: &Got) -> Option<String> {
        let (a, b) = (before.stamp, after.stamp);
        let adjacent = after.seq == before.seq + 1;
        let ticks = after.timestamp.wrapping_sub(before.timestamp);
        // A viewer that is moved away and back begins with the same key frame again, which counts
        // as another frame.
        let again = b.is_keyframe() && b.index == 0 && ticks != 0;
        let same_frame =
            (a.publisher, a.layer, a.frame) == (b.publisher, b.layer, b.frame) && !again;
        let place = || {
            format!(
                "at seq {} ({:?}): {before:?} -> {after:?}",
                after.seq, after.at
            )
        };
        if same_frame {
            let one = ticks == 0
                && before.picture == after.picture
                && before.frame_number == after.frame_number
                && (!adjacent || b.index == a.index + 1);
            return (!one).then(|| format!("one frame with two numbers {}", place()));
        }
        if ticks == 0 || ticks > u32::MAX / 2 {
            return Some(format!("the timestamp does not grow {}", place()));
        }
        if !adjacent {
            return None;
        }
        // A key frame may replace the rest of a frame: decoders start over there.
        let cut = a.index + 1 != a.count && !b.is_keyframe();
        if b.index != 0 || cut {
            return Some(format!("a frame is cut short {}", place()));
        }
        let step = |before: Option<u16>, after: Option<u16>, mask: u16| {
            before
                .zip(after)
                .is_none_or(|(x, y)| y == x.wrapping_add(1) & mask)
        };
        // Temporal layers that are left out may leave gaps in the picture ids.
        let skipped = (a.publisher, a.layer) == (b.publisher, b.layer) && b.frame != a.frame + 1;
        if !skipped && !step(before.picture, after.picture, 0x7fff) {
            return Some(format!("the picture id steps {}", place()));
        }
        if !skipped && !step(before.frame_number, after.frame_number, 0xffff) {
            return Some(format!("the frame number steps {}", place()));
        }
        let tl0 = before
            .tl0
            .zip(after.tl0)
            .is_none_or(|(x, y)| y == x.wrapping_add(u8::from(b.temporal == 0)));
        (!tl0).then(|| format!("TL0PICIDX steps {}", place()))
    }

    fn complete(&mut self, at: Duration, stamp: Stamp) {
        let key = (stamp.publisher, stamp.layer, stamp.frame);
        let frame = self.frames.entry(key).or_insert_with(|| FrameState {
            stamp,
            indices: BTreeSet::new(),
            decodable: false,
        });
        if !frame.indices.insert(stamp.index) || !frame.is_complete() {
            return;
        }
        // Frames that waited for this one become decodable with it.
        let last = (key.0, key.1, key.2.saturating_add(CASCADE_FRAMES_MAX));
        let candidates: Vec<FrameKey> = self.frames.range(key..last).map(|(k, _)| *k).collect();
        for key in candidates {
            let Some(frame) = self.frames.get(&key) else {
                continue;
            };
            let base = (key.0, key.1, frame.stamp.depends_on);
            let has_base = frame.stamp.is_keyframe()
                || self.frames.get(&base).is_some_and(|base| base.decodable);
            if frame.is_complete() && !frame.decodable && has_base {
                self.decoded.push((at, frame.stamp));
                if let Some(frame) = self.frames.get_mut(&key) {
                    frame.decodable = true;
                }
            }
        }
    }
}
