use std::time::{Duration, Instant};

use rtp::{Packet, PictureIds, Rewrite};

/// Deliberately dropped packets that are remembered, to number late ones right. A late packet
/// older than all of these is dropped.
const DROPPED_MAX: usize = 64;

/// The time between the frames before and after a jump: a usual frame's.
const JUMP_STEP: Duration = Duration::from_millis(33);

/// Gives the packets of changing sources one continuous numbering for one viewer.
///
/// A viewer sees a single source for its whole life: sequence numbers without steps at a
/// change, timestamps that go on by the time that passed, picture ids that count up by one.
#[derive(Debug)]
pub struct Rewriter {
    /// The lowest sequence number never used.
    next_seq: u64,
    source: Option<Source>,
    /// Of the latest frame sent.
    last: Option<Last>,
    /// Highest sequence number of the source so far, sent or dropped.
    highest_in: u64,
    /// Of the source, ascending.
    dropped: [u64; DROPPED_MAX],
    dropped_count: usize,
}

/// The numbering of the present source.
#[derive(Debug, Clone, Copy)]
struct Source {
    /// Packets below this are from before the source began, or too late to be numbered right.
    floor: u64,
    /// A sequence number of the source, and what it became.
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
    /// `first_seq` is the first sequence number that will go out; only its low 15 bits are
    /// used, so that the first wrap is far away and the rollover counter begins at zero.
    pub fn new(first_seq: u16) -> Self {
        Self {
            next_seq: u64::from(first_seq & 0x7fff),
            source: None,
            last: None,
            highest_in: 0,
            dropped: [0; DROPPED_MAX],
            dropped_count: 0,
        }
    }

    /// A new source begins with this packet: another layer or another publisher. Its timestamps
    /// go on by the time that passed.
    pub fn begin(&mut self, packet: &Packet) {
        let passed = self.last.as_ref().map_or(0, |last| {
            elapsed_ticks(last.captured, packet.captured, packet.format.clock_rate)
        });
        self.begin_after(packet, passed);
    }

    /// The source goes on with this packet, and what lies before it is left out. Its timestamps
    /// go on by one frame: a receiver that had been fed faster than real time takes a leap in
    /// them for frames of the future, and waits.
    pub fn jump(&mut self, packet: &Packet) {
        let ticks = rtp::seq::ticks(JUMP_STEP, packet.format.clock_rate);
        self.begin_after(packet, ticks);
    }

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
        self.source = Some(source);
        self.highest_in = packet.seq;
        self.dropped_count = 0;
    }

    /// The new numbers of a packet; `None` for one from before the source began.
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
        Some(Rewrite {
            seq,
            timestamp,
            picture: changed.then_some(picture),
            frame_number: frame_number.filter(|_| source.frame_number_add != 0),
            padding: 0,
        })
    }

    /// The numbers of a packet that goes in front of the one with which the source has just
    /// begun: parameter sets that the source does not send with its key frame. It has that
    /// packet's timestamp, and is part of its picture.
    pub fn lead(&mut self, packet: &Packet) -> Option<Rewrite> {
        let source = self.source.as_mut()?;
        let seq = self.next_seq;
        self.next_seq += 1;
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

    /// This packet is left out on purpose: close the gap, or the viewer would ask for it again.
    pub fn skip(&mut self, packet: &Packet) {
        let Some(source) = &mut self.source else {
            return;
        };
        // A late packet's number is already a gap in what the viewer saw; it stays one.
        if packet.seq < self.highest_in {
            return;
        }
        self.highest_in = packet.seq;
        if self.dropped_count == DROPPED_MAX {
            // Fold the older half into the base.
            let half = DROPPED_MAX / 2;
            source.seq_in += half as u64;
            source.floor = self.dropped[half - 1] + 1;
            self.dropped.copy_within(half.., 0);
            self.dropped_count -= half;
        }
        self.dropped[self.dropped_count] = packet.seq;
        self.dropped_count += 1;
    }

    /// How many packets before this one were left out; `None` if this one was.
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

/// Wrapping in the field's own width.
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
