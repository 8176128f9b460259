//! Sends media and what belongs to it: SRTP, retransmissions (RFC 4588), sender reports, and the
//! receiver's feedback.
//!
//! A packet is written once, straight to where it is sent from, and encrypted in place; what a NACK
//! may ask for is kept as references to packets that all viewers share. Keys and path belong to the
//! peer, which lends them as an [`Outlet`] with each call.

mod encoding;
mod resend;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rtp::rtcp::{self, Received, ReportBlock, SenderReport};
use rtp::{Bitrate, Packet, Rewrite};
use thiserror::Error;

use crate::congestion::Congestion;
use crate::extensions::ExtensionIds;
use crate::flow::Flow;
use crate::outlet::Outlet;
use crate::wall_clock::WallClock;

use encoding::{Encoding, Outgoing, Repeat};

/// Between two sender reports (RFC 3550 §6.2, reduced for two parties).
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Retransmissions take up to this share of what is sent: on a link that loses more, resending
/// makes it worse. A burst of losses may use what was saved up.
const RESENT_SHARE: f64 = 0.5;
const RESENT_BYTES_MAX: i64 = 200_000;

/// A packet is not sent again before a round trip has passed, as far as that is believed.
const RESEND_PAUSE_MIN: Duration = Duration::from_millis(10);
const RESEND_PAUSE_MAX: Duration = Duration::from_millis(500);

/// Padding repeats packets of up to so many ago.
const PADDING_PACKETS: usize = 32;

/// Sources of one BYE: its count has five bits.
const BYE_SOURCES_MAX: usize = 31;

/// Datagrams of padding with one call.
const PADDING_MAX: usize = 64;

/// What identifies an encoding that is to be sent.
#[derive(Debug)]
pub(crate) struct EncodingConfig {
    pub(crate) ssrc: u32,
    pub(crate) rtx_ssrc: Option<u32>,
    pub(crate) mid: Box<str>,
    pub(crate) ids: ExtensionIds,
    pub(crate) cname: String,
}

/// How one packet is to be sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Types {
    pub(crate) payload_type: u8,
    /// Payload type of its retransmission; `None` without RTX.
    pub(crate) rtx: Option<u8>,
    /// The receiver asks for what is lost.
    pub(crate) nack: bool,
    /// The receiver takes redundant audio.
    pub(crate) red: bool,
}

/// Why a packet was not sent. Counted by the caller; none of them is worth a log line each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WriteError {
    /// There is no such m-line, it does not send, or there is no connection yet.
    #[error("the m-line does not send")]
    NotSending,
    /// The remote did not accept the packet's codec.
    #[error("the remote does not take this codec")]
    Codec,
    /// Larger than [`PAYLOAD_BYTES_MAX`](crate::PAYLOAD_BYTES_MAX).
    #[error("the payload is too large")]
    TooLarge,
    /// Its sequence number was used, or so many newer ones that nobody waits for it.
    #[error("the sequence number was used, or is too old")]
    Late,
}

/// Everything that one peer sends.
#[derive(Debug)]
pub(crate) struct Sender {
    encodings: Vec<Encoding>,
    began: Instant,
    clock: WallClock,
    transport_seq: u64,
    congestion: Option<Box<Congestion>>,
    report_at: Instant,
    /// Bytes that may be sent again.
    resend_credit: i64,
    round_trip: Option<Duration>,
    padding_turn: usize,
    told: Told,
    packets: u64,
    bytes: u64,
    /// Lost packets of encodings that are over.
    lost_before: u64,
}

/// What the receiver said and nobody has taken yet.
#[derive(Debug, Default, Clone, Copy)]
struct Told {
    /// There are encodings that need a key frame.
    keyframes: bool,
    nacks: u64,
}

