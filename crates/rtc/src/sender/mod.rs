//! Sends media: SRTP packets, retransmissions (RFC 4588), sender reports, and the reaction to the
//! receiver's feedback.
//!
//! A packet is written once, directly into the send buffer, and encrypted there. For
//! retransmissions the sender keeps references to packets that all viewers share. Keys and path
//! belong to the peer, which lends them as an [`Outlet`] with each call.

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

/// Interval of sender reports (RFC 3550 §6.2, reduced for two parties).
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Retransmissions may take this share of the bytes sent as media: on a link that loses more,
/// resending only adds load. Unused credit is saved up for bursts, up to this many bytes.
const RESENT_SHARE: f64 = 0.5;
const RESENT_BYTES_MAX: i64 = 200_000;

/// A packet is not retransmitted twice within a round trip, which is clamped to this range.
const RESEND_PAUSE_MIN: Duration = Duration::from_millis(10);
const RESEND_PAUSE_MAX: Duration = Duration::from_millis(500);

/// Padding repeats packets among this many latest ones.
const PADDING_PACKETS: usize = 32;

/// SSRCs of one BYE: its count field has five bits.
const BYE_SOURCES_MAX: usize = 31;

/// Datagrams of padding that one call sends at most.
const PADDING_MAX: usize = 64;

/// The identity of an encoding on the wire: SSRCs, mid, extension ids and CNAME.
#[derive(Debug)]
pub(crate) struct EncodingConfig {
    pub(crate) ssrc: u32,
    pub(crate) rtx_ssrc: Option<u32>,
    pub(crate) mid: Box<str>,
    pub(crate) ids: ExtensionIds,
    pub(crate) cname: String,
}

/// How packets of one format are sent to this receiver.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Types {
    pub(crate) payload_type: u8,
    /// Payload type of its retransmissions; `None` without RTX.
    pub(crate) rtx: Option<u8>,
    /// The receiver sends NACKs for lost packets.
    pub(crate) nack: bool,
    /// The receiver accepts redundant audio (RFC 2198).
    pub(crate) red: bool,
}

/// Why a packet was not sent. The caller counts these; a log line for each would be too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WriteError {
    /// The line does not exist or does not send, or the connection is not up yet.
    #[error("the m-line does not send")]
    NotSending,
    /// The remote did not accept the packet's codec.
    #[error("the remote did not accept this codec")]
    Codec,
    /// The payload is larger than [`PAYLOAD_BYTES_MAX`](crate::PAYLOAD_BYTES_MAX).
    #[error("the payload is too large")]
    TooLarge,
    /// The sequence number was used already, or is too far behind the newest one.
    #[error("the sequence number was used, or is too old")]
    Late,
}

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
    told: Told,
    packets: u64,
    bytes: u64,
    /// Packets lost on encodings that have ended.
    lost_before: u64,
}

/// Feedback that [`Sender::poll`] has not returned yet.
#[derive(Debug, Default, Clone, Copy)]
struct Told {
    /// At least one encoding needs a key frame.
    keyframes: bool,
    nacks: u64,
}

/// Feedback of a receiver.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Feedback {
    /// The receiver needs a key frame of this encoding.
    KeyframeRequest(usize),
    /// The receiver has sent this many NACKs.
    Nacks(u64),
    /// The bandwidth of the path, and whether the path is congested.
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

    /// Adds an encoding. Returns its index, which may be that of an encoding that has ended.
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

    /// Ends an encoding; [`Self::add`] may reuse its index.
    pub(crate) fn end(&mut self, encoding: usize) {
        if let Some(encoding) = self.encodings.get_mut(encoding) {
            encoding.is_over = true;
            encoding.last = None;
            encoding.sent.clear();
            self.lost_before += u64::from(std::mem::take(&mut encoding.lost));
        }
    }

    /// Returns the SSRC of an encoding; `None` when it has ended.
    pub(crate) fn ssrc(&self, encoding: usize) -> Option<u32> {
        let encoding = self.encodings.get(encoding).filter(|e| !e.is_over)?;
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
        encoding: usize,
        packet: &Arc<Packet>,
        rewrite: Rewrite,
        types: Types,
        outlet: &mut Outlet<'_>,
    ) -> Result<(), WriteError> {
        // A number that was used must not be sealed again: SRTP would repeat its nonce.
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

    /// Writes a packet into the send buffer and seals it there. Returns its size in bytes.
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

    /// Handles a report block: losses, round trip, and that the receiver knows the SSRC.
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

    /// Answers a NACK for one packet, if the credit, the path and the pause allow it.
    fn resend(&mut self, now: Instant, index: usize, seq: u16, outlet: &mut Outlet<'_>) {
        // While the path queues, a retransmission would only lengthen the queue; the receiver asks
        // again.
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

    /// Retransmits a packet: on the RTX source (RFC 4588), or without RTX as an identical copy.
    /// Returns its size in bytes.
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

    /// Sends the reports, probes and padding that are due.
    pub(crate) fn handle_timeout(&mut self, now: Instant, outlet: &mut Outlet<'_>) {
        if self.report_at <= now {
            self.report_at = now + REPORT_EVERY;
            self.report(now, outlet);
        }
        self.pad(now, outlet);
    }

    /// Sends padding by retransmitting recent packets, which the receiver discards as duplicates.
    /// Only encodings with transport-wide numbers can pad: without feedback padding would not end.
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
        // The count in the header limits the SSRCs of one BYE (RFC 3550 §6.6).
        let ssrcs: Vec<u32> = sending().map(|e| e.ssrc).take(BYE_SOURCES_MAX).collect();
        let mut compound = Vec::with_capacity(128);
        // A compound begins with a report and the CNAME of its source (RFC 3550 §6.1).
        rtcp::write_receiver_report(&mut compound, first.ssrc, &[]);
        rtcp::write_cname(&mut compound, first.ssrc, &first.cname);
        rtcp::write_bye(&mut compound, &ssrcs);
        outlet.send_rtcp(compound);
    }

    /// Returns the next feedback of the receiver.
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
    pub(crate) fn forget_sent(&mut self, encoding: usize) {
        if let Some(encoding) = self.encodings.get_mut(encoding) {
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

impl Types {
    /// Returns the payload to send: the primary block of redundant audio for a receiver without it.
    pub(crate) fn payload<'a>(&self, packet: &'a Packet) -> &'a [u8] {
        match &packet.primary {
            Some(primary) if !self.red => primary,
            _ => &packet.payload,
        }
    }
}

#[cfg(test)]
mod tests;
