use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rtp::{Bitrate, Kind, Packet, Rewrite, Sort};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::ice::IceCreds;
use str0m::media::{Mid, Rid};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, IceConnectionState, Input, Rtc};

use crate::channels::{ChannelNumber, Channels};
use crate::formats::PayloadTypes;
use crate::incoming::{Arrived, Incoming};
use crate::media::{self, Media};
use crate::negotiation::{Agreed, AgreedLine};
use crate::sdp::{self, Direction, OfferError};
use crate::sender::{EncodingConfig, Feedback, Sender, WriteError};
use crate::{Config, Datagrams, WallClock, dtls, srtp};

/// The largest RTP payload that is sent: more does not fit an Ethernet frame. Larger ones arrive
/// only from a sender that ignores every MTU.
pub const PAYLOAD_BYTES_MAX: usize = 1_450;

/// m-lines of a kind that one remote publishes.
pub const PUBLISHED_LINES_MAX: usize = 16;

/// What a peer reports.
#[derive(Debug)]
pub enum Event {
    /// DTLS is up: media flows.
    Connected,
    /// The remote is gone: it said so, or no path to it is left.
    Closed,
    /// The remote has proved that it is reached at this address: its STUN request from there was
    /// authentic, and is answered.
    Reached(SocketAddr),
    /// A media packet from the remote.
    Packet {
        /// Index of the m-line in [`Peer::received`].
        media: usize,
        /// Index into the m-line's rids; 0 without simulcast.
        layer: usize,
        /// The packet.
        packet: Packet,
    },
    /// The remote cannot decode and asks for a key frame (RFC 4585 §6.3.1, RFC 5104 §4.3.1).
    KeyframeRequest {
        /// Index of the m-line in [`Peer::sent`].
        media: usize,
    },
    /// The remote has opened a data channel (RFC 8832).
    ChannelOpened {
        /// Its number in this peer.
        channel: ChannelNumber,
        /// Its label.
        label: String,
    },
    /// A text came over a data channel. What is no text is left out, and what is more than
    /// [`TEXT_BYTES_MAX`](crate::TEXT_BYTES_MAX) and [`TEXTS_PER_SECOND`](crate::TEXTS_PER_SECOND).
    ChannelText {
        /// Which channel.
        channel: ChannelNumber,
        /// The text.
        text: String,
    },
    /// NACKs (RFC 4585 §6.2.1) of one encoding since the last such event.
    Nacks {
        /// Sent to a publisher, else received from a viewer.
        sent: bool,
        /// How many.
        count: u64,
    },
    /// What is known of the path to the remote.
    Estimate {
        /// How much it can carry, as far as it was probed.
        bandwidth: Bitrate,
        /// It queues or drops packets now.
        filled: bool,
    },
}

/// What a peer wants done.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "lives on the stack for one loop turn; boxing would allocate per packet"
)]
pub enum Output {
    /// Look at this.
    Event(Event),
    /// Nothing more now; call [`Peer::handle_timeout`] at this time.
    Timeout(Instant),
}

/// ICE credentials of one side (RFC 8839 §5.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IceCredentials {
    /// User name fragment.
    pub ufrag: String,
    /// Password.
    pub pwd: String,
}

/// One WebRTC connection.
///
/// What it has to send is added to the [`Datagrams`] of each call.
pub struct Peer {
    rtc: Rtc,
    received: Vec<Media>,
    sent: Vec<Media>,
    channels: Channels,
    incoming: Incoming,
    /// Of a peer that sends.
    sender: Option<Sender>,
    /// The time of the last call that had one.
    now: Instant,
    /// A call into the library panicked.
    failed: bool,
    /// Larger payloads are not sent.
    payload_bytes_max: usize,
    /// NACKs already reported, by m-line and rid.
    nacks: Vec<((Mid, Option<Rid>), u64)>,
    /// Kept for ICE restarts, which need the whole offer again.
    offer: String,
    /// Since the connection is up.
    keys: Option<srtp::Keys>,
    /// Of a remote that may publish several tracks of a kind and offer again.
    several: Option<Several>,
    /// A report of a peer that both sends and receives: each half reads it for itself.
    report: Vec<u8>,
}

