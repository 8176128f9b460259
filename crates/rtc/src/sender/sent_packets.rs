use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use rtp::{Packet, Rewrite};

use super::types::Types;

/// Packets that are kept for retransmission, and how long. The oldest give way to new ones.
pub(super) const PACKETS_MAX: usize = 1_024;
const AGE_MAX: Duration = Duration::from_secs(1);

/// The recently sent packets of one encoding, ordered by sequence number. The packets themselves
/// are shared by all viewers.
#[derive(Debug, Default)]
pub(super) struct SentPackets {
    packets: VecDeque<SentPacket>,
}

#[derive(Debug, Clone)]
pub(super) struct SentPacket {
    pub(super) packet: Arc<Packet>,
    pub(super) rewrite: Rewrite,
    pub(super) types: Types,
    /// Its transport-wide number, and whether it carried the MID. Without RTX the copy must be
    /// identical: one different byte under the same nonce would give the key away (RFC 7714 §8.1).
    pub(super) transport_seq: u16,
    pub(super) with_mid: bool,
    /// When it was sent, in milliseconds since the sender began.
    sent_ms: u32,
    resent_ms: Option<u32>,
}

impl SentPackets {
    /// Loads into the cache the state that the next packet needs.
    pub(super) fn prefetch(&self) {
        black_box((
            self.packets.front().map(|sent| sent.sent_ms),
            self.packets.back().map(|sent| sent.rewrite.seq),
        ));
    }

    pub(super) fn push(
        &mut self,
        now_ms: u32,
        packet: &Arc<Packet>,
        rewrite: Rewrite,
        types: Types,
        (transport_seq, with_mid): (u16, bool),
    ) {
        let is_old = |first: &SentPacket| first.is_old(now_ms);
        while self.packets.len() >= PACKETS_MAX || self.packets.front().is_some_and(is_old) {
            self.packets.pop_front();
        }
        let sent = SentPacket {
            packet: packet.clone(),
            rewrite,
            types,
            transport_seq,
            with_mid,
            sent_ms: now_ms,
            resent_ms: None,
        };
        // Nearly every packet is the newest. Inserting a late one moves only the few after it.
        match self.packets.back() {
            Some(last) if last.rewrite.seq >= rewrite.seq => {
                let index = self.index(rewrite.seq);
                self.packets.insert(index, sent);
            }
            _ => self.packets.push_back(sent),
        }
    }

    /// Returns the packet with this sequence number for retransmission. `None` when it is gone, or
    /// was retransmitted less than `pause_ms` ago: the receiver could not have seen that yet.
    pub(super) fn take(&mut self, now_ms: u32, seq: u16, pause_ms: u32) -> Option<SentPacket> {
        let last = self.packets.back()?.rewrite.seq;
        let seq = rtp::seq::extend16(last, seq);
        let index = self.index(seq);
        let sent = self
            .packets
            .get_mut(index)
            .filter(|sent| sent.rewrite.seq == seq && !sent.is_old(now_ms))?;
        if sent
            .resent_ms
            .is_some_and(|at| now_ms.saturating_sub(at) < pause_ms)
        {
            return None;
        }
        sent.resent_ms = Some(now_ms);
        Some(sent.clone())
    }

    /// Returns the packet `back` places before the newest, cyclically; `None` when none is kept.
    pub(super) fn recent(&self, back: usize) -> Option<SentPacket> {
        let index = (self.packets.len().checked_sub(1)?) - back % self.packets.len();
        self.packets.get(index).cloned()
    }

    /// Drops all packets.
    pub(super) fn clear(&mut self) {
        self.packets.clear();
    }

    fn index(&self, seq: u64) -> usize {
        self.packets.partition_point(|sent| sent.rewrite.seq < seq)
    }
}

impl SentPacket {
    fn is_old(&self, now_ms: u32) -> bool {
        u128::from(now_ms.saturating_sub(self.sent_ms)) > AGE_MAX.as_millis()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use rtp::{Codec, Format, Profile};

    use super::*;

    const TYPES: Types = Types {
        payload_type: 96,
        rtx: Some(97),
        nack: true,
        red: false,
    };

    /// Records packets with these times in milliseconds and these numbers.
    fn sent(packets: impl IntoIterator<Item = (u32, u64)>) -> SentPackets {
        let now = Instant::now();
        let format = Format {
            codec: Codec::H264,
            clock_rate: 90_000,
            profile: Profile::Any,
            red: false,
        };
        let packet = Arc::new(Packet::new(now, format, [0; 9]));
        let mut sent = SentPackets::default();
        for (now_ms, seq) in packets {
            sent.push(now_ms, &packet, Rewrite::new(seq, 1), TYPES, (0, false));
        }
        sent
    }

    fn seqs(sent: &SentPackets) -> Vec<u64> {
        sent.packets.iter().map(|sent| sent.rewrite.seq).collect()
    }

    #[test]
    fn packets_are_kept_in_order_of_their_numbers() {
        let sent = sent((0..).zip([5, 7, 6, 3, 9, 4, 8]));
        assert_eq!(seqs(&sent), [3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn packet_is_found_by_its_low_16_bits() {
        let mut sent = sent((0..).zip([0xfffe, 0x1_0001, 0xffff, 0x1_0003]));
        let found = [0xfffe, 0xffff, 0, 1, 2, 3, 4, 0xfffd].map(|seq| {
            let found = sent.take(9, seq, 10);
            found.map(|sent| sent.rewrite.seq)
        });
        let (first, second) = (Some(0xfffe), Some(0xffff));
        let (third, fourth) = (Some(0x1_0001), Some(0x1_0003));
        let expected = [first, second, None, third, None, fourth, None, None];
        assert_eq!(found, expected);
    }

    #[test]
    fn kept_packets_are_bounded_in_number_and_age() {
        let at_once = seqs(&sent((0..2_000).map(|seq| (0, seq))));
        assert!(at_once.into_iter().eq(976..2_000));
        let slowly = seqs(&sent((0..2_000).map(|seq| (10 * seq as u32, seq))));
        assert!(slowly.into_iter().eq(1_899..2_000));
    }

    #[test]
    fn recent_packets_cycle_from_the_newest_backwards() {
        let sent = sent((0..).zip([1, 2, 3]));
        let recent = [0, 1, 2, 3, 4].map(|back| sent.recent(back).map(|sent| sent.rewrite.seq));
        assert_eq!(recent, [Some(3), Some(2), Some(1), Some(3), Some(2)]);
        assert!(SentPackets::default().recent(0).is_none());
    }
}
