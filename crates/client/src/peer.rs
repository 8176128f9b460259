use std::net::SocketAddr;
use std::time::Instant;

use rtp::{Bitrate, Kind, Packet, Rewrite};
use str0m::bwe::BweKind;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::media::{Direction as Way, MediaKind, Mid, Simulcast};
use str0m::net::{Protocol, Receive};
use str0m::{IceConnectionState, Input, Rtc};

use crate::dtls::{AgreedKeys, Keys};
use crate::incoming::{Arrived, Incoming};
use crate::media::Media;
use crate::outgoing::{self, PAYLOAD_BYTES_LIMIT, PAYLOAD_BYTES_MAX};
use crate::{Config, Error, WriteError};

/// What a peer reports.
#[derive(Debug)]
pub enum Event {
    /// DTLS is up: media flows.
    Connected,
    /// The remote is gone: it closed the connection, or no path to it is left.
    Closed,
    /// A media packet from the remote.
    Packet {
        /// Index of the m-line in [`Peer::media`].
        line: usize,
        /// Index into the m-line's rids; 0 without simulcast.
        layer: usize,
        /// The packet, decrypted and inspected.
        packet: Packet,
    },
    /// The remote cannot decode and asks for a key frame (RFC 4585 §6.3.1, RFC 5104 §4.3.1).
    KeyframeRequest {
        /// Index of the m-line in [`Peer::media`].
        line: usize,
        /// Index into the m-line's rids; 0 without simulcast.
        layer: usize,
    },
    /// What the path to the remote can carry, as the library estimates it. Reported only with
    /// [`Config::estimate`].
    Estimate(Bitrate),
}

/// A datagram to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// The local address to send from: one of [`Config::candidates`].
    pub source: SocketAddr,
    /// The remote address to send to.
    pub destination: SocketAddr,
    /// The datagram.
    pub contents: Vec<u8>,
}

/// What the caller of a peer has to do.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "lives on the stack for one loop turn; boxing would allocate per packet"
)]
pub enum Output {
    /// Send this datagram.
    Transmit(Transmit),
    /// Handle this event.
    Event(Event),
    /// Nothing more to do now; call [`Peer::handle_timeout`] at this time.
    Timeout(Instant),
}

/// The client's end of one WebRTC connection.
///
/// After each call that takes the time, call [`Self::poll_output`] until it returns
/// [`Output::Timeout`].
pub struct Peer {
    rtc: Rtc,
    media: Vec<Media>,
    incoming: Incoming,
    keys: AgreedKeys,
    connected: bool,
    /// An offer of this side that waits for its answer.
    pending: Option<SdpPendingOffer>,
    /// The largest payload that is sent, in bytes.
    payload_bytes_max: usize,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer")
            .field("media", &self.media)
            .finish_non_exhaustive()
    }
}

impl Peer {
    pub(crate) fn new(config: &Config, now: Instant) -> Self {
        let (rtc, keys) = config.rtc(now);
        Self {
            rtc,
            media: Vec::new(),
            incoming: Incoming::default(),
            keys,
            connected: false,
            pending: None,
            payload_bytes_max: PAYLOAD_BYTES_MAX,
        }
    }

    /// Answers the first offer of a server. Returns the peer and the SDP answer.
    pub fn answer(config: &Config, offer: &str, now: Instant) -> Result<(Self, String), Error> {
        let mut peer = Self::new(config, now);
        let answer = peer.answer_again(offer)?;
        Ok((peer, answer))
    }

    /// Answers a further offer of the server. Returns the SDP answer. A pending offer of this side
    /// is discarded.
    pub fn answer_again(&mut self, offer: &str) -> Result<String, Error> {
        let parsed = SdpOffer::from_sdp_string(offer).map_err(unreadable)?;
        let answer = self.rtc.sdp_api().accept_offer(parsed);
        let answer = answer.map_err(|error| Error::Refused(error.to_string()))?;
        self.pending = None;
        let answer = answer.to_sdp_string();
        self.agree(&answer);
        Ok(answer)
    }

