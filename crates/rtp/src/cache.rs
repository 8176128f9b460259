//! A bounded cache of one video layer, from its last key frame on.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Packet;

/// What a cache may hold. Beyond either limit all is dropped, and the cache stays empty until
/// the next key frame: a beginning without its key frame is worth nothing.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Sum of the payloads.
    pub bytes: usize,
    /// From the key frame to the newest packet.
    pub age: Duration,
}

/// The packets of one layer from its last key frame on, in order of their sequence numbers.
///
/// Readers hold a [`Cursor`] and move at their own pace; when a new key frame arrives they
/// are taken to it.
#[derive(Debug)]
pub struct KeyframeCache {
    limits: Limits,
    packets: VecDeque<Arc<Packet>>,
    bytes: usize,
    /// Counts the key frames: a cursor of an older one jumps.
    epoch: u64,
    overflows: u64,
}

/// A place in a [`KeyframeCache`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    epoch: u64,
    /// The next packet is the first with at least this sequence number.
    seq: u64,
}

/// What a reader got.
#[derive(Debug)]
pub struct Read<'a> {
    /// The packet.
    pub packet: &'a Arc<Packet>,
    /// The cache began anew since the last read: this is the first packet of a key frame, and
    /// what was not read of the older one is gone.
    pub jumped: bool,
}

impl KeyframeCache {
    /// An empty cache.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            packets: VecDeque::new(),
            bytes: 0,
            epoch: 0,
            overflows: 0,
        }
    }

    /// Takes a packet. Returns whether a new key frame began with it.
    ///
    /// Late packets find their place; duplicates, and those from before the key frame, are
    /// ignored.
    pub fn push(&mut self, packet: Arc<Packet>) -> bool {
        let first = self
            .packets
            .front()
            .map(|first| (first.seq, first.timestamp));
        let Some((first_seq, first_timestamp)) = first else {
            return packet.frame.keyframe && self.begin(packet);
        };
        // A key frame may say so in several packets: parameter sets, then the picture.
        if packet.frame.keyframe && packet.timestamp != first_timestamp {
            return packet.seq > first_seq && self.begin(packet);
        }
        let lost_beginning = packet.seq < first_seq && packet.timestamp == first_timestamp;
        if packet.seq < first_seq && !lost_beginning {
            return false;
        }
        self.insert(packet);
        false
    }

    /// Where a new reader begins; `None` while there is no key frame.
    pub fn start(&self) -> Option<Cursor> {
        self.packets.front().map(|first| Cursor {
            epoch: self.epoch,
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
        cursor.seq = packet.seq + 1;
        Some(Read { packet, jumped })
    }

    /// All packets, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Packet>> {
        self.packets.iter()
    }

    /// When the key frame's first packet was received.
    pub fn keyframe_at(&self) -> Option<Instant> {
        self.packets.front().map(|first| first.received)
    }

    /// Number of packets.
    pub fn len(&self) -> usize {
        self.packets.len()
    }

    /// Whether there is no key frame.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Sum of the payloads.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How often a limit was exceeded.
    pub fn overflows(&self) -> u64 {
        self.overflows
    }

    fn begin(&mut self, packet: Arc<Packet>) -> bool {
        self.clear();
        self.epoch += 1;
        self.insert(packet);
        true
    }

    fn insert(&mut self, packet: Arc<Packet>) {
        // Nearly always the packet is the newest.
        let index = match self.packets.back() {
            Some(last) if last.seq >= packet.seq => {
                self.packets.partition_point(|p| p.seq < packet.seq)
            }
            _ => self.packets.len(),
        };
        if self.packets.get(index).is_some_and(|p| p.seq == packet.seq) {
            return;
        }
        let age = self.keyframe_at().map_or(Duration::ZERO, |at| {
            packet.received.saturating_duration_since(at)
        });
        if self.bytes + packet.payload.len() > self.limits.bytes || age > self.limits.age {
            self.overflows += 1;
            self.clear();
            return;
        }
        self.bytes += packet.payload.len();
        self.packets.insert(index, packet);
    }

    fn clear(&mut self) {
        self.packets.clear();
        self.bytes = 0;
    }
}
