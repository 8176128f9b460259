//! What no viewer may ever be sent, checked for every packet in debug builds and simulations.

use rtp::{Codec, Kind, Packet, Rewrite};

/// Words of 64 sequence numbers that are remembered.
const SEEN_WORDS: usize = 16;

/// Sequence numbers that are remembered.
const SEEN_MAX: u64 = SEEN_WORDS as u64 * 64;

/// Checks the numbers of one viewer's track. It changes nothing, and is not there in release builds.
#[derive(Debug, Default)]
pub(crate) struct EgressGuard {
    /// A bit for each of the last numbers, at its place in a ring.
    seen: [u64; SEEN_WORDS],
    /// The packet with the highest number.
    last: Option<Sent>,
    /// Counts the sources.
    source: u64,
}

#[derive(Debug, Clone, Copy)]
struct Sent {
    source: u64,
    seq_in: u64,
    seq: u64,
    timestamp: u32,
}

impl EgressGuard {
    /// Another source begins.
    pub(crate) fn begin(&mut self) {
        self.source += 1;
    }

    /// A packet gets these numbers.
    ///
    /// # Panics
    /// When a sequence number is used twice, when time runs back from one source to the next, or
    /// when a frame looks whole that is not: its numbers have no gap where a packet is missing. One
    /// whose end alone is missing does not, since the packet with the marker is.
    pub(crate) fn send(&mut self, packet: &Packet, rewrite: &Rewrite) {
        let seq = rewrite.seq;
        if self.last.is_some_and(|last| seq + SEEN_MAX <= last.seq) {
            // Too late to say whether it was sent before.
            return;
        }
        self.forget_up_to(seq);
        let (word, bit) = place(seq);
        assert!(self.seen[word] & bit == 0, "{seq} is sent twice");
        self.seen[word] |= bit;
        let next = Sent {
            source: self.source,
            seq_in: packet.seq,
            seq,
            timestamp: rewrite.timestamp,
        };
        if let Some(last) = self.last.filter(|last| last.seq < seq) {
            last.check(&next, packet);
        }
        if self.last.is_none_or(|last| last.seq < seq) {
            self.last = Some(next);
        }
    }

    /// Makes places free for the numbers up to this one.
    fn forget_up_to(&mut self, seq: u64) {
        let first = self.last.map_or(seq, |last| last.seq + 1);
        let oldest = (seq + 1).saturating_sub(SEEN_MAX);
        for free in first.max(oldest)..=seq {
            let (word, bit) = place(free);
            self.seen[word] &= !bit;
        }
    }
}

/// Where a number is in the ring: its word, and its bit there.
fn place(seq: u64) -> (usize, u64) {
    ((seq / 64) as usize % SEEN_WORDS, 1 << (seq % 64))
}

impl Sent {
    /// Checks the packet that follows, of a higher number.
    fn check(&self, next: &Self, packet: &Packet) {
        let ticks = next.timestamp.wrapping_sub(self.timestamp) as i32;
        assert!(
            self.source == next.source || ticks >= 0,
            "time runs back by {ticks} ticks with another source: {self:?} {next:?}"
        );
        if next.seq > self.seq + 1 {
            return;
        }
        let goes_on = self.source == next.source;
        let follows = goes_on && next.seq_in <= self.seq_in + 1;
        assert!(
            follows || may_begin(packet, goes_on),
            "a frame looks whole without its beginning or its middle: {self:?} {next:?}"
        );
    }
}

/// Whether a packet may be the first one of a frame, of a source that goes on or of another one.
fn may_begin(packet: &Packet, goes_on: bool) -> bool {
    match packet.format.codec {
        codec if codec.kind() == Kind::Audio => true,
        // What stands before the first slice begins the frame, and only parameter sets, with which
        // a source may begin, can be told from its middle.
        Codec::H264 | Codec::H265 => goes_on || packet.frame.start || packet.frame.parameter_sets,
        _ => packet.frame.start,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use rtp::{Codec, Format, PayloadInfo, Profile};

    use super::*;

    fn packet(codec: Codec) -> Packet {
        let format = Format {
            codec,
            clock_rate: 90_000,
            profile: Profile::Any,
            red: false,
        };
        Packet::new(Instant::now(), format, [0; 1])
    }

    /// Has the guard see packets: sequence number and timestamp in, whether a frame begins, and the
    /// sequence number out.
    fn send(packets: &[(u64, u32, bool, u64)]) {
        let mut guard = EgressGuard::default();
        for (seq_in, timestamp, start, seq) in packets {
            let frame = PayloadInfo {
                start: *start,
                ..PayloadInfo::default()
            };
            let packet = Packet {
                seq: *seq_in,
                frame,
                ..packet(Codec::Vp8)
            };
            guard.send(&packet, &Rewrite::new(*seq, *timestamp));
        }
    }

    #[test]
    fn whole_frames_and_gaps_of_lost_packets_pass() {
        send(&[(1, 0, true, 1), (2, 0, false, 2), (3, 9, true, 3)]);
        send(&[(1, 0, true, 1), (3, 0, false, 3), (2, 0, false, 2)]);
        // A whole frame is left out.
        send(&[(1, 0, true, 1), (5, 18, true, 2)]);
    }

    #[test]
    #[should_panic(expected = "sent twice")]
    fn number_that_is_used_twice_is_found() {
        send(&[(1, 0, true, 1), (2, 9, true, 1)]);
    }

    #[test]
    #[should_panic(expected = "looks whole")]
    fn frame_without_its_middle_is_found() {
        send(&[(1, 0, true, 1), (3, 0, false, 2)]);
    }

    #[test]
    #[should_panic(expected = "looks whole")]
    fn frame_without_its_beginning_is_found() {
        send(&[(1, 0, true, 1), (3, 9, false, 2)]);
    }

    #[test]
    #[should_panic(expected = "time runs back")]
    fn time_that_runs_back_with_a_source_is_found() {
        let mut guard = EgressGuard::default();
        let packet = packet(Codec::Vp8);
        guard.send(&packet, &Rewrite::new(1, 9_000));
        guard.begin();
        guard.send(&packet, &Rewrite::new(3, 8_999));
    }
    /// Has the guard see a packet of H.264, and one with which another source begins.
    fn begin_h264(first: PayloadInfo) {
        let mut guard = EgressGuard::default();
        guard.send(&packet(Codec::H264), &Rewrite::new(1, 0));
        guard.begin();
        let packet = Packet {
            frame: first,
            ..packet(Codec::H264)
        };
        guard.send(&packet, &Rewrite::new(2, 9));
    }

    #[test]
    fn source_of_h264_may_begin_with_its_parameter_sets() {
        begin_h264(PayloadInfo {
            parameter_sets: true,
            ..PayloadInfo::default()
        });
    }

    #[test]
    #[should_panic(expected = "looks whole")]
    fn source_of_h264_that_begins_in_the_middle_is_found() {
        begin_h264(PayloadInfo::default());
    }
}