/// What a receiver reported.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Feedback {
    /// It needs a key frame of this encoding.
    KeyframeRequest(usize),
    /// It sent so many NACKs.
    Nacks(u64),
    /// What the path carries, and whether it is congested.
    Estimate(Bitrate, bool),
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
            told: Told::default(),
            packets: 0,
            bytes: 0,
            lost_before: 0,
        }
    }

    /// Reads what the next packet will need, and the next feedback.
    pub(crate) fn prefetch(&self) {
        black_box((self.transport_seq, self.packets));
        if let Some(encoding) = self.encodings.first() {
            encoding.prefetch();
        }
        if let Some(congestion) = &self.congestion {
            congestion.prefetch();
        }
    }

    /// One more encoding is sent. Returns its number.
    pub(crate) fn add(&mut self, config: EncodingConfig) -> usize {
        let encoding = Encoding::new(config);
        match self.encodings.iter_mut().position(|e| e.is_over) {
            Some(index) => {
                self.encodings[index] = encoding;
                index
            }
            None => {
                self.encodings.push(encoding);
                self.encodings.len() - 1
            }
        }
    }

    /// This encoding is sent no more; its number may be given to another.
    pub(crate) fn end(&mut self, encoding: usize) {
        if let Some(encoding) = self.encodings.get_mut(encoding) {
            encoding.is_over = true;
            encoding.last = None;
            encoding.sent.clear();
            self.lost_before += u64::from(std::mem::take(&mut encoding.lost));
        }
    }

    /// The source of an encoding.
    pub(crate) fn ssrc(&self, encoding: usize) -> Option<u32> {
        let encoding = self.encodings.get(encoding).filter(|e| !e.is_over)?;
        Some(encoding.ssrc)
    }

    /// The connection is up.
    pub(crate) fn connect(&mut self, now: Instant) {
        self.report_at = now + REPORT_EVERY;
    }

    /// Sends a packet.
    pub(crate) fn send(
        &mut self,
        now: Instant,
        encoding: usize,
        packet: &Arc<Packet>,
        rewrite: Rewrite,
        types: Types,
        outlet: &mut Outlet<'_>,
    ) -> Result<(), WriteError> {
        let number = self.encodings.get_mut(encoding).map(|e| &mut e.used);
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
        if let Some(encoding) = self.encodings.get_mut(encoding) {
            encoding.count(packet, &rewrite, payload.len());
            encoding.record(now_ms, packet, rewrite, types, transport_seq);
        }
        self.packets += 1;
        self.bytes += payload.len() as u64;
        let credit = self.resend_credit + (bytes as f64 * RESENT_SHARE) as i64;
        self.resend_credit = credit.min(RESENT_BYTES_MAX);
        Ok(())
    }

    /// Writes a packet to where it is sent from and encrypts it there. Returns its size.
    fn seal(
        &mut self,
        now: Instant,
        encoding: usize,
        out: &Outgoing<'_>,
        index: u64,
        outlet: &mut Outlet<'_>,
    ) -> Option<usize> {
        let encoding = self.encodings.get(encoding)?;
        let bytes = outlet.send_rtp(index, |buffer| encoding.write(buffer, out));
        // The same packet again is no news to the congestion control.
        if encoding.ids.transport_seq > 0 && !matches!(out.repeat, Repeat::Same { .. }) {
            if let Some(congestion) = &mut self.congestion {
                congestion.sent(now, self.transport_seq, bytes);
            }
            self.transport_seq += 1;
        }
        Some(bytes)
    }

    /// Takes one thing that the receiver reported.
    pub(crate) fn handle_rtcp(
        &mut self,
        now: Instant,
        received: &Received<'_>,
        outlet: &mut Outlet<'_>,
    ) {
        match received {
            Received::Report(block) => self.reported(now, block),
            Received::Nack { source, lost } => {
                self.told.nacks += 1;
                if let Some(encoding) = self.position(*source) {
                    for seq in lost.clone().take(resend::PACKETS_MAX) {
                        self.resend(now, encoding, seq, outlet);
                    }
                }
            }
            Received::KeyframeRequest { source } => {
                let encoding = self.position(*source);
                if let Some(encoding) = encoding.and_then(|index| self.encodings.get_mut(index)) {
                    self.told.keyframes = true;
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

    fn reported(&mut self, now: Instant, block: &ReportBlock) {
        let mut encodings = self.encodings.iter_mut();
        if let Some(encoding) = encodings.find(|e| e.is_rtx(block.ssrc)) {
            encoding.rtx_is_known = true;
            return;
        }
        let Some(index) = self.position(block.ssrc) else {
            return;
        };
        if let Some(encoding) = self.encodings.get_mut(index) {
            encoding.is_known = true;
            encoding.lost = encoding.lost.max(block.lost);
        }
        self.round_trip = self
            .clock
            .round_trip(now, block.last_report, block.since_report)
            .or(self.round_trip);
    }

    fn position(&self, ssrc: u32) -> Option<usize> {
        self.encodings.iter().position(|e| e.ssrc == ssrc)
    }

    fn resend(&mut self, now: Instant, index: usize, seq: u16, outlet: &mut Outlet<'_>) {
        // What was lost to a full queue has no place there yet; the receiver asks again.
        let queues = self.congestion.as_ref().is_some_and(|c| c.is_queueing());
        if self.resend_credit <= 0 || queues {
            return;
        }
        let pause = self.round_trip.unwrap_or_default();
        let pause = pause.clamp(RESEND_PAUSE_MIN, RESEND_PAUSE_MAX);
        let now_ms = self.now_ms(now);
        let Some(encoding) = self.encodings.get_mut(index) else {
            return;
        };
        let Some(sent) = encoding.sent.take(now_ms, seq, pause.as_millis() as u32) else {
            return;
        };
        let bytes = self.send_again(now, index, &sent, outlet);
        self.resend_credit -= bytes as i64;
    }

    /// Sends a packet again: over the retransmission source (RFC 4588), or without RTX as it was.
    /// Returns its size.
    fn send_again(
        &mut self,
        now: Instant,
        index: usize,
        sent: &resend::SentPacket,
        outlet: &mut Outlet<'_>,
    ) -> usize {
        let Some(encoding) = self.encodings.get_mut(index) else {
            return 0;
        };
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

    /// Lets time pass: reports, probes and padding that are due.
    pub(crate) fn handle_timeout(&mut self, now: Instant, outlet: &mut Outlet<'_>) {
        if self.report_at <= now {
            self.report_at = now + REPORT_EVERY;
            self.report(now, outlet);
        }
        self.pad(now, outlet);
    }

    /// Repeats recent packets: to a receiver that has them they are padding. What feedback does not
    /// tell of would be padded without end.
    fn pad(&mut self, now: Instant, outlet: &mut Outlet<'_>) {
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
                .find_map(|(i, encoding)| Some((i, encoding.sent.recent(turn)?)))
                .filter(|(_, sent)| sent.types.rtx.is_some());
            let Some((index, sent)) = recent else {
                return;
            };
            if self.send_again(now, index, &sent, outlet) == 0 {
                return;
            }
        }
    }

    fn report(&mut self, now: Instant, outlet: &mut Outlet<'_>) {
        for index in 0..self.encodings.len() {
            let Some(encoding) = self.encodings.get(index) else {
                return;
            };
            let Some(last) = encoding.last else {
                continue;
            };
            let report = SenderReport {
                ssrc: encoding.ssrc,
                ntp: self.clock.ntp(now),
                timestamp: last.timestamp_at(now),
                packets: encoding.packets,
                bytes: encoding.bytes,
            };
            let mut compound = Vec::with_capacity(128);
            rtcp::write_sender_report(&mut compound, &report);
            rtcp::write_cname(&mut compound, encoding.ssrc, &encoding.cname);
            outlet.send_rtcp(compound);
        }
    }

    /// Sends a BYE for every source (RFC 3550 §6.6), if there is one.
    pub(crate) fn close(&mut self, outlet: &mut Outlet<'_>) {
        let sending = || self.encodings.iter().filter(|e| !e.is_over);
        let Some(first) = sending().next() else {
            return;
        };
        // As many as the count in the header can tell (RFC 3550 §6.6).
        let ssrcs: Vec<u32> = sending().map(|e| e.ssrc).take(BYE_SOURCES_MAX).collect();
        let mut compound = Vec::with_capacity(128);
        // A compound begins with a report and the name of its source (RFC 3550 §6.1).
        rtcp::write_receiver_report(&mut compound, first.ssrc, &[]);
        rtcp::write_cname(&mut compound, first.ssrc, &first.cname);
        rtcp::write_bye(&mut compound, &ssrcs);
        outlet.send_rtcp(compound);
    }

    /// The next thing that the receiver told.
    pub(crate) fn poll(&mut self) -> Option<Feedback> {
        if self.told.keyframes {
            let wants = |e: &mut Encoding| std::mem::take(&mut e.wants_keyframe);
            if let Some(index) = self.encodings.iter_mut().position(wants) {
                return Some(Feedback::KeyframeRequest(index));
            }
            self.told.keyframes = false;
        }
        let nacks = std::mem::take(&mut self.told.nacks);
        if nacks > 0 {
            return Some(Feedback::Nacks(nacks));
        }
        let (bandwidth, congested) = self.congestion.as_mut()?.poll_estimate()?;
        Some(Feedback::Estimate(bandwidth, congested))
    }

    /// When [`Self::handle_timeout`] has something to do.
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

    /// Sends nothing of this encoding again that was sent so far.
    pub(crate) fn forget_sent(&mut self, encoding: usize) {
        if let Some(encoding) = self.encodings.get_mut(encoding) {
            encoding.sent.clear();
        }
    }

    /// What was sent so far; lost is what the receiver has reported.
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

    /// The latest that was measured.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    fn now_ms(&self, now: Instant) -> u32 {
        now.saturating_duration_since(self.began).as_millis() as u32
    }
}

impl Types {
    /// The payload that the receiver is to get.
    pub(crate) fn payload<'a>(&self, packet: &'a Packet) -> &'a [u8] {
        match &packet.primary {
            Some(primary) if !self.red => primary,
            _ => &packet.payload,
        }
    }
}

#[cfg(test)]
mod tests;