/// What answering again needs.
#[derive(Debug, Clone, Copy)]
struct Several {
    announce_ice_lite: bool,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer")
            .field("received", &self.received)
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}

impl Peer {
    /// Accepts an offer. Returns the peer and the SDP answer.
    ///
    /// `estimate` turns bandwidth estimation on, beginning with that rate; it needs a viewer
    /// that negotiates transport-cc.
    pub fn answer(
        config: &Config,
        direction: Direction,
        offer: &str,
        estimate: Option<Bitrate>,
        now: Instant,
    ) -> Result<(Self, String), OfferError> {
        let offer = sdp::normalize_offer(offer, direction, 1)?;
        sdp::needs_media(&offer)?;
        let mut rtc = config.rtc(direction, true, now);
        let answer = answer_to(&mut rtc, &offer, config.announce_ice_lite)?;
        if !sdp::accepts_media(&answer) {
            return Err(OfferError::NoCodec);
        }
        let mut peer = Self::from_rtc(rtc, offer, now);
        peer.collect_media(&answer, &answer, direction, config.wall_clock, estimate);
        Ok((peer, answer))
    }

    /// Accepts the offer of a remote that publishes several tracks of a kind, up to
    /// [`PUBLISHED_LINES_MAX`], and may offer again: [`Self::answer_again`]. Each video m-line is
    /// answered with one codec, the first that is offered and passed through.
    pub fn answer_publisher(
        config: &Config,
        offer: &str,
        now: Instant,
    ) -> Result<(Self, String), OfferError> {
        let direction = Direction::Receive;
        let rtc = config.rtc(direction, true, now);
        let mut peer = Self::from_rtc(rtc, String::new(), now);
        peer.several = Some(Several {
            announce_ice_lite: config.announce_ice_lite,
        });
        let answer = peer.answer_again(offer)?;
        Ok((peer, answer))
    }

    /// Accepts a further offer of a remote that [`Self::answer_publisher`] accepted: m-lines that
    /// come or become inactive, and new ICE credentials. Returns the answer. A refused offer
    /// changes nothing.
    pub fn answer_again(&mut self, offer: &str) -> Result<String, OfferError> {
        let Some(several) = self.several else {
            return Err(OfferError::Refused("this session offers once".to_owned()));
        };
        let direction = Direction::Receive;
        let offer = sdp::normalize_offer(offer, direction, PUBLISHED_LINES_MAX)?;
        // A remote of which nothing is received may yet be sent something, or have data channels.
        if self.sender.is_none() {
            sdp::needs_media(&offer)?;
        }
        let answer = self.negotiate(|rtc| answer_to(rtc, &offer, several.announce_ice_lite))?;
        if self.sender.is_none() && !sdp::accepts_media(&answer) {
            return Err(OfferError::NoCodec);
        }
        let answer = sdp::first_codec_only(&answer);
        self.offer = offer;
        (self.received, _) = self.collect(&answer, &answer, direction);
        Ok(answer)
    }

    /// A peer that sends past the library, whose m-lines come one by one: see
    /// [`Negotiation`](crate::Negotiation).
    pub(crate) fn sending(rtc: Rtc, sender: Sender, now: Instant) -> Self {
        Self {
            sender: Some(sender),
            ..Self::from_rtc(rtc, String::new(), now)
        }
    }

    /// The same, which also takes offers of what it is to receive.
    pub(crate) fn of_both_ways(rtc: Rtc, sender: Sender, now: Instant) -> Self {
        Self {
            several: Some(Several {
                announce_ice_lite: false,
            }),
            ..Self::sending(rtc, sender, now)
        }
    }

