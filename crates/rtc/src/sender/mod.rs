//! Sends media: SRTP packets, retransmissions (RFC 4588), sender reports, and the reaction to the
//! receiver's feedback.
//!
//! A packet is written once, directly into the send buffer, and encrypted there. For
//! retransmissions the sender keeps references to packets that all viewers share. Keys and path
//! belong to the peer, which lends them as an [`Outlet`] with each call.

mod encoding;
mod encoding_index;
mod feedback;
mod reports;
mod resending;
mod sent_packets;
mod types;
mod write_error;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rtp::rtcp::Received;
use rtp::{Bitrate, Packet, Rewrite};

use crate::congestion::Congestion;
use crate::flow::Flow;
use crate::outlet::Outlet;
use crate::wall_clock::WallClock;

use encoding::{Encoding, Outgoing, Repeat};

pub(crate) use encoding::EncodingConfig;
pub(crate) use encoding_index::EncodingIndex;
pub(crate) use feedback::Feedback;
pub(crate) use types::Types;
pub use write_error::WriteError;

/// Interval of sender reports (RFC 3550 §6.2, reduced for two parties).
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Retransmissions may take this share of the bytes sent as media: on a link that loses more,
/// resending only adds load. Unused credit is saved up for bursts, up to this many bytes.
const RESENT_SHARE: f64 = 0.5;
const RESENT_BYTES_MAX: i64 = 200_000;

/// All media that one peer sends.
#[derive(Debug)]
pub(crate) struct Sender {
    encodings: Vec<Encoding>,
    began: Instant,
    clock: WallClock,
    transport_seq: u64,
    congestion: Option<Box<Congestion>>,
    report_at: Instant,
    /// Bytes that may be retransmitted now.
    resend_credit: i64,
    round_trip: Option<Duration>,
    padding_turn: usize,
    unreported: Unreported,
    packets: u64,
    bytes: u64,
    /// Packets lost on encodings that have ended.
    lost_before: u64,
}

/// Feedback that [`Sender::poll`] has not returned yet.
#[derive(Debug, Default, Clone, Copy)]
struct Unreported {
    /// At least one encoding needs a key frame.
    keyframes: bool,
    nacks: u64,
}

impl Sender {
    pub(crate) fn new(
        now: Instant,
        clock: WallClock,
        encodings: Vec<EncodingConfig>,
        estimate: Option<Bitrate>,
    ) -> Self {
        Self {
            encodings: encodings.into_iter().map(Encoding::new).collect(),
            began: now,
            clock,
            transport_seq: 1,
            congestion: estimate.map(|initial| Box::new(Congestion::new(now, initial))),
            report_at: now,
            resend_credit: RESENT_BYTES_MAX,
            round_trip: None,
            padding_turn: 0,
            unreported: Unreported::default(),
            packets: 0,
            bytes: 0,
            lost_before: 0,
        }
    }

    /// Loads into the cache the state that the next packet and the next feedback need.
    pub(crate) fn prefetch(&self) {
        black_box((self.transport_seq, self.packets));
        if let Some(encoding) = self.encodings.first() {
            encoding.prefetch();
        }
        if let Some(congestion) = &self.congestion {
            congestion.prefetch();
        }
    }

    /// Adds an encoding. Its index may be that of an encoding that has ended.
    pub(crate) fn add(&mut self, config: EncodingConfig) -> EncodingIndex {
        let encoding = Encoding::new(config);
        let mut free = self.encodings.iter_mut().enumerate();
        match free.find(|(_, e)| e.is_over) {
            Some((position, ended)) => {
                *ended = encoding;
                EncodingIndex::at(position)
            }
            None => {
                self.encodings.push(encoding);
                EncodingIndex::at(self.encodings.len() - 1)
            }
        }
    }

    /// Ends an encoding; [`Self::add`] may reuse its index.
    pub(crate) fn end(&mut self, encoding: EncodingIndex) {
        if let Some(encoding) = self.encodings.get_mut(encoding.index()) {
            encoding.is_over = true;
            encoding.last = None;
            encoding.sent.clear();
            self.lost_before += u64::from(std::mem::take(&mut encoding.lost));
        }
    }

    /// Returns the SSRC of an encoding; `None` when it has ended.
    pub(crate) fn ssrc(&self, encoding: EncodingIndex) -> Option<u32> {
        let encoding = self
            .encodings
            .get(encoding.index())
            .filter(|e| !e.is_over)?;
        Some(encoding.ssrc)
    }

    /// Starts the sender reports, now that the connection is up.
    pub(crate) fn connect(&mut self, now: Instant) {
        self.report_at = now + REPORT_EVERY;
    }

    /// Sends a packet of an encoding, and keeps a reference to it for retransmission.
    pub(crate) fn send(
        &mut self,
        now: Instant,
        encoding: EncodingIndex,
        packet: &Arc<Packet>,
        rewrite: Rewrite,
        types: Types,
        outlet: &mut Outlet<'_>,
    ) -> Result<(), WriteError> {
        // A number that was used must not be sealed again: SRTP would repeat its nonce.
        let number = self
            .encodings
            .get_mut(encoding.index())
            .map(|e| &mut e.used);
        if !number.ok_or(WriteError::NotSending)?.take(rewrite.seq) {
            return Err(WriteError::Late);
        }
        let payload = types.payload(packet);
        let out = Outgoing {
            packet,
            payload,
            rewrite: &rewrite,
            payload_type: types.payload_type,
            transport_seq: self.transport_seq as u16,
            repeat: Repeat::No,
        };
        let transport_seq = out.transport_seq;
        let sealed = self.seal(now, encoding, &out, rewrite.seq, outlet);
        let bytes = sealed.ok_or(WriteError::NotSending)?;
        let now_ms = self.now_ms(now);
        if let Some(encoding) = self.encodings.get_mut(encoding.index()) {
            encoding.count(packet, &rewrite, payload.len());
            encoding.record(now_ms, packet, rewrite, types, transport_seq);
        }
        self.packets += 1;
        self.bytes += payload.len() as u64;
        let credit = self.resend_credit + (bytes as f64 * RESENT_SHARE) as i64;
        self.resend_credit = credit.min(RESENT_BYTES_MAX);
        Ok(())
    }

