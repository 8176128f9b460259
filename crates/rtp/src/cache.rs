//! A bounded cache of one video layer, from its last key frame on.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Packet;

/// A retransmission comes no later than this; what seems to be older is another source.
const LATE_MAX: Duration = Duration::from_secs(10);

/// What a cache may hold. Beyond either limit all is dropped, and the cache stays empty until
/// the next key frame: a beginning without its key frame is worth nothing.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Memory that keeping the packets takes: see [`cost`].
    pub bytes: usize,
    /// Number of packets.
    pub packets: usize,
    /// From the key frame to the newest packet.
    pub age: Duration,
}

/// The memory that keeping a packet takes: its payloads, and what stands around them. Small
/// packets cost many times their payload.
pub fn cost(packet: &Packet) -> usize {
    /// Each `Arc` has two counters in front of its contents.
    const ARC: usize = 2 * size_of::<usize>();
    let descriptor = packet.extensions.dependency_descriptor.as_ref();
    let primary = packet.primary.as_ref();
    let shared = [Some(&packet.payload), primary, descriptor];
    let shared = shared.into_iter().flatten().map(|bytes| ARC + bytes.len());
    size_of::<Arc<Packet>>() + ARC + size_of::<Packet>() + shared.sum::<usize>()
}

/// Whether a packet comes late, as one of those before the one with these numbers; not when it
/// is of another source, whose numbers start elsewhere.
pub(crate) fn is_late(packet: &Packet, seq: u64, timestamp: u32) -> bool {
    let ticks_before = u64::from(timestamp.wrapping_sub(packet.timestamp));
    let late_ticks = u64::from(packet.format.clock_rate) * LATE_MAX.as_secs();
    packet.seq < seq && ticks_before <= late_ticks
}

/// The packets of one layer from its last key frame on, in order of their sequence numbers.
///
/// A key frame begins the cache anew, also where the numbers of a sender that changed its SSRC
/// start over. It may say that it is one in several packets (its slices): its packets are those
/// with its timestamp, also those in front of the one that says so (its parameter sets). What it
/// lacks of these [leads](Self::lead) it.
///
/// Readers hold a [`Cursor`] and move at their own pace; when a new key frame arrives they
/// are taken to it.
#[derive(Debug)]
pub struct KeyframeCache {
    limits: Limits,
    packets: VecDeque<Arc<Packet>>,
    /// Read before `packets`. A few, and not counted.
    leading: Vec<Arc<Packet>>,
    /// Of `packets`.
    ends: Option<Ends>,
    bytes: usize,
    /// The newest key frame, also when a limit dropped it.
    keyframe: Option<Keyframe>,
    /// Counts the key frames: a cursor of an older one jumps.
    epoch: u64,
    overflows: u64,
}

/// A place in a [`KeyframeCache`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    epoch: u64,
    /// How many of the leading packets were read; [`LED`] when others were read.
    led: usize,
    /// The next packet is the first with at least this sequence number.
    seq: u64,
}

const LED: usize = usize::MAX;

/// What a reader got.
#[derive(Debug)]
pub struct Read<'a> {
    /// The packet.
    pub packet: &'a Arc<Packet>,
    /// The cache began anew since the last read: this is the first packet of a key frame, and
    /// what was not read of the older one is gone.
    pub jumped: bool,
    /// For a packet that is not of the stream, but [leads](KeyframeCache::lead) a key frame: the
    /// stream's first packet behind it. It needs a number of its own in front of that one's.
    pub leads: Option<&'a Arc<Packet>>,
}