    /// Takes what an answer says of ICE and DTLS: the first one lets the connection come up, later
    /// ones have new credentials. Of no effect without.
    pub fn connect(&mut self, agreed: &Agreed) -> Result<(), OfferError> {
        let Some(remote) = agreed.remote.clone() else {
            return Ok(());
        };
        let credentials = |ice: IceCredentials| IceCreds {
            ufrag: ice.ufrag,
            pass: ice.pwd,
        };
        self.offer = format!("a=ice-ufrag:{}\r\n", remote.credentials.ufrag);
        self.negotiate(|rtc| {
            let mut direct = rtc.direct_api();
            direct.set_local_ice_credentials(credentials(remote.local));
            direct.set_remote_ice_credentials(credentials(remote.credentials));
            direct.set_remote_fingerprint(remote.fingerprint);
            let started = direct.start_dtls(remote.active);
            started.map_err(|error| OfferError::Refused(error.to_string()))
        })
    }

    /// Takes what was agreed about a line. What it sent until now, if that is another source, is
    /// over. Returns whether a source has begun.
    pub fn set_line(&mut self, agreed: AgreedLine) -> bool {
        let Some(sender) = &mut self.sender else {
            return false;
        };
        let AgreedLine {
            index,
            mut media,
            encoding,
        } = agreed;
        let before = self.sent.get(index).map(|line| line.encodings.clone());
        let before = before.filter(|encodings| !encodings.is_empty());
        let ssrc = encoding.as_ref().map(|encoding| encoding.ssrc);
        let goes_on = before
            .clone()
            .filter(|range| ssrc.is_some() && sender.ssrc(range.start) == ssrc);
        if let (Some(range), None) = (before, &goes_on) {
            sender.end(range.start);
        }
        let begins = goes_on.is_none() && encoding.is_some();
        media.encodings = match (goes_on, encoding) {
            (Some(range), _) => range,
            (None, Some(encoding)) => {
                let number = sender.add(encoding);
                number..number + 1
            }
            (None, None) => 0..0,
        };
        match self.sent.get_mut(index) {
            Some(line) => *line = media,
            // One that sends nothing yet may have been passed over.
            None => {
                let nothing = || Media::offered(media.mid, media.kind, PayloadTypes::default());
                self.sent.resize_with(index, nothing);
                self.sent.push(media);
            }
        }
        begins
    }

    /// A peer without m-lines yet.
    pub(crate) fn from_rtc(rtc: Rtc, offer: String, now: Instant) -> Self {
        Self {
            rtc,
            now,
            failed: false,
            payload_bytes_max: PAYLOAD_BYTES_MAX,
            received: Vec::new(),
            sent: Vec::new(),
            channels: Channels::default(),
            incoming: Incoming::default(),
            sender: None,
            nacks: Vec::new(),
            offer,
            keys: None,
            several: None,
            report: Vec::new(),
        }
    }

    /// Takes the answer to an offer that this peer made.
    pub(crate) fn accept_answer(
        &mut self,
        pending: SdpPendingOffer,
        answer: &str,
        direction: Direction,
        wall_clock: WallClock,
    ) -> Result<(), OfferError> {
        let parsed = SdpAnswer::from_sdp_string(answer)
            .map_err(|error| OfferError::Unreadable(error.to_string()))?;
        let accepted = self.rtc.sdp_api().accept_answer(pending, parsed);
        accepted.map_err(|error| OfferError::Refused(error.to_string()))?;
        let own = self.offer.clone();
        self.collect_media(answer, &own, direction, wall_clock, None);
        Ok(())
    }

    fn collect_media(
        &mut self,
        answer: &str,
        own: &str,
        direction: Direction,
        wall_clock: WallClock,
        estimate: Option<Bitrate>,
    ) {
        let (media, encodings) = self.collect(answer, own, direction);
        match direction {
            Direction::Receive => self.received = media,
            Direction::Send => {
                self.sent = media;
                self.sender = Some(Sender::new(self.now, wall_clock, encodings, estimate));
            }
        }
    }

