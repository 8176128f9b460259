use std::time::{Duration, Instant};

use rtp::{Packet, PictureIds, Rewrite};

#[cfg(debug_assertions)]
use crate::egress_guard::EgressGuard;

/// The number of skipped packets that are remembered, to number late packets correctly. A late
/// packet that is older than all of these is dropped.
const DROPPED_MAX: usize = 64;

/// The timestamp step across a jump: one frame at 30 frames per second.
const JUMP_STEP: Duration = Duration::from_millis(33);

/// Numbers the packets of changing sources as one continuous stream for one viewer.
///
/// The viewer sees a single source for its whole life. Where the source changes, sequence numbers
/// go on without a gap, timestamps advance by the time that passed, and picture ids count up by
/// one.
#[derive(Debug)]
pub struct Rewriter {
    /// The lowest sequence number that was never used.
    next_seq: u64,
    source: Option<Source>,
    /// The numbers of the latest frame that was sent.
    last: Option<Last>,
    /// Highest sequence number of the source so far, sent or dropped.
    highest_in: u64,
    /// Sequence numbers of the source that were skipped, ascending.
    dropped: [u64; DROPPED_MAX],
    dropped_count: usize,
    #[cfg(debug_assertions)]
    guard: EgressGuard,
}

/// The numbering of the present source.
#[derive(Debug, Clone, Copy)]
struct Source {
    /// Packets below this are from before the source began, or too late to be numbered correctly.
    floor: u64,
    /// A sequence number of the source, and the one that the viewer gets for it.
    seq_in: u64,
    seq_out: u64,
    timestamp_add: u32,
    picture_id_add: u16,
    tl0_add: u8,
    frame_number_add: u16,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    timestamp: u32,
    captured: Instant,
    picture: PictureIds,
    frame_number: Option<u16>,
}

impl Rewriter {
    /// Creates a rewriter without a source. `first_seq` is the first sequence number to be sent;
    /// only its low 15 bits are used, so that the first wrap is far away and the rollover counter
    /// begins at zero.
    pub fn new(first_seq: u16) -> Self {
        Self {
            next_seq: u64::from(first_seq & 0x7fff),
            source: None,
            last: None,
            highest_in: 0,
            dropped: [0; DROPPED_MAX],
            dropped_count: 0,
            #[cfg(debug_assertions)]
            guard: EgressGuard::default(),
        }
    }

    /// Begins a new source with this packet: another layer or another publisher. Timestamps
    /// advance by the time between the captures of the last frame and this packet.
    pub fn begin(&mut self, packet: &Packet) {
        let passed = self.last.as_ref().map_or(0, |last| {
            elapsed_ticks(last.captured, packet.captured, packet.format.clock_rate)
        });
        self.begin_after(packet, passed);
    }

    /// Continues the source with this packet and leaves out what lies before it. Timestamps
    /// advance by one frame only: a receiver that was fed faster than real time takes a larger
    /// step for frames from the future, and waits.
    pub fn jump(&mut self, packet: &Packet) {
        let ticks = rtp::seq::ticks(JUMP_STEP, packet.format.clock_rate);
        self.begin_after(packet, ticks);
    }

    /// Chooses the offsets with which this packet follows the last one sent, `ticks` later. The
    /// first source of all keeps its timestamps and ids.
    fn begin_after(&mut self, packet: &Packet, ticks: u32) {
        let mut source = Source {
            floor: packet.seq,
            seq_in: packet.seq,
            seq_out: self.next_seq,
            timestamp_add: 0,
            picture_id_add: 0,
            tl0_add: 0,
            frame_number_add: 0,
        };
        if let Some(last) = &self.last {
            source.timestamp_add = last
                .timestamp
                .wrapping_add(ticks)
                .wrapping_sub(packet.timestamp);
            if let (Some(before), Some(id)) =
                (last.picture.picture_id, packet.frame.picture.picture_id)
            {
                source.picture_id_add = before.wrapping_add(1).wrapping_sub(id);
            }
            if let (Some(before), Some(index)) =
                (last.picture.tl0_index, packet.frame.picture.tl0_index)
            {
                source.tl0_add = before.wrapping_add(1).wrapping_sub(index);
            }
            if let (Some(before), Some(number)) =
                (last.frame_number, packet.extensions.frame_number())
            {
                source.frame_number_add = before.wrapping_add(1).wrapping_sub(number);
            }
        }
        #[cfg(debug_assertions)]
        self.guard.begin();
        self.source = Some(source);
        self.highest_in = packet.seq;
        self.dropped_count = 0;
    }

