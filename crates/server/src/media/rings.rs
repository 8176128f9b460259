//! The rings between shards.

use std::collections::VecDeque;

use model::ShardId;
use rtrb::{Consumer, Producer, RingBuffer};
use shard::ShardMessage;

/// Packets that may wait between two shards. A full ring drops video up to the next key frame.
const RING_PACKETS: usize = 8_192;

/// The sending end of a ring to another shard.
pub(super) struct Outgoing {
    pub(super) to: ShardId,
    ring: Producer<ShardMessage>,
    /// Messages other than packets that found the ring full: they must not be lost, and nothing may
    /// overtake them. Bounded by what sessions can cause while the ring is full.
    held: VecDeque<ShardMessage>,
}

impl Outgoing {
    /// Sends a message. Returns false when it is a packet and is dropped because the ring is full.
    #[inline]
    pub(super) fn push(&mut self, message: ShardMessage) -> bool {
        self.flush();
        let refused = if self.held.is_empty() {
            self.ring
                .push(message)
                .err()
                .map(|rtrb::PushError::Full(message)| message)
        } else {
            Some(message)
        };
        match refused {
            None => true,
            Some(ShardMessage::Packet { .. }) => false,
            Some(message) => {
                self.held.push_back(message);
                true
            }
        }
    }

    /// Sends held messages, as far as the ring has room.
    #[inline]
    pub(super) fn flush(&mut self) {
        while let Some(message) = self.held.pop_front() {
            if let Err(rtrb::PushError::Full(message)) = self.ring.push(message) {
                self.held.push_front(message);
                return;
            }
        }
    }

    /// Number of messages that wait for the other shard.
    pub(super) fn queued(&self) -> u64 {
        (RING_PACKETS - self.ring.slots() + self.held.len()) as u64
    }
}

/// Makes a ring for each ordered pair of shards. Returns the sending ends of each shard, then the
/// receiving ends.
pub(super) fn rings(count: usize) -> (Vec<Vec<Outgoing>>, Vec<Vec<Consumer<ShardMessage>>>) {
    let mut outgoing: Vec<Vec<_>> = (0..count).map(|_| Vec::new()).collect();
    let mut incoming: Vec<Vec<_>> = (0..count).map(|_| Vec::new()).collect();
    for (from, producers) in ShardId::all(count).zip(&mut outgoing) {
        for to in ShardId::all(count).filter(|to| *to != from) {
            let (ring, consumer) = RingBuffer::new(RING_PACKETS);
            producers.push(Outgoing {
                to,
                ring,
                held: VecDeque::new(),
            });
            incoming[to.index()].push(consumer);
        }
    }
    (outgoing, incoming)
}
