//! Sends media and what belongs to it: SRTP, retransmissions (RFC 4588), sender reports, and the
//! receiver's feedback.
//!
//! The WebRTC library brings the connection up and keeps it: ICE, DTLS, SDP. From then on media
//! goes past it. A packet is written once, straight to where it is sent from, and encrypted in
//! place; what a NACK may ask for is kept as references to packets that all viewers share.
//!
//! RTP and RTCP of the library never leave for a peer that sends: two senders under one key would
//! repeat nonces.

mod encoding;
mod resend;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rtp::rtcp::{self, Received, SenderReport};
use rtp::{Bitrate, Packet, Rewrite};
use str0m::media::{Mid, Rid};
use thiserror::Error;

use crate::congestion::Congestion;
use crate::datagrams::Datagrams;
use crate::srtp::{self, Inbound, Outbound, Replay};
use crate::wall_clock::WallClock;

pub(crate) use encoding::ExtensionIds;
use encoding::{Encoding, Outgoing};

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
    pub(crate) mid: Mid,
    pub(crate) rid: Option<Rid>,
    pub(crate) ids: ExtensionIds,
    pub(crate) cname: String,
}

/// How one packet is to be sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Types {
    pub(crate) payload_type: u8,
    /// Payload type of its retransmission; `None` when it may not be sent again.
    pub(crate) rtx: Option<u8>,
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
    crypto: Option<Crypto>,
    /// From which local address to which remote one.
    path: Option<(SocketAddr, SocketAddr)>,
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
}

/// What the receiver said and nobody has taken yet.
#[derive(Debug, Default, Clone, Copy)]
struct Told {
    /// There are encodings that need a key frame.
    keyframes: bool,
    nacks: u64,
}

#[derive(Debug)]
struct Crypto {
    outbound: Outbound,
    inbound: Inbound,
    replay: Replay,
}