    /// Returns the numbers of a packet for the viewer; `None` if it is from before the source
    /// began, was skipped, or is too late to be numbered correctly.
    pub fn rewrite(&mut self, packet: &Packet) -> Option<Rewrite> {
        let source = self.source.filter(|source| packet.seq >= source.floor)?;
        let dropped = self.dropped_before(packet.seq)?;
        let seq = (source.seq_out + packet.seq).checked_sub(source.seq_in + dropped)?;
        self.highest_in = self.highest_in.max(packet.seq);
        let timestamp = packet.timestamp.wrapping_add(source.timestamp_add);
        let picture = shifted(packet.frame.picture, source.picture_id_add, source.tl0_add);
        let frame_number = packet
            .extensions
            .frame_number()
            .map(|number| number.wrapping_add(source.frame_number_add));
        // A late packet takes the number that was left for it, and moves nothing forward.
        if seq >= self.next_seq {
            self.next_seq = seq + 1;
            self.last = Some(Last {
                timestamp,
                captured: packet.captured,
                picture,
                frame_number,
            });
        }
        let changed = source.picture_id_add != 0 || source.tl0_add != 0;
        let rewrite = Rewrite {
            seq,
            timestamp,
            picture: changed.then_some(picture),
            frame_number: frame_number.filter(|_| source.frame_number_add != 0),
            padding: 0,
        };
        #[cfg(debug_assertions)]
        self.guard.send(packet, &rewrite);
        Some(rewrite)
    }

    /// Returns the numbers of a packet that goes in front of the one with which the source has
    /// just begun: a parameter set that the source does not send with its key frame. It has that
    /// packet's timestamp and is part of its picture.
    pub fn lead(&mut self, packet: &Packet) -> Option<Rewrite> {
        let source = self.source.as_mut()?;
        let seq = self.next_seq;
        self.next_seq += 1;
        // The source's first packet moves back by one to make room.
        source.seq_out = self.next_seq;
        let timestamp = packet.timestamp.wrapping_add(source.timestamp_add);
        let before = self.last.unwrap_or(Last {
            timestamp,
            captured: packet.captured,
            picture: PictureIds::default(),
            frame_number: None,
        });
        self.last = Some(Last {
            timestamp,
            captured: packet.captured,
            ..before
        });
        Some(Rewrite::new(seq, timestamp))
    }

    /// Leaves a packet out on purpose and closes the gap in the numbers; else the viewer would
    /// request it as lost.
    pub fn skip(&mut self, packet: &Packet) {
        let Some(source) = &mut self.source else {
            return;
        };
        // The number of a late packet is already a gap for the viewer, and stays one.
        if packet.seq < self.highest_in {
            return;
        }
        self.highest_in = packet.seq;
        if self.dropped_count == DROPPED_MAX {
            // The table is full: fold the older half into the base.
            let half = DROPPED_MAX / 2;
            source.seq_in += half as u64;
            source.floor = self.dropped[half - 1] + 1;
            self.dropped.copy_within(half.., 0);
            self.dropped_count -= half;
        }
        self.dropped[self.dropped_count] = packet.seq;
        self.dropped_count += 1;
    }

    /// The number of skipped packets before this one; `None` if this one was skipped.
    fn dropped_before(&self, seq: u64) -> Option<u64> {
        let dropped = &self.dropped[..self.dropped_count];
        // Nearly always the packet is newer than all of them.
        match dropped.iter().rposition(|d| *d <= seq) {
            Some(i) if dropped[i] == seq => None,
            Some(i) => Some(i as u64 + 1),
            None => Some(0),
        }
    }
}

/// Time between two captures in clock ticks, at least one: two sources never share a timestamp.
fn elapsed_ticks(from: Instant, to: Instant, clock_rate: u32) -> u32 {
    rtp::seq::ticks(to.saturating_duration_since(from), clock_rate).max(1)
}

/// Adds to both ids, which wrap in the width of their fields: 15 or 7 bits, and 8 bits.
fn shifted(ids: PictureIds, picture_id_add: u16, tl0_add: u8) -> PictureIds {
    let mask = if ids.picture_id_wide { 0x7fff } else { 0x7f };
    PictureIds {
        picture_id: ids
            .picture_id
            .map(|id| id.wrapping_add(picture_id_add) & mask),
        tl0_index: ids.tl0_index.map(|index| index.wrapping_add(tl0_add)),
        ..ids
    }
}

#[cfg(test)]
mod tests;