    fn collect(
        &mut self,
        answer: &str,
        own: &str,
        direction: Direction,
    ) -> (Vec<Media>, Vec<EncodingConfig>) {
        media::collect(&mut self.rtc, &self.offer, answer, own, direction)
    }

    /// The keys of media in both directions, once connected. For who reads or sends by itself
    /// what this peer would.
    pub fn srtp_keys(&self) -> Option<&srtp::Keys> {
        self.keys.as_ref()
    }

    /// The m-lines that carry media, in the order of the SDP, of a peer that either sends or
    /// receives.
    pub fn media(&self) -> &[Media] {
        if self.sent.is_empty() {
            &self.received
        } else {
            &self.sent
        }
    }

    /// The payload types, with the numbers that the remote has given them.
    pub(crate) fn payload_params(&self) -> Vec<str0m::format::PayloadParams> {
        self.rtc.codec_config().params().to_vec()
    }

    /// Whether it may both send and receive: see [`Dialogue`](crate::Dialogue).
    pub fn is_of_both_ways(&self) -> bool {
        self.several.is_some() && self.sender.is_some()
    }

    /// What may be received, in the order of the SDP.
    pub fn received(&self) -> &[Media] {
        &self.received
    }

    /// What may be sent: in the order of the SDP, or by the numbers of [`AgreedLine::index`].
    pub fn sent(&self) -> &[Media] {
        &self.sent
    }

    /// From a sender report to the remote's word about it (RFC 3550 §6.4.1). Of a peer that sends.
    pub fn round_trip(&self) -> Option<Duration> {
        self.sender.as_ref()?.round_trip()
    }

    /// Index of the first m-line of this kind.
    pub fn line(&self, kind: Kind) -> Option<usize> {
        self.media().iter().position(|media| media.kind == kind)
    }

    /// The server's current credentials. The ufrag tells which peer a STUN request is for.
    pub fn local_credentials(&mut self) -> IceCredentials {
        let credentials = self.rtc.direct_api().local_ice_credentials();
        IceCredentials {
            ufrag: credentials.ufrag,
            pwd: credentials.pass,
        }
    }

    /// The remote's current ufrag, as its last offer or restart gave it.
    pub fn remote_ufrag(&self) -> Option<&str> {
        self.offer
            .lines()
            .find_map(|line| line.strip_prefix("a=ice-ufrag:"))
    }

    /// Adds a remote candidate (`candidate:…`). What is no candidate, or one over a transport
    /// that is not served, is refused and does no harm.
    pub fn add_remote_candidate(&mut self, candidate: &str) -> Result<(), String> {
        let candidate = Candidate::from_sdp_string(candidate).map_err(|error| error.to_string())?;
        self.guarded(|rtc| rtc.add_remote_candidate(candidate));
        Ok(())
    }

    /// Restarts ICE with the remote's new credentials (RFC 8445 §9). Media goes on over the old
    /// path until the remote reports over the new one. Returns the new local credentials.
    pub fn restart_ice(&mut self, remote: &IceCredentials) -> Result<IceCredentials, OfferError> {
        let offer = sdp::with_ice_credentials(&self.offer, &remote.ufrag, &remote.pwd);
        self.negotiate(|rtc| accept_offer(rtc, &offer))?;
        self.offer = offer;
        Ok(self.local_credentials())
    }

