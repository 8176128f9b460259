//! Retransmissions (RFC 4588), for NACKs and as padding.

use std::time::{Duration, Instant};

use super::encoding::{Outgoing, Repeat};
use super::sent_packets::SentPacket;
use super::{EncodingIndex, Sender};
use crate::outlet::Outlet;

/// A packet is not retransmitted twice within a round trip, which is clamped to this range.
const RESEND_PAUSE_MIN: Duration = Duration::from_millis(10);
const RESEND_PAUSE_MAX: Duration = Duration::from_millis(500);

/// Padding repeats packets among this many latest ones.
const PADDING_PACKETS: usize = 32;

/// Datagrams of padding that one call sends at most.
pub(super) const PADDING_MAX: usize = 64;

impl Sender {
    /// Answers a NACK for one packet, if the credit, the path and the pause allow it.
    pub(super) fn resend(
        &mut self,
        now: Instant,
        index: EncodingIndex,
        seq: u16,
        outlet: &mut Outlet<'_>,
    ) {
        // While the path queues, a retransmission would only lengthen the queue; the receiver asks
        // again.
        let queues = self.congestion.as_ref().is_some_and(|c| c.is_queueing());
        if self.resend_credit <= 0 || queues {
            return;
        }
        let pause = self.round_trip.unwrap_or_default();
        let pause = pause.clamp(RESEND_PAUSE_MIN, RESEND_PAUSE_MAX);
        let now_ms = self.now_ms(now);
        let Some(encoding) = self.encodings.get_mut(index.index()) else {
            return;
        };
        let Some(sent) = encoding.sent.take(now_ms, seq, pause.as_millis() as u32) else {
            return;
        };
        let bytes = self.send_again(now, index, &sent, outlet);
        self.resend_credit -= bytes as i64;
    }

    /// Retransmits a packet: on the RTX source (RFC 4588), or without RTX as an identical copy.
    /// Returns its size in bytes.
    fn send_again(
        &mut self,
        now: Instant,
        index: EncodingIndex,
        sent: &SentPacket,
        outlet: &mut Outlet<'_>,
    ) -> usize {
        let Some(encoding) = self.encodings.get_mut(index.index()) else {
            return 0;
        };
        // An RTX packet is a new packet with a transport-wide number of its own. A copy keeps all
        // its numbers, so that it is sealed to the same bytes.
        let rtx = sent.types.rtx.zip(encoding.next_rtx());
        let (payload_type, seq, repeat, transport_seq) = match rtx {
            Some((payload_type, (ssrc, seq))) => {
                let transport_seq = self.transport_seq as u16;
                encoding.probe_rtx(transport_seq);
                let repeat = Repeat::Rtx {
                    ssrc,
                    seq: seq as u16,
                };
                (payload_type, seq, repeat, transport_seq)
            }
            None => {
                let with_mid = sent.with_mid;
                let repeat = Repeat::Same { with_mid };
                let payload_type = sent.types.payload_type;
                (payload_type, sent.rewrite.seq, repeat, sent.transport_seq)
            }
        };
        let out = Outgoing {
            packet: &sent.packet,
            payload: sent.types.payload(&sent.packet),
            rewrite: &sent.rewrite,
            payload_type,
            transport_seq,
            repeat,
        };
        self.seal(now, index, &out, seq, outlet).unwrap_or(0)
    }

    /// Sends padding by retransmitting recent packets, which the receiver discards as duplicates.
    /// Only encodings with transport-wide numbers can pad: without feedback padding would not end.
    pub(super) fn pad(&mut self, now: Instant, outlet: &mut Outlet<'_>) {
        for _ in 0..PADDING_MAX {
            let wanted = self.congestion.as_mut().map_or(0, |c| c.padding(now));
            if wanted == 0 {
                return;
            }
            self.padding_turn = (self.padding_turn + 1) % PADDING_PACKETS;
            let turn = self.padding_turn;
            let recent = self
                .encodings
                .iter()
                .enumerate()
                .filter(|(_, encoding)| encoding.can_pad())
                .find_map(|(i, encoding)| Some((EncodingIndex::at(i), encoding.sent.recent(turn)?)))
                .filter(|(_, sent)| sent.types.rtx.is_some());
            let Some((index, sent)) = recent else {
                return;
            };
            if self.send_again(now, index, &sent, outlet) == 0 {
                return;
            }
        }
    }
}