    /// Offers one more m-line to send on for each of these kinds, over the existing connection.
    /// Returns the SDP offer, whose answer goes to [`Self::accept`]. `kinds` must not be empty.
    pub fn offer(&mut self, kinds: &[Kind]) -> String {
        self.offer_lines(Way::SendOnly, kinds.iter().map(|kind| (*kind, None)))
    }

    pub(crate) fn offer_lines(
        &mut self,
        way: Way,
        lines: impl IntoIterator<Item = (Kind, Option<Simulcast>)>,
    ) -> String {
        let mut changes = self.rtc.sdp_api();
        for (kind, simulcast) in lines {
            let kind = match kind {
                Kind::Audio => MediaKind::Audio,
                Kind::Video => MediaKind::Video,
            };
            changes.add_media(kind, way, None, None, simulcast);
        }
        let (offer, pending) = changes.apply().expect("there is an m-line to offer");
        self.pending = Some(pending);
        offer.to_sdp_string()
    }

    /// Applies the answer to the pending offer.
    pub fn accept(&mut self, answer: &str) -> Result<(), Error> {
        let parsed = SdpAnswer::from_sdp_string(answer).map_err(unreadable)?;
        let pending = self.pending.take().ok_or(Error::NothingOffered)?;
        let accepted = self.rtc.sdp_api().accept_answer(pending, parsed);
        accepted.map_err(|error| Error::Refused(error.to_string()))?;
        self.agree(answer);
        Ok(())
    }

    /// Reads from the library what an answer has settled about its m-lines.
    fn agree(&mut self, answer: &str) {
        let mids = answer
            .lines()
            .filter_map(|line| line.strip_prefix("a=mid:"));
        for mid in mids.map(|mid| Mid::from(mid.trim_end())) {
            let Some(media) = Media::read(&self.rtc, mid) else {
                continue;
            };
            let known = self.media.iter().position(|known| known.mid == mid);
            let sent = known.and_then(|index| self.media.get(index));
            // An m-line on which this side has sent before is prepared already.
            if media.sends && !sent.is_some_and(|before| before.sends) {
                outgoing::begin(&mut self.rtc, &media);
            }
            match known.and_then(|index| self.media.get_mut(index)) {
                Some(known) => *known = media,
                None => self.media.push(media),
            }
        }
    }

    /// Returns the m-lines in the order in which they were negotiated. Their indices never change.
    pub fn media(&self) -> &[Media] {
        &self.media
    }

    /// Returns the index of the first m-line of this kind on which this side sends.
    pub fn sending(&self, kind: Kind) -> Option<usize> {
        let mut lines = self.media.iter();
        lines.position(|media| media.kind == kind && media.sends)
    }

    /// Returns the index of the first m-line of this kind on which this side receives.
    pub fn receiving(&self, kind: Kind) -> Option<usize> {
        let mut lines = self.media.iter();
        lines.position(|media| media.kind == kind && media.receives)
    }

    /// Returns the SRTP keys of both directions; `None` until the peer is connected.
    pub fn srtp_keys(&self) -> Option<&Keys> {
        self.keys.get().filter(|_| self.connected)
    }

    /// Returns whether the peer still works or has outputs left.
    pub fn is_alive(&self) -> bool {
        self.rtc.is_alive()
    }

    /// Sends payloads of up to `bytes` bytes instead of [`PAYLOAD_BYTES_MAX`], but never more than
    /// [`PAYLOAD_BYTES_LIMIT`]: the behaviour of a sender that ignores every MTU.
    pub fn allow_payloads_up_to(&mut self, bytes: usize) {
        self.payload_bytes_max = bytes.min(PAYLOAD_BYTES_LIMIT);
    }

    /// Tells the library's bandwidth estimation the bit rate `wanted`, which would be sent if the
    /// path allowed it. The library probes for that, and fills up to `padded` with padding. Has no
    /// effect when [`Config::estimate`] is `None`.
    pub fn set_wanted_bitrate(&mut self, padded: Bitrate, wanted: Bitrate) {
        let [padded, wanted] = [padded, wanted].map(|rate| str0m::bwe::Bitrate::bps(rate.as_bps()));
        self.rtc.bwe().set_bitrate(padded, wanted);
    }