    /// Writes a packet into the send buffer and seals it there. Returns its size in bytes.
    fn seal(
        &mut self,
        now: Instant,
        encoding: EncodingIndex,
        out: &Outgoing<'_>,
        index: u64,
        outlet: &mut Outlet<'_>,
    ) -> Option<usize> {
        let encoding = self.encodings.get(encoding.index())?;
        let bytes = outlet.send_rtp(index, |buffer| encoding.write(buffer, out));
        // An identical repeat carries its first transport-wide number, so that congestion control
        // must not count it again.
        if encoding.ids.transport_seq > 0 && !matches!(out.repeat, Repeat::Same { .. }) {
            if let Some(congestion) = &mut self.congestion {
                congestion.sent(now, self.transport_seq, bytes);
            }
            self.transport_seq += 1;
        }
        Some(bytes)
    }

    /// Handles one item of the receiver's RTCP.
    pub(crate) fn handle_rtcp(
        &mut self,
        now: Instant,
        received: &Received<'_>,
        outlet: &mut Outlet<'_>,
    ) {
        match received {
            Received::Report(block) => self.reported(now, block),
            Received::Nack { source, lost } => {
                self.unreported.nacks += 1;
                if let Some(encoding) = self.position(*source) {
                    for seq in lost.clone().take(sent_packets::PACKETS_MAX) {
                        self.resend(now, encoding, seq, outlet);
                    }
                }
            }
            Received::KeyframeRequest { source } => {
                let encoding = self.position(*source);
                if let Some(encoding) = encoding.and_then(|of| self.encodings.get_mut(of.index())) {
                    self.unreported.keyframes = true;
                    encoding.wants_keyframe = true;
                }
            }
            Received::TransportFeedback(feedback) => {
                for encoding in &mut self.encodings {
                    encoding.note_arrivals(feedback);
                }
                if let Some(congestion) = &mut self.congestion {
                    congestion.report(now, feedback);
                }
            }
            Received::SenderReport { .. } | Received::Bye { .. } => {}
        }
    }

    fn position(&self, ssrc: u32) -> Option<EncodingIndex> {
        let position = self.encodings.iter().position(|e| e.ssrc == ssrc);
        position.map(EncodingIndex::at)
    }

    /// Sends the reports, probes and padding that are due.
    pub(crate) fn handle_timeout(&mut self, now: Instant, outlet: &mut Outlet<'_>) {
        if self.report_at <= now {
            self.report_at = now + REPORT_EVERY;
            self.report(now, outlet);
        }
        self.pad(now, outlet);
    }

    /// Returns the next feedback of the receiver.
    pub(crate) fn poll(&mut self) -> Option<Feedback> {
        if self.unreported.keyframes {
            let wants = |e: &mut Encoding| std::mem::take(&mut e.wants_keyframe);
            if let Some(position) = self.encodings.iter_mut().position(wants) {
                let encoding = EncodingIndex::at(position);
                return Some(Feedback::KeyframeRequest(encoding));
            }
            self.unreported.keyframes = false;
        }
        let nacks = std::mem::take(&mut self.unreported.nacks);
        if nacks > 0 {
            return Some(Feedback::Nacks(nacks));
        }
        let (bandwidth, congested) = self.congestion.as_mut()?.poll_estimate()?;
        Some(Feedback::Estimate(bandwidth, congested))
    }

    /// Returns when to call [`Self::handle_timeout`].
    pub(crate) fn due(&self, now: Instant) -> Instant {
        let congestion = self.congestion.as_ref().and_then(|c| c.due(now));
        congestion.map_or(self.report_at, |at| at.min(self.report_at))
    }

    /// See [`crate::Peer::set_wanted_bitrate`].
    pub(crate) fn set_wanted(&mut self, now: Instant, padded: Bitrate, wanted: Bitrate) {
        if let Some(congestion) = &mut self.congestion {
            congestion.set_wanted(now, padded, wanted);
        }
    }

    /// Drops the packets that this encoding keeps for retransmission.
    pub(crate) fn forget_sent(&mut self, encoding: EncodingIndex) {
        if let Some(encoding) = self.encodings.get_mut(encoding.index()) {
            encoding.sent.clear();
        }
    }

    /// Returns the counters of what was sent so far; the losses are those that the receiver
    /// reported.
    pub(crate) fn flow(&self) -> Flow {
        let lost = self
            .encodings
            .iter()
            .map(|encoding| u64::from(encoding.lost));
        Flow {
            packets: self.packets,
            bytes: self.bytes,
            lost: self.lost_before + lost.sum::<u64>(),
        }
    }

    /// Returns the latest measured round trip.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    fn now_ms(&self, now: Instant) -> u32 {
        now.saturating_duration_since(self.began).as_millis() as u32
    }
}

#[cfg(test)]
mod tests;