    /// A datagram arrived for this peer; it is decrypted in place. What is not WebRTC or does not
    /// authenticate is ignored; returns whether it could be a datagram of this protocol family at
    /// all.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: SocketAddr,
        datagram: &mut [u8],
        to: &mut Datagrams,
    ) -> bool {
        if let Some(sender) = &mut self.sender {
            match Sort::of(datagram) {
                Sort::Rtcp if self.several.is_some() => {
                    // It is decrypted in place, and the library wants it as it came.
                    self.report.clear();
                    self.report.extend_from_slice(datagram);
                    sender.handle_rtcp(now, (destination, source), &mut self.report, to);
                }
                Sort::Rtcp => {
                    self.now = now;
                    sender.handle_rtcp(now, (destination, source), datagram, to);
                    return true;
                }
                Sort::Rtp if self.several.is_none() => return true,
                Sort::Rtp | Sort::Other => {}
            }
        }
        let Ok(receive) = Receive::new(Protocol::Udp, source, destination, datagram) else {
            return false;
        };
        self.now = now;
        // Anybody can forge a datagram: one that fails must not end the session it pretends to
        // belong to. A session that really is broken shows it in its outputs.
        if let Some(Err(error)) = self.guarded(|rtc| rtc.handle_input(Input::Receive(now, receive)))
        {
            tracing::trace!(%error, "datagram refused");
        }
        true
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Instant, to: &mut Datagrams) {
        self.now = now;
        if let Some(Err(error)) = self.guarded(|rtc| rtc.handle_input(Input::Timeout(now))) {
            tracing::debug!(%error, "peer failed");
            self.rtc.disconnect();
        }
        if let Some(sender) = &mut self.sender {
            sender.handle_timeout(now, to);
        }
    }

    /// The next thing to look at; [`Output::Timeout`] when there is nothing now.
    pub fn poll_output(&mut self, to: &mut Datagrams) -> Output {
        if let Some(feedback) = self.sender.as_mut().and_then(Sender::poll)
            && let Some(event) = self.fed_back(feedback)
        {
            return Output::Event(event);
        }
        loop {
            let output = match self.guarded(Rtc::poll_output) {
                Some(Ok(output)) => output,
                Some(Err(error)) => {
                    tracing::debug!(%error, "peer failed");
                    self.rtc.disconnect();
                    return Output::Event(Event::Closed);
                }
                None => return Output::Timeout(self.now),
            };
            match output {
                str0m::Output::Timeout(at) => {
                    let due = self.sender.as_ref().and_then(|s| s.due(self.now));
                    return Output::Timeout(due.map_or(at, |due| due.min(at)));
                }
                str0m::Output::Transmit(t) => {
                    if let Some(sender) = &mut self.sender {
                        match Sort::of(&t.contents) {
                            // Reports about what is received.
                            Sort::Rtcp if self.several.is_some() => {}
                            // The sender's own goes out, and no other: see there.
                            Sort::Rtp | Sort::Rtcp => continue,
                            // The library knows the path before the remote reports over it.
                            Sort::Other if !is_stun(&t.contents) => {
                                sender.set_path(t.source, t.destination);
                            }
                            Sort::Other => {}
                        }
                    }
                    to.push(t.source, t.destination, &t.contents);
                    if is_binding_success(&t.contents) {
                        return Output::Event(Event::Reached(t.destination));
                    }
                }
                str0m::Output::Event(event) => {
                    if let Some(event) = self.translate(event) {
                        return Output::Event(event);
                    }
                }
            }
        }
    }

    /// Takes all that a call has caused: `event` gets what is to be looked at. Returns when
    /// [`Self::handle_timeout`] is to be called.
    pub fn drain(&mut self, to: &mut Datagrams, mut event: impl FnMut(Event)) -> Instant {
        loop {
            match self.poll_output(to) {
                Output::Event(what) => event(what),
                Output::Timeout(at) => return at,
            }
        }
    }

    /// Runs a call that handles input from outside. A panic in there is a bug of the library
    /// or ours, and costs this peer its life, but not its shard: from then on `None`.
    fn guarded<T>(&mut self, call: impl FnOnce(&mut Rtc) -> T) -> Option<T> {
        if self.failed {
            return None;
        }
        // The library's state is never looked at again after a panic.
        let result = catch_unwind(AssertUnwindSafe(|| call(&mut self.rtc)));
        self.failed = result.is_err();
        if self.failed {
            tracing::error!("a peer panicked and is given up: please report this");
        }
        result.ok()
    }

    /// The same for a call that handles a description: a panic is a refusal.
    fn negotiate<T>(
        &mut self,
        call: impl FnOnce(&mut Rtc) -> Result<T, OfferError>,
    ) -> Result<T, OfferError> {
        let failed = || Err(OfferError::Refused("it could not be handled".to_owned()));
        self.guarded(call).unwrap_or_else(failed)
    }

    /// Whether the peer still works or has something left to say.
    pub fn is_alive(&self) -> bool {
        !self.failed && self.rtc.is_alive()
    }

    /// Says good-bye: RTCP BYE now, DTLS close_notify with the next outputs.
    pub fn close(&mut self, to: &mut Datagrams) {
        if let Some(sender) = &mut self.sender {
            sender.close(to);
        }
        if let Some(Err(error)) = self.guarded(Rtc::close) {
            tracing::debug!(%error, "no good-bye");
            self.rtc.disconnect();
        }
    }

    /// Asks the remote for a key frame of one encoding.
    pub fn request_keyframe(&mut self, media: usize, layer: usize) {
        if !self.failed {
            self.incoming.request_keyframe(&mut self.rtc, media, layer);
        }
    }

    /// Tells the bandwidth estimation what would be sent if the path allowed it. When `wanted`
    /// grows beyond the estimate, it probes for that, but no further than a few times its
    /// estimate at once. What is sent is filled up to `padded` with padding as long as the
    /// estimate allows it.
    pub fn set_wanted_bitrate(&mut self, now: Instant, padded: Bitrate, wanted: Bitrate) {
        if let Some(sender) = &mut self.sender {
            sender.set_wanted(now, padded, wanted);
        }
    }

    /// Answers no NACK for what was sent so far on this m-line: it is not wanted any more.
    pub fn forget_sent(&mut self, media: usize) {
        let Some((media, sender)) = self.sent.get(media).zip(self.sender.as_mut()) else {
            return;
        };
        media.encodings.clone().for_each(|e| sender.forget_sent(e));
    }

    /// Sends a text over a data channel. False when the channel is gone, or so much waits to be
    /// sent that this does not fit: the text is lost then.
    pub fn write_channel(&mut self, channel: ChannelNumber, text: &str) -> bool {
        let Some(id) = self.channels.id(channel) else {
            return false;
        };
        let written = self.guarded(|rtc| {
            let mut channel = rtc.channel(id)?;
            channel.write(false, text.as_bytes()).ok()
        });
        written.flatten().unwrap_or(false)
    }

    /// Sends payloads of up to so many bytes instead of [`PAYLOAD_BYTES_MAX`]: what a sender does
    /// that ignores every MTU. For load generators and tests.
    pub fn allow_payloads_up_to(&mut self, bytes: usize) {
        self.payload_bytes_max = bytes;
    }

    /// Sends a packet. `layer` is 0 without simulcast, as it is for every viewer.
    pub fn write(
        &mut self,
        now: Instant,
        media: usize,
        layer: usize,
        packet: &Arc<Packet>,
        rewrite: Rewrite,
        to: &mut Datagrams,
    ) -> Result<(), WriteError> {
        let line = self.sent.get_mut(media).filter(|_| !self.failed);
        let (line, sender) = line
            .zip(self.sender.as_mut())
            .ok_or(WriteError::NotSending)?;
        let encoding = line.encodings.start + layer;
        if !line.encodings.contains(&encoding) {
            return Err(WriteError::NotSending);
        }
        let types = line.types_for(&packet.format).ok_or(WriteError::Codec)?;
        if types.payload(packet).len() > self.payload_bytes_max {
            return Err(WriteError::TooLarge);
        }
        sender.send(now, encoding, packet, rewrite, types, to)
    }

    fn fed_back(&mut self, feedback: Feedback) -> Option<Event> {
        Some(match feedback {
            Feedback::KeyframeRequest(encoding) => Event::KeyframeRequest {
                media: self
                    .sent
                    .iter()
                    .position(|m| m.encodings.contains(&encoding))?,
            },
            Feedback::Nacks(count) => Event::Nacks { sent: false, count },
            Feedback::Estimate(bandwidth, filled) => Event::Estimate { bandwidth, filled },
        })
    }

    fn translate(&mut self, event: str0m::Event) -> Option<Event> {
        match event {
            str0m::Event::Connected => {
                // They were agreed on in the call that gave this event.
                let keys = dtls::take_agreed()?;
                if let Some(sender) = &mut self.sender {
                    sender.connect(self.now, &keys);
                }
                self.keys = Some(keys);
                Some(Event::Connected)
            }
            // Who has not connected yet may be slow. When it is too slow is not said here.
            str0m::Event::IceConnectionStateChange(IceConnectionState::Disconnected)
                if self.keys.is_none() =>
            {
                None
            }
            str0m::Event::Closed
            | str0m::Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                Some(Event::Closed)
            }
            str0m::Event::RtpPacket(packet) => {
                let arrived = self
                    .incoming
                    .packet(&mut self.rtc, &self.received, packet)?;
                let Arrived {
                    media,
                    layer,
                    packet,
                } = arrived;
                Some(Event::Packet {
                    media,
                    layer,
                    packet,
                })
            }
            str0m::Event::ChannelOpen(id, label) => self.channels.opened(id, label),
            str0m::Event::ChannelData(data) => self.channels.received(self.now, data),
            str0m::Event::MediaIngressStats(stats) => {
                self.nacks((stats.mid, stats.rid), stats.nacks)
            }
            _ => None,
        }
    }

    /// NACKs sent since the last report, from a running total.
    fn nacks(&mut self, encoding: (Mid, Option<Rid>), total: u64) -> Option<Event> {
        let index = match self.nacks.iter().position(|(known, _)| *known == encoding) {
            Some(index) => index,
            None => {
                self.nacks.push((encoding, 0));
                self.nacks.len() - 1
            }
        };
        let (_, reported) = self.nacks.get_mut(index)?;
        let count = total.saturating_sub(*reported);
        *reported = total;
        (count > 0).then_some(Event::Nacks { sent: true, count })
    }
}