    /// Takes a received datagram. One that is not WebRTC, or does not authenticate, is ignored.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: SocketAddr,
        datagram: &[u8],
    ) {
        let Ok(receive) = Receive::new(Protocol::Udp, source, destination, datagram) else {
            return;
        };
        if let Err(error) = self.rtc.handle_input(Input::Receive(now, receive)) {
            tracing::trace!(%error, "datagram refused");
        }
    }

    /// Advances the time. Written packets go out with the next outputs.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Err(error) = self.rtc.handle_input(Input::Timeout(now)) {
            tracing::debug!(%error, "peer failed");
            self.rtc.disconnect();
        }
    }

    /// Returns the next thing to do; [`Output::Timeout`] when there is nothing now.
    pub fn poll_output(&mut self) -> Output {
        loop {
            let output = match self.rtc.poll_output() {
                Ok(output) => output,
                Err(error) => {
                    tracing::debug!(%error, "peer failed");
                    self.rtc.disconnect();
                    return Output::Event(Event::Closed);
                }
            };
            match output {
                str0m::Output::Timeout(at) => return Output::Timeout(at),
                str0m::Output::Transmit(transmit) => {
                    return Output::Transmit(Transmit {
                        source: transmit.source,
                        destination: transmit.destination,
                        contents: transmit.contents.into(),
                    });
                }
                str0m::Output::Event(event) => {
                    if let Some(event) = self.translate(event) {
                        return Output::Event(event);
                    }
                }
            }
        }
    }

    /// Closes the connection: RTCP BYE and DTLS `close_notify` come with the next outputs.
    pub fn close(&mut self) {
        if let Err(error) = self.rtc.close() {
            tracing::debug!(%error, "cannot close the connection cleanly");
            self.rtc.disconnect();
        }
    }

    /// Asks the remote for a key frame of one encoding. Has no effect before its first packet.
    pub fn request_keyframe(&mut self, line: usize, layer: usize) {
        self.incoming.request_keyframe(&mut self.rtc, line, layer);
    }

    /// Writes a packet, which goes out after the next [`Self::handle_timeout`]. `line` is an index
    /// into [`Self::media`]; `layer` is 0 without simulcast.
    pub fn write(
        &mut self,
        line: usize,
        layer: usize,
        packet: &Packet,
        rewrite: &Rewrite,
    ) -> Result<(), WriteError> {
        let media = self.media.get(line).ok_or(WriteError::NotSending)?;
        let bytes = self.payload_bytes_max;
        outgoing::write(&mut self.rtc, media, layer, packet, rewrite, bytes)
    }

    fn translate(&mut self, event: str0m::Event) -> Option<Event> {
        match event {
            str0m::Event::Connected => {
                self.connected = true;
                Some(Event::Connected)
            }
            // Before the first connection, a path may still come up: how long to wait is the
            // caller's choice.
            str0m::Event::IceConnectionStateChange(IceConnectionState::Disconnected)
                if !self.connected =>
            {
                None
            }
            str0m::Event::Closed
            | str0m::Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                Some(Event::Closed)
            }
            str0m::Event::RtpPacket(packet) => {
                let arrived = self.incoming.packet(&mut self.rtc, &self.media, packet)?;
                let Arrived {
                    line,
                    layer,
                    packet,
                } = arrived;
                Some(Event::Packet {
                    line,
                    layer,
                    packet,
                })
            }
            str0m::Event::KeyframeRequest(request) => {
                let line = self.media.iter().position(|m| m.mid == request.mid)?;
                let layer = self.media.get(line)?.layer(request.rid)?;
                Some(Event::KeyframeRequest { line, layer })
            }
            str0m::Event::EgressBitrateEstimate(BweKind::Twcc { estimate, .. }) => {
                Some(Event::Estimate(Bitrate::bps(estimate.as_u64())))
            }
            _ => None,
        }
    }
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::Unreadable(error.to_string())
}

#[cfg(test)]
mod tests;