/// What a receiver reported.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Feedback {
    /// It needs a key frame of this encoding.
    KeyframeRequest(usize),
    /// It sent so many NACKs.
    Nacks(u64),
    /// What the path carries, and whether it is filled.
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
            crypto: None,
            path: None,
            began: now,
            clock,
            transport_seq: 1,
            congestion: estimate.map(|initial| Box::new(Congestion::new(now, initial))),
            report_at: now,
            resend_credit: RESENT_BYTES_MAX,
            round_trip: None,
            padding_turn: 0,
            told: Told::default(),
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
        }
    }

    /// The source of an encoding.
    pub(crate) fn ssrc(&self, encoding: usize) -> Option<u32> {
        let encoding = self.encodings.get(encoding).filter(|e| !e.is_over)?;
        Some(encoding.ssrc)
    }

    /// The connection is up.
    pub(crate) fn connect(&mut self, now: Instant, keys: &srtp::Keys) {
        self.crypto = Some(Crypto {
            outbound: keys.outbound(),
            inbound: keys.inbound(),
            replay: Replay::default(),
        });
        self.report_at = now + REPORT_EVERY;
    }

    /// Something can be sent.
    fn is_connected(&self) -> bool {
        self.crypto.is_some() && self.path.is_some()
    }

    /// From where to where datagrams go from now on.
    pub(crate) fn set_path(&mut self, source: SocketAddr, destination: SocketAddr) {
        self.path = Some((source, destination));
    }

    /// Sends a packet.
    pub(crate) fn send(
        &mut self,
        now: Instant,
        encoding: usize,
        packet: &Arc<Packet>,
        rewrite: Rewrite,
        types: Types,
        to: &mut Datagrams,
    ) -> Result<(), WriteError> {
        if !self.is_connected() {
            return Err(WriteError::NotSending);
        }
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
            again: None,
        };
        let sealed = self.seal(now, encoding, &out, rewrite.seq, to);
        let bytes = sealed.ok_or(WriteError::NotSending)?;
        let now_ms = self.now_ms(now);
        if let Some(encoding) = self.encodings.get_mut(encoding) {
            encoding.record(now_ms, packet, rewrite, types, payload.len());
        }
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
        to: &mut Datagrams,
    ) -> Option<usize> {
        let (source, destination) = self.path?;
        let crypto = self.crypto.as_ref()?;
        let encoding = self.encodings.get(encoding)?;
        let buffer = to.buffer();
        let start = buffer.len();
        let header = encoding.write(buffer, out);
        crypto.outbound.seal_rtp(buffer, start, header, index);
        let bytes = buffer.len() - start;
        to.commit(source, destination, start);
        if encoding.ids.transport_seq > 0 {
            if let Some(congestion) = &mut self.congestion {
                congestion.sent(now, self.transport_seq, bytes);
            }
            self.transport_seq += 1;
        }
        Some(bytes)
    }

    /// Takes RTCP that arrived. What is not authentic, or came before, is ignored.
    pub(crate) fn handle_rtcp(
        &mut self,
        now: Instant,
        path: (SocketAddr, SocketAddr),
        datagram: &mut [u8],
        to: &mut Datagrams,
    ) {
        let Some(crypto) = &mut self.crypto else {
            return;
        };
        let Some((ssrc, index)) = crypto.inbound.rtcp_index(datagram) else {
            return;
        };
        let Some(compound) = crypto.inbound.open_rtcp(datagram) else {
            return;
        };
        if !crypto.replay.is_new(ssrc, index) {
            return;
        }
        // A receiver reports over the path that it uses.
        self.path = Some(path);
        for received in rtcp::read(compound) {
            match received {
                Received::Report(block) => {
                    let Some(encoding) = self.position(block.ssrc) else {
                        continue;
                    };
                    if let Some(encoding) = self.encodings.get_mut(encoding) {
                        encoding.is_known = true;
                    }
                    self.round_trip = self
                        .clock
                        .round_trip(now, block.last_report, block.since_report)
                        .or(self.round_trip);
                }
                Received::Nack { source, lost } => {
                    self.told.nacks += 1;
                    if let Some(encoding) = self.position(source) {
                        for seq in lost.take(resend::PACKETS_MAX) {
                            self.resend(now, encoding, seq, to);
                        }
                    }
                }
                Received::KeyframeRequest { source } => {
                    if let Some(encoding) = self.position(source) {
                        self.told.keyframes = true;
                        self.encodings[encoding].wants_keyframe = true;
                    }
                }
                Received::TransportFeedback(feedback) => {
                    if let Some(congestion) = &mut self.congestion {
                        congestion.report(now, &feedback);
                    }
                }
                Received::SenderReport { .. } | Received::Bye => {}
            }
        }
    }

    fn position(&self, ssrc: u32) -> Option<usize> {
        self.encodings.iter().position(|e| e.ssrc == ssrc)
    }

    fn resend(&mut self, now: Instant, index: usize, seq: u16, to: &mut Datagrams) {
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
        let bytes = self.send_again(now, index, &sent, to);
        self.resend_credit -= bytes as i64;
    }

    /// Returns the size of the retransmission.
    fn send_again(
        &mut self,
        now: Instant,
        index: usize,
        sent: &resend::SentPacket,
        to: &mut Datagrams,
    ) -> usize {
        let Some(payload_type) = sent.types.rtx else {
            return 0;
        };
        let rtx = self.encodings.get_mut(index).and_then(|e| e.rtx.as_mut());
        let Some((ssrc, next)) = rtx else {
            return 0;
        };
        let seq = *next;
        *next += 1;
        let out = Outgoing {
            packet: &sent.packet,
            payload: sent.types.payload(&sent.packet),
            rewrite: &sent.rewrite,
            payload_type,
            transport_seq: self.transport_seq as u16,
            again: Some((*ssrc, seq as u16)),
        };
        self.seal(now, index, &out, seq, to).unwrap_or(0)
    }

    /// Lets time pass: reports, probes and padding that are due.
    pub(crate) fn handle_timeout(&mut self, now: Instant, to: &mut Datagrams) {
        if !self.is_connected() {
            return;
        }
        if self.report_at <= now {
            self.report_at = now + REPORT_EVERY;
            self.report(now, to);
        }
        self.pad(now, to);
    }

    /// Repeats recent packets: to a receiver that has them they are padding. What feedback does not
    /// tell of would be padded without end.
    fn pad(&mut self, now: Instant, to: &mut Datagrams) {
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
                .filter(|(_, encoding)| encoding.ids.transport_seq > 0)
                .find_map(|(i, encoding)| Some((i, encoding.sent.recent(turn)?)));
            let Some((index, sent)) = recent else {
                return;
            };
            if self.send_again(now, index, &sent, to) == 0 {
                return;
            }
        }
    }

    fn report(&mut self, now: Instant, to: &mut Datagrams) {
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
            self.send_rtcp(compound, to);
        }
    }

    /// Says good-bye, if there is a source that could.
    pub(crate) fn close(&mut self, to: &mut Datagrams) {
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
        self.send_rtcp(compound, to);
    }

    fn send_rtcp(&mut self, mut compound: Vec<u8>, to: &mut Datagrams) {
        if let (Some(crypto), Some((source, destination))) = (&mut self.crypto, self.path) {
            crypto.outbound.seal_rtcp(&mut compound);
            to.push(source, destination, &compound);
        }
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
        let (bandwidth, filled) = self.congestion.as_mut()?.poll_estimate()?;
        Some(Feedback::Estimate(bandwidth, filled))
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        if !self.is_connected() {
            return None;
        }
        let congestion = self.congestion.as_ref().and_then(|c| c.due(now));
        Some(congestion.map_or(self.report_at, |at| at.min(self.report_at)))
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