/// A STUN success response to a Binding request (RFC 8489 §5).
fn is_binding_success(datagram: &[u8]) -> bool {
    is_stun(datagram) && datagram.starts_with(&[0x01, 0x01])
}

/// Of the two that are neither RTP nor RTCP (RFC 7983 §7).
fn is_stun(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| *first < 4)
}

/// The finished answer to an offer that is in shape.
fn answer_to(rtc: &mut Rtc, offer: &str, announce_ice_lite: bool) -> Result<String, OfferError> {
    let answer = accept_offer(rtc, offer)?;
    let answer = sdp::finish_answer(&answer, announce_ice_lite);
    Ok(sdp::in_order_of_offer(&answer, offer))
}

fn accept_offer(rtc: &mut Rtc, offer: &str) -> Result<String, OfferError> {
    let offer = SdpOffer::from_sdp_string(offer)
        .map_err(|error| OfferError::Unreadable(error.to_string()))?;
    let answer = rtc
        .sdp_api()
        .accept_offer(offer)
        .map_err(|error| OfferError::Refused(error.to_string()))?;
    Ok(answer.to_sdp_string())
}

/// The `candidate:…` attribute of a host candidate at this address (RFC 8839 §5.1).
pub fn host_candidate(address: &SocketAddr) -> Option<String> {
    Candidate::host(*address, Protocol::Udp)
        .ok()
        .map(|candidate| candidate.to_sdp_string())
}

#[cfg(test)]
mod tests;
