//! A bounded cache of one video layer, from its last key frame on.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Packet;

/// Longest delay of a retransmission; a packet that seems later than this is from another source.
const LATE_MAX: Duration = Duration::from_secs(10);

/// Limits of a cache. When one is exceeded, the cache drops everything and stays empty until the
/// next key frame: packets whose key frame is missing are useless.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Memory that the packets take, in bytes; see [`cost`].
    pub bytes: usize,
    /// Number of packets.
    pub packets: usize,
    /// Time from the arrival of the key frame's first packet to that of the newest packet.
    pub age: Duration,
}

/// Returns the memory in bytes that a kept packet takes: its payloads and the structures around
/// them. A small packet costs many times its payload.
pub fn cost(packet: &Packet) -> usize {
    /// Each `Arc` has two counters in front of its contents.
    const ARC: usize = 2 * size_of::<usize>();
    let descriptor = packet.extensions.dependency_descriptor.as_ref();
    let primary = packet.primary.as_ref();
    let shared = [Some(&packet.payload), primary, descriptor];
    let shared = shared.into_iter().flatten().map(|bytes| ARC + bytes.len());
    size_of::<Arc<Packet>>() + ARC + size_of::<Packet>() + shared.sum::<usize>()
}

/// Whether a packet is a late one of the same source: sent before the one with these numbers, by no
/// more than [`LATE_MAX`]. The numbers of another source start elsewhere.
pub(crate) fn is_late(packet: &Packet, seq: u64, timestamp: u32) -> bool {
    let ticks_before = u64::from(timestamp.wrapping_sub(packet.timestamp));
    let late_ticks = u64::from(packet.format.clock_rate) * LATE_MAX.as_secs();
    packet.seq < seq && ticks_before <= late_ticks
}

/// The packets of one layer from its last key frame on, in order of their sequence numbers.
///
/// A key frame restarts the cache, also when the sender changed its SSRC and its numbers start
/// over. Several packets of one key frame may be marked as such. All packets with its
/// timestamp belong to it, also those before the first marked one (its parameter sets). Parameter
/// sets that it lacks [lead](Self::lead) it.
///
/// Readers hold a [`Cursor`] and move at their own pace. A new key frame takes all of them to its
/// first packet.
#[derive(Debug)]
pub struct KeyframeCache {
    limits: Limits,
    packets: VecDeque<Arc<Packet>>,
    /// Read before `packets`. There are few, and they do not count towards the limits.
    leading: Vec<Arc<Packet>>,
    /// Numbers of the first and last of `packets`; `None` when there are none.
    ends: Option<Ends>,
    bytes: usize,
    /// The newest key frame, even if a limit dropped it.
    keyframe: Option<Keyframe>,
    /// Number of key frames so far. A cursor of an older one jumps to the newest.
    epoch: u64,
    overflows: u64,
}

/// The position of a reader in a [`KeyframeCache`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    epoch: u64,
    /// Number of leading packets that were read; [`LED`] once a packet of the stream was read.
    led: usize,
    /// The next packet is the first with at least this sequence number.
    seq: u64,
}

/// `Cursor::led` of a reader that is past the leading packets.
const LED: usize = usize::MAX;

/// One packet as a reader gets it.
#[derive(Debug)]
pub struct Read<'a> {
    /// The packet; it belongs to the stream unless `leads` is set.
    pub packet: &'a Arc<Packet>,
    /// The cache restarted since the last read: this packet is the first of a new key frame, or
    /// leads it. Unread packets of the old key frame are gone.
    pub jumped: bool,
    /// Set when the packet is not of the stream, but [leads](KeyframeCache::lead) a key frame: the
    /// first packet of the stream after it. The leading packet needs a sequence number of its own
    /// before that one's.
    pub leads: Option<&'a Arc<Packet>>,
}

impl KeyframeCache {
    /// Creates an empty cache.
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

    /// Adds a packet. Returns whether it began a new key frame; `false` too if that is beyond a
    /// limit.
    ///
    /// Late packets are sorted in. Duplicates and packets from before the key frame are ignored,
    /// and so is everything until there is a key frame.
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

    /// Reads the memory that the next [`Self::push`] needs, to have it in the processor's caches.
    pub fn prefetch(&self) {
        black_box((self.bytes, self.packets.back().map(Arc::as_ptr)));
    }