impl KeyframeCache {
    /// An empty cache.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            packets: VecDeque::new(),
            leading: Vec::new(),
            ends: None,
            bytes: 0,
            keyframe: None,
            epoch: 0,
            overflows: 0,
        }
    }

    /// Takes a packet. Returns whether a new key frame began with it.
    ///
    /// Late packets find their place; duplicates, and those from before the key frame, are
    /// ignored. So is everything until there is a key frame.
    pub fn push(&mut self, packet: Arc<Packet>) -> bool {
        let is_new = self.keyframe.is_none_or(|last| last.precedes(&packet));
        if packet.frame.keyframe && is_new {
            return self.begin(packet);
        }
        if self.has_place_for(&packet) {
            self.insert(packet);
        }
        false
    }

    /// Reads what the next packet will need.
    pub fn prefetch(&self) {
        black_box((self.bytes, self.packets.back().map(Arc::as_ptr)));
    }

    /// Where a new reader begins; `None` while there is no key frame.
    pub fn start(&self) -> Option<Cursor> {
        self.first().map(|first| Cursor {
            epoch: self.epoch,
            led: 0,
            seq: first.seq,
        })
    }

    /// The next packet of a reader; `None` at the live edge.
    pub fn next(&self, cursor: &mut Cursor) -> Option<Read<'_>> {
        let jumped = cursor.epoch != self.epoch;
        if jumped {
            *cursor = self.start()?;
        }
        let index = self.packets.partition_point(|p| p.seq < cursor.seq);
        let packet = self.packets.get(index)?;
        if let Some(leading) = self.leading.get(cursor.led) {
            cursor.led += 1;
            return Some(Read {
                packet: leading,
                jumped,
                leads: Some(packet),
            });
        }
        cursor.led = LED;
        cursor.seq = packet.seq + 1;
        Some(Read {
            packet,
            jumped,
            leads: None,
        })
    }

    /// Puts packets in front of the present key frame, for readers that begin with it. They go
    /// with it.
    pub fn lead(&mut self, packets: Vec<Arc<Packet>>) {
        self.leading = packets;
    }

    /// The packets in front of the present key frame that are not of the stream.
    pub fn leading(&self) -> &[Arc<Packet>] {
        &self.leading
    }

    /// The first packet.
    pub fn first(&self) -> Option<&Arc<Packet>> {
        self.packets.front()
    }

    /// Whether a packet was sent before the present key frame's picture.
    pub fn is_before_keyframe(&self, packet: &Packet) -> bool {
        let keyframe = self.keyframe.filter(|_| !self.is_empty());
        keyframe.is_some_and(|keyframe| packet.seq < keyframe.seq)
    }

    /// Another source begins: drops all, until its first key frame.
    pub fn restart(&mut self) {
        self.clear();
        self.keyframe = None;
    }

    /// All packets, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Packet>> {
        self.packets.iter()
    }

    /// When the key frame's first packet was received.
    pub fn keyframe_at(&self) -> Option<Instant> {
        self.first().map(|first| first.received)
    }

    /// Number of packets.
    pub fn len(&self) -> usize {
        self.packets.len()
    }

    /// Whether there is no key frame.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Memory that the packets take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How often a limit was exceeded.
    pub fn overflows(&self) -> u64 {
        self.overflows
    }

    fn begin(&mut self, packet: Arc<Packet>) -> bool {
        if self.keyframe.is_some_and(|last| packet.seq < last.seq) {
            // The numbers start over: nothing here is comparable.
            self.clear();
        }
        self.drop_before(&packet);
        self.leading.clear();
        self.epoch += 1;
        self.keyframe = Some(Keyframe::of(&packet));
        self.insert(packet);
        !self.is_empty()
    }

    /// Keeps what arrived ahead of a late key frame: its other packets, and those after it.
    fn drop_before(&mut self, keyframe: &Packet) {
        while let Some(first) = self.packets.front()
            && first.seq < keyframe.seq
            && first.timestamp != keyframe.timestamp
        {
            self.bytes -= cost(first);
            self.packets.pop_front();
        }
        self.note_ends();
    }

    /// Behind the first packet, or before it when it is the key frame's own.
    fn has_place_for(&self, packet: &Packet) -> bool {
        self.ends.is_some_and(|ends| {
            packet.seq > ends.first_seq || packet.timestamp == ends.first_timestamp
        })
    }

    fn insert(&mut self, packet: Arc<Packet>) {
        // Nearly always the packet is the newest. A late one has few behind it to move.
        let newest = self.ends.is_none_or(|ends| packet.seq > ends.last_seq);
        let index = if newest {
            self.packets.len()
        } else {
            self.packets.partition_point(|p| p.seq < packet.seq)
        };
        if !newest && self.packets.get(index).is_some_and(|p| p.seq == packet.seq) {
            return;
        }
        let expires = self.ends.and_then(|ends| ends.expires);
        let bytes = self.bytes + cost(&packet);
        let full = bytes > self.limits.bytes || self.packets.len() >= self.limits.packets;
        if full || expires.is_some_and(|at| packet.received > at) {
            self.overflows += 1;
            self.clear();
            return;
        }
        self.bytes = bytes;
        let seq = packet.seq;
        self.packets.insert(index, packet);
        match &mut self.ends {
            Some(ends) if newest => ends.last_seq = seq,
            _ => self.note_ends(),
        }
    }

    fn note_ends(&mut self) {
        let ends = self.packets.front().zip(self.packets.back());
        self.ends = ends.map(|(first, last)| Ends {
            first_seq: first.seq,
            first_timestamp: first.timestamp,
            expires: first.received.checked_add(self.limits.age),
            last_seq: last.seq,
        });
    }

    fn clear(&mut self) {
        self.packets.clear();
        self.leading.clear();
        self.ends = None;
        self.bytes = 0;
    }
}

/// What is asked of the first and the last packet with each that comes: those themselves have
/// long left the processor's caches.
#[derive(Debug, Clone, Copy)]
struct Ends {
    first_seq: u64,
    first_timestamp: u32,
    /// A packet that is received later is too far from the first.
    expires: Option<Instant>,
    last_seq: u64,
}

/// What tells one key frame from another.
#[derive(Debug, Clone, Copy)]
struct Keyframe {
    seq: u64,
    timestamp: u32,
}

impl Keyframe {
    fn of(packet: &Packet) -> Self {
        Self {
            seq: packet.seq,
            timestamp: packet.timestamp,
        }
    }

    /// Whether `next`, of a key frame, is of a newer one; not of this, or late of an older one.
    fn precedes(self, next: &Packet) -> bool {
        next.timestamp != self.timestamp && !is_late(next, self.seq, self.timestamp)
    }
}

#[cfg(test)]
mod tests;
