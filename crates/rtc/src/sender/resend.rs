use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rtp::{Packet, Rewrite};

use super::Types;

/// What a NACK can ask for.
pub(super) const PACKETS_MAX: usize = 1_024;
const AGE_MAX: Duration = Duration::from_secs(1);

/// What was sent of one encoding in the last moments, in order of the sequence numbers. The
/// packets themselves are shared with all other viewers.
#[derive(Debug, Default)]
pub(super) struct SentPackets {
    packets: VecDeque<SentPacket>,
}

#[derive(Debug, Clone)]
pub(super) struct SentPacket {
    pub(super) packet: Arc<Packet>,
    pub(super) rewrite: Rewrite,
    pub(super) types: Types,
    /// Since the sender began, in milliseconds.
    sent_ms: u32,
    resent_ms: Option<u32>,
}

impl SentPackets {
    pub(super) fn push(
        &mut self,
        now_ms: u32,
        packet: &Arc<Packet>,
        rewrite: Rewrite,
        types: Types,
    ) {
        let over = |first: &SentPacket| {
            u128::from(now_ms.saturating_sub(first.sent_ms)) > AGE_MAX.as_millis()
        };
        while self.packets.len() >= PACKETS_MAX || self.packets.front().is_some_and(over) {
            self.packets.pop_front();
        }
        let sent = SentPacket {
            packet: packet.clone(),
            rewrite,
            types,
            sent_ms: now_ms,
            resent_ms: None,
        };
        // Nearly always the packet is the newest. A late one has few behind it to move.
        match self.packets.back() {
            Some(last) if last.rewrite.seq >= rewrite.seq => {
                let index = self.index(rewrite.seq);
                self.packets.insert(index, sent);
            }
            _ => self.packets.push_back(sent),
        }
    }

    /// The packet with this sequence number, to be sent again; `None` when it is gone, or was
    /// sent again less than `pause_ms` ago: then the receiver could not know yet.
    pub(super) fn take(&mut self, now_ms: u32, seq: u16, pause_ms: u32) -> Option<SentPacket> {
        let last = self.packets.back()?.rewrite.seq;
        let seq = rtp::seq::extend16(last, seq);
        let index = self.index(seq);
        let sent = self
            .packets
            .get_mut(index)
            .filter(|sent| sent.rewrite.seq == seq)?;
        if sent
            .resent_ms
            .is_some_and(|at| now_ms.saturating_sub(at) < pause_ms)
        {
            return None;
        }
        sent.resent_ms = Some(now_ms);
        Some(sent.clone())
    }

    /// The newest but `back` ones.
    pub(super) fn recent(&self, back: usize) -> Option<SentPacket> {
        let index = (self.packets.len().checked_sub(1)?) - back % self.packets.len();
        self.packets.get(index).cloned()
    }

    /// Nothing of it is to be sent again.
    pub(super) fn clear(&mut self) {
        self.packets.clear();
    }

    fn index(&self, seq: u64) -> usize {
        self.packets.partition_point(|sent| sent.rewrite.seq < seq)
    }
}