    /// Returns the cursor of a new reader, at the start of the key frame; `None` while there is
    /// none.
    pub fn start(&self) -> Option<Cursor> {
        self.first().map(|first| Cursor {
            epoch: self.epoch,
            led: 0,
            seq: first.seq,
        })
    }

    /// Returns the next packet of a reader and advances its cursor; `None` at the live edge, and
    /// while the cache is empty.
    pub fn next(&self, cursor: &mut Cursor) -> Option<Read<'_>> {
        let jumped = cursor.epoch != self.epoch;
        if jumped {
            // Without a key frame the cursor stays as it is, and jumps when there is one.
            *cursor = self.start()?;
        }
        // This packet is found first because `leads` refers to it.
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

    /// Sets the packets that readers get before the current key frame, unless they have begun with
    /// it. They are dropped together with the key frame.
    pub fn lead(&mut self, packets: Vec<Arc<Packet>>) {
        self.leading = packets;
    }

    /// Returns the packets that lead the current key frame without being of the stream.
    pub fn leading(&self) -> &[Arc<Packet>] {
        &self.leading
    }

    /// Returns the first packet of the key frame; `None` when the cache is empty.
    pub fn first(&self) -> Option<&Arc<Packet>> {
        self.packets.front()
    }

    /// Returns whether a packet was sent before the current key frame's picture; `false` when the
    /// cache is empty.
    pub fn is_before_keyframe(&self, packet: &Packet) -> bool {
        let keyframe = self.keyframe.filter(|_| !self.is_empty());
        keyframe.is_some_and(|keyframe| packet.seq < keyframe.seq)
    }

    /// Drops everything until the first key frame of another source, which begins now.
    pub fn restart(&mut self) {
        self.clear();
        self.keyframe = None;
    }

    /// Returns all packets in the order of their sequence numbers.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Packet>> {
        self.packets.iter()
    }

    /// Returns when the key frame's first packet was received; `None` when the cache is empty.
    pub fn keyframe_at(&self) -> Option<Instant> {
        self.first().map(|first| first.received)
    }

    /// Returns the number of packets.
    pub fn len(&self) -> usize {
        self.packets.len()
    }

    /// Returns whether there is no key frame, and so no packet.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Returns the memory in bytes that the packets take; see [`cost`].
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns how often a limit was exceeded.
    pub fn overflows(&self) -> u64 {
        self.overflows
    }

    fn begin(&mut self, packet: Arc<Packet>) -> bool {
        if self.keyframe.is_some_and(|last| packet.seq < last.seq) {
            // The source's numbers start over, so they do not compare with those of the kept
            // packets.
            self.clear();
        }
        self.drop_before(&packet);
        self.leading.clear();
        self.epoch += 1;
        self.keyframe = Some(Keyframe::of(&packet));
        self.insert(packet);
        // A key frame that is beyond a limit by itself has been dropped again.
        !self.is_empty()
    }

    /// Drops what was sent before a key frame. If the key frame is late, its other packets and
    /// those after it are already here, and stay.
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

    /// Whether a packet comes after the first one, or before it as a part of the same key frame.
    fn has_place_for(&self, packet: &Packet) -> bool {
        self.ends.is_some_and(|ends| {
            packet.seq > ends.first_seq || packet.timestamp == ends.first_timestamp
        })
    }

    fn insert(&mut self, packet: Arc<Packet>) {
        // Nearly always the packet is the newest. A late one has few packets after it to move.
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
            // What a partial drop would leave has no key frame, so everything goes.
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

/// What each push needs to know about the first and the last packet. It is copied here because
/// those packets have long left the processor's caches.
#[derive(Debug, Clone, Copy)]
struct Ends {
    first_seq: u64,
    first_timestamp: u32,
    /// A packet received later than this exceeds the age limit.
    expires: Option<Instant>,
    last_seq: u64,
}

/// The numbers that distinguish one key frame from another.
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

    /// Whether `next`, which is marked as key frame, is of a newer one: neither a part of this one
    /// nor a late part of an older one.
    fn precedes(self, next: &Packet) -> bool {
        next.timestamp != self.timestamp && !is_late(next, self.seq, self.timestamp)
    }
}

#[cfg(test)]
mod tests;
