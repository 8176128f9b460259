use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use rtp::dependency_descriptor::{self, Mandatory, Template, Templates};
use rtp::{Bitrate, Codec, Extensions, Format, Frame, Kind, Packet, PictureIds, Rewrite, Sort};
use str0m::bwe::BweKind;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::media::{KeyframeRequestKind, MediaKind, Mid, Rid, Rids};
use str0m::net::{DatagramSend, Protocol, Receive};
use str0m::rtp::{RtpPacket, RtpWrite, Ssrc, Vp8Descriptor};
use str0m::stats::PeerStats;
use str0m::{Candidate, IceConnectionState, Input, Rtc};
use thiserror::Error;

use crate::clock::{PublisherClock, Report};
use crate::formats::PayloadTypes;
use crate::sdp::{self, Direction, OfferError};
use crate::{Config, dtls, extensions, srtp};

/// How often a viewer's estimate is looked at.
const ESTIMATE_EVERY: Duration = Duration::from_millis(100);

/// A path is filled when it loses more than this share of the packets, or keeps them in its
/// queue for longer than this.
const FILLED_LOSS: f32 = 0.08;
const FILLED_QUEUE: Duration = Duration::from_millis(200);

/// After the last packet that was written has left, a peer gets its time again with the next
/// packet, or after this time, when nothing is to be learned of its path. The library asks for it
/// at once after every packet.
const REST: Duration = Duration::from_millis(10);

/// Retransmission cache of one sent track. Bounds what a NACK can ask for.
const RTX_PACKETS_MAX: usize = 1_024;
const RTX_AGE_MAX: Duration = Duration::from_secs(1);

/// Retransmissions beyond this share of what is sent are dropped: on a link that loses
/// more, resending makes it worse.
const RTX_RATIO_MAX: f32 = 0.5;

/// The largest RTP payload that fits the library's packet buffer with its header. Larger
/// ones arrive only from a sender that ignores every MTU.
pub const PAYLOAD_BYTES_MAX: usize = 1_450;

/// The library serializes into 2,000 bytes; header, extensions and a retransmission's own
/// sequence number take up to 100 of them.
const PAYLOAD_BYTES_POSSIBLE: usize = 1_900;

/// Encodings of one m-line; further rids of an offer are not received.
pub const LAYERS_MAX: usize = 4;

/// One m-line of an established peer.
#[derive(Debug)]
pub struct Media {
    mid: Mid,
    /// Audio or video.
    pub kind: Kind,
    rids: Vec<Rid>,
    types: PayloadTypes,
    /// Sending: the SSRC of each layer, for the m-line's whole life. A viewer's m-line has one.
    ssrcs: Vec<Ssrc>,
    /// Sending: where the last packet's format went, since it rarely changes.
    mapped: Option<(Format, u8, Format)>,
}

impl Media {
    /// The `a=mid` value.
    pub fn mid(&self) -> String {
        self.mid.to_string()
    }

    /// Simulcast rids in the order of the SDP; empty without simulcast.
    pub fn rids(&self) -> Vec<String> {
        self.rids.iter().map(ToString::to_string).collect()
    }

    /// What was negotiated, the remote's preference first.
    pub fn formats(&self) -> impl Iterator<Item = &Format> {
        self.types.formats()
    }

    /// Whether the remote can take packets of this format.
    pub fn accepts(&self, format: &Format) -> bool {
        self.types.best_for(format).is_some()
    }
}

/// Why a packet was not sent. Counted by the caller; none of them is worth a log line each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WriteError {
    /// There is no such m-line, or it does not send.
    #[error("the m-line does not send")]
    NotSending,
    /// The remote did not accept the packet's codec.
    #[error("the remote does not take this codec")]
    Codec,
    /// Larger than [`PAYLOAD_BYTES_MAX`].
    #[error("the payload is too large")]
    TooLarge,
}

/// A datagram to send.
#[derive(Debug)]
pub struct Transmit {
    /// The local address to send from.
    pub source: SocketAddr,
    /// Where to.
    pub destination: SocketAddr,
    contents: DatagramSend,
}

impl Transmit {
    /// The datagram's bytes.
    pub fn contents(&self) -> &[u8] {
        &self.contents
    }
}

/// What a peer reports.
#[derive(Debug)]
pub enum Event {
    /// DTLS is up: media flows.
    Connected,
    /// The remote is gone: it said so, or no path to it is left.
    Closed,
    /// A media packet from the remote.
    Packet {
        /// Index of the m-line in [`Peer::media`].
        media: usize,
        /// Index into the m-line's rids; 0 without simulcast.
        layer: usize,
        /// The packet.
        packet: Packet,
    },
    /// The remote cannot decode and asks for a key frame (RFC 4585 §6.3.1, RFC 5104 §4.3.1).
    KeyframeRequest {
        /// Index of the m-line.
        media: usize,
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
    /// Send this.
    Transmit(Transmit),
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

/// One encoding that is received.
#[derive(Debug)]
struct Source {
    ssrc: Ssrc,
    media: usize,
    layer: usize,
    report: Option<Report>,
    /// Of the coded video sequence, where the descriptors have said them.
    templates: Option<Templates>,
}

impl Source {
    /// What the packet's dependency descriptor says of its frame.
    fn described(&mut self, extensions: &Extensions) -> Option<(Mandatory, Template)> {
        let descriptor = extensions.dependency_descriptor.as_ref()?;
        if let Some(templates) = Templates::read(descriptor) {
            self.templates = Some(templates);
        }
        let fields = dependency_descriptor::read(descriptor)?;
        let template = self.templates.as_ref()?.get(fields.template_id)?;
        Some((fields, template))
    }
}

/// What a peer does before it asks the library for an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Nothing.
    Ask,
    /// Give it its time: a packet left, and the next one goes only then.
    Turn,
    /// Do not ask: the last packet that was written has left, and the path is not probed.
    Rest,
}

/// One WebRTC connection.
pub struct Peer {
    rtc: Rtc,
    media: Vec<Media>,
    sources: Vec<Source>,
    clock: PublisherClock,
    /// The time of the last call that had one.
    now: Instant,
    /// Bandwidth and whether the path is filled, while that can be measured.
    estimate: Option<(Bitrate, bool)>,
    /// The round trip without a queue, as far as seen.
    rtt_min: Option<Duration>,
    /// Bandwidth is estimated, so the library paces: it lets one packet go at a time.
    paced: bool,
    /// Packets that were written and have not left.
    unsent: u32,
    /// What to do before the library is asked for its next output.
    next: Next,
    /// See [`Self::set_wanted_bitrate`].
    wanted: (Bitrate, Bitrate),
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
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer")
            .field("media", &self.media)
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
        let offer = sdp::normalize_offer(offer, direction)?;
        let mut builder = config.builder(direction);
        if let Some(estimate) = estimate {
            builder = builder
                .enable_bwe(Some(to_bitrate(estimate)))
                .set_stats_interval(Some(ESTIMATE_EVERY));
        }
        let mut rtc = builder.build(now);
        for address in &config.candidates {
            // An address that cannot be a candidate (0.0.0.0) was refused with the configuration.
            if let Ok(candidate) = Candidate::host(*address, Protocol::Udp) {
                rtc.add_local_candidate(candidate);
            }
        }
        let answer = accept_offer(&mut rtc, &offer)?;
        if !sdp::accepts_media(&answer) {
            return Err(OfferError::NoCodec);
        }
        let answer = sdp::finish_answer(&answer, config.announce_ice_lite);
        let answer = sdp::in_order_of_offer(&answer, &offer);
        let mut peer = Self::from_rtc(rtc, offer, now);
        peer.media = collect_media(&mut peer.rtc, &peer.offer, direction);
        peer.paced = estimate.is_some();
        Ok((peer, answer))
    }

    /// A peer without m-lines yet.
    pub(crate) fn from_rtc(rtc: Rtc, offer: String, born: Instant) -> Self {
        Self {
            rtc,
            now: born,
            estimate: None,
            rtt_min: None,
            paced: false,
            unsent: 0,
            next: Next::Ask,
            wanted: (Bitrate::ZERO, Bitrate::ZERO),
            failed: false,
            payload_bytes_max: PAYLOAD_BYTES_MAX,
            media: Vec::new(),
            sources: Vec::new(),
            clock: PublisherClock::default(),
            nacks: Vec::new(),
            offer,
            keys: None,
        }
    }

    /// The keys of media in both directions, once connected. For who reads or sends by itself
    /// what this peer would.
    pub fn srtp_keys(&self) -> Option<&srtp::Keys> {
        self.keys.as_ref()
    }

    /// Takes the answer to an offer that this peer made.
    pub(crate) fn accept_answer(
        &mut self,
        pending: SdpPendingOffer,
        answer: SdpAnswer,
        direction: Direction,
    ) -> Result<(), OfferError> {
        let accepted = self.rtc.sdp_api().accept_answer(pending, answer);
        accepted.map_err(|error| OfferError::Refused(error.to_string()))?;
        self.media = collect_media(&mut self.rtc, &self.offer, direction);
        Ok(())
    }

    /// The m-lines that carry media, in the order of the SDP.
    pub fn media(&self) -> &[Media] {
        &self.media
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
    /// path until the remote has checked the new one. Returns the new local credentials.
    pub fn restart_ice(&mut self, remote: &IceCredentials) -> Result<IceCredentials, OfferError> {
        let offer = sdp::with_ice_credentials(&self.offer, &remote.ufrag, &remote.pwd);
        let accepted = self.guarded(|rtc| accept_offer(rtc, &offer));
        accepted
            .unwrap_or_else(|| Err(OfferError::Refused("it could not be handled".to_owned())))?;
        self.offer = offer;
        Ok(self.local_credentials())
    }

    /// A datagram arrived for this peer. What is not WebRTC or does not authenticate is ignored;
    /// returns whether it could be a datagram of this protocol family at all.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: SocketAddr,
        datagram: &[u8],
    ) -> bool {
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

    /// Lets time pass. Also releases what was written since the last call.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        self.next = Next::Ask;
        if let Some(Err(error)) = self.guarded(|rtc| rtc.handle_input(Input::Timeout(now))) {
            tracing::debug!(%error, "peer failed");
            self.rtc.disconnect();
        }
    }

    /// The next thing to do; [`Output::Timeout`] when there is nothing now.
    pub fn poll_output(&mut self) -> Output {
        loop {
            match std::mem::replace(&mut self.next, Next::Ask) {
                Next::Ask => {}
                Next::Turn => self.handle_timeout(self.now),
                Next::Rest => return Output::Timeout(self.now + REST),
            }
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
                    // What has not left by now was refused.
                    self.unsent = 0;
                    return Output::Timeout(at);
                }
                str0m::Output::Transmit(t) => {
                    self.next = self.after(&t.contents);
                    return Output::Transmit(Transmit {
                        source: t.source,
                        destination: t.destination,
                        contents: t.contents,
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

    /// What follows on a datagram that leaves.
    fn after(&mut self, datagram: &[u8]) -> Next {
        if !self.paced || Sort::of(datagram) != Sort::Rtp {
            return Next::Ask;
        }
        // Retransmissions and padding have SSRCs of their own. They are not counted, so there
        // may be more of them.
        let ssrc = datagram.get(8..).and_then(<[u8]>::first_chunk);
        let ssrc = ssrc.map(|bytes| Ssrc::from(u32::from_be_bytes(*bytes)));
        if !self
            .media
            .iter()
            .any(|m| ssrc.is_some_and(|ssrc| m.ssrcs.contains(&ssrc)))
        {
            return Next::Turn;
        }
        self.unsent = self.unsent.saturating_sub(1);
        match self.unsent {
            0 if self.is_content() => Next::Rest,
            _ => Next::Turn,
        }
    }

    /// The path is known to carry all that is wanted: no padding goes out, and no probe.
    fn is_content(&self) -> bool {
        let (padded, wanted) = self.wanted;
        padded == Bitrate::ZERO
            && self
                .estimate
                .is_some_and(|(bandwidth, _)| bandwidth >= wanted)
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

    /// Whether the peer still works or has something left to say.
    pub fn is_alive(&self) -> bool {
        !self.failed && self.rtc.is_alive()
    }

    /// Says good-bye: RTCP BYE and DTLS close_notify are the next outputs.
    pub fn close(&mut self) {
        if let Some(Err(error)) = self.guarded(Rtc::close) {
            tracing::debug!(%error, "no good-bye");
            self.rtc.disconnect();
        }
    }

    /// Asks the remote for a key frame of one encoding.
    pub fn request_keyframe(&mut self, media: usize, layer: usize) {
        if self.failed {
            return;
        }
        let Some(source) = self
            .sources
            .iter()
            .find(|s| s.media == media && s.layer == layer)
        else {
            return;
        };
        if let Some(stream) = self.rtc.direct_api().stream_rx(&source.ssrc) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
        }
    }

    /// Tells the bandwidth estimation what would be sent if the path allowed it. When `wanted`
    /// grows, it probes up to twice as far, but no further than twice its estimate at a time.
    /// What is sent is filled up to `padded` with padding as long as the estimate allows it.
    pub fn set_wanted_bitrate(&mut self, padded: Bitrate, wanted: Bitrate) {
        self.wanted = (padded, wanted);
        self.guarded(|rtc| {
            rtc.bwe()
                .set_bitrate(to_bitrate(padded), to_bitrate(wanted));
        });
    }

    /// Answers no NACK for what was sent so far on this m-line: it is not wanted any more.
    pub fn forget_sent(&mut self, media: usize) {
        let Some(media) = self.media.get(media).filter(|_| !self.failed) else {
            return;
        };
        for ssrc in media.ssrcs.clone() {
            if let Some(stream) = self.rtc.direct_api().stream_tx(&ssrc) {
                stream.set_rtx_cache(RTX_PACKETS_MAX, RTX_AGE_MAX, Some(RTX_RATIO_MAX));
            }
        }
    }

    /// Sends payloads of up to so many bytes, at most 1,900, instead of [`PAYLOAD_BYTES_MAX`]:
    /// what a sender does that ignores every MTU. For load generators and tests.
    pub fn allow_payloads_up_to(&mut self, bytes: usize) {
        self.payload_bytes_max = bytes.min(PAYLOAD_BYTES_POSSIBLE);
    }

    /// Queues a packet; it leaves after the next [`Self::handle_timeout`]. `layer` is 0 without
    /// simulcast, as it is for every viewer.
    pub fn write(
        &mut self,
        media: usize,
        layer: usize,
        packet: &Packet,
        rewrite: Rewrite,
    ) -> Result<(), WriteError> {
        let media = self
            .media
            .get_mut(media)
            .filter(|_| !self.failed)
            .ok_or(WriteError::NotSending)?;
        let ssrc = *media.ssrcs.get(layer).ok_or(WriteError::NotSending)?;
        let (pt, accepted) = media
            .payload_type(&packet.format)
            .ok_or(WriteError::Codec)?;
        let payload = match &packet.primary {
            Some(primary) if !accepted.red => primary,
            _ => &packet.payload,
        };
        if payload.len() > self.payload_bytes_max {
            return Err(WriteError::TooLarge);
        }
        let mut write = RtpWrite::new(
            pt.into(),
            rewrite.seq.into(),
            rewrite.timestamp,
            packet.captured,
            payload.clone(),
        )
        .marker(packet.marker)
        .nackable(media.kind == Kind::Video)
        .ext_vals(extensions::to_send(&packet.extensions, &rewrite));
        if let Some(picture) = rewrite.picture {
            write = patch_picture(write, packet, payload, rewrite, pt, picture);
        }
        self.rtc
            .direct_api()
            .stream_tx(&ssrc)
            .ok_or(WriteError::NotSending)?
            .write_rtp(write);
        self.unsent += 1;
        Ok(())
    }

    fn translate(&mut self, event: str0m::Event) -> Option<Event> {
        match event {
            str0m::Event::Connected => {
                // They were agreed on in the call that gave this event.
                self.keys = dtls::take_agreed();
                Some(Event::Connected)
            }
            str0m::Event::Closed
            | str0m::Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                Some(Event::Closed)
            }
            str0m::Event::RtpPacket(packet) => self.received(packet),
            str0m::Event::KeyframeRequest(request) => {
                let media = self.media.iter().position(|m| m.mid == request.mid)?;
                Some(Event::KeyframeRequest { media })
            }
            // Says that the path is measured from now on. Its later values are means over three
            // seconds, in which a path that shrank stays filled: those of the statistics are not.
            str0m::Event::EgressBitrateEstimate(BweKind::Twcc {
                estimate,
                can_probe,
            }) => {
                let first = can_probe && self.estimate.is_none();
                let bandwidth = Bitrate::bps(estimate.as_u64());
                let present = || self.estimate.unwrap_or((bandwidth, false));
                self.estimate = can_probe.then(present);
                first.then_some(Event::Estimate {
                    bandwidth,
                    filled: false,
                })
            }
            str0m::Event::PeerStats(stats) => self.measured(&stats),
            str0m::Event::MediaEgressStats(stats) => {
                self.nacks(false, (stats.mid, stats.rid), stats.nacks)
            }
            str0m::Event::MediaIngressStats(stats) => {
                self.nacks(true, (stats.mid, stats.rid), stats.nacks)
            }
            _ => None,
        }
    }

    /// What the statistics say of the path, when it is another than before.
    fn measured(&mut self, stats: &PeerStats) -> Option<Event> {
        let known = self.estimate.as_mut()?;
        let bandwidth = Bitrate::bps(stats.bwe_tx?.as_u64());
        self.rtt_min = match (self.rtt_min, stats.rtt) {
            (Some(least), Some(rtt)) => Some(least.min(rtt)),
            (least, rtt) => least.or(rtt),
        };
        let queued = stats.rtt.zip(self.rtt_min).map(|(rtt, least)| rtt - least);
        let filled = stats.egress_loss_fraction > Some(FILLED_LOSS) || queued > Some(FILLED_QUEUE);
        let before = std::mem::replace(known, (bandwidth, filled));
        (before != (bandwidth, filled)).then_some(Event::Estimate { bandwidth, filled })
    }

    /// What came since the last report, from a running total.
    fn nacks(&mut self, sent: bool, encoding: (Mid, Option<Rid>), total: u64) -> Option<Event> {
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
        (count > 0).then_some(Event::Nacks { sent, count })
    }

    fn received(&mut self, packet: RtpPacket) -> Option<Event> {
        let index = match self
            .sources
            .iter()
            .position(|s| s.ssrc == packet.header.ssrc)
        {
            Some(index) => index,
            None => self.add_source(packet.header.ssrc)?,
        };
        let source = self.sources.get_mut(index)?;
        let format = self
            .media
            .get(source.media)?
            .types
            .format(*packet.header.payload_type)?;
        let received = packet.timestamp;
        let timestamp = packet.header.timestamp;
        if let Some(info) = packet.last_sender_info {
            let rtp_timestamp = info.rtp_time.numer() as u32;
            source.report = self.clock.report(info.ntp_time, rtp_timestamp, received);
        }
        let captured = match &source.report {
            Some(report) => report.captured(timestamp, format.clock_rate, received),
            None => received,
        };
        let primary = if format.red {
            red_primary(&packet.payload)
        } else {
            None
        };
        let payload = primary.as_deref().unwrap_or(&packet.payload);
        let mut frame = Frame::inspect(format.codec, payload);
        let extensions = extensions::received(&packet.header.ext_vals);
        // The others tell their layers in the payload, or have none.
        if format.codec == Codec::Av1
            && let Some((fields, template)) = source.described(&extensions)
        {
            frame.describe(&fields, template);
        }
        Some(Event::Packet {
            media: source.media,
            layer: source.layer,
            packet: Packet {
                seq: *packet.seq_no,
                timestamp,
                marker: packet.header.marker,
                format,
                received,
                captured,
                extensions,
                frame,
                payload: packet.payload,
                primary,
            },
        })
    }

    /// Learns which encoding an SSRC is: the library has bound it to mid and rid.
    fn add_source(&mut self, ssrc: Ssrc) -> Option<usize> {
        let mut direct = self.rtc.direct_api();
        let stream = direct.stream_rx(&ssrc)?;
        let (mid, rid) = (stream.mid(), stream.rid());
        let media = self.media.iter().position(|m| m.mid == mid)?;
        let layer = match rid {
            Some(rid) => self.media.get(media)?.rids.iter().position(|r| *r == rid)?,
            None => 0,
        };
        // A sender that changes its SSRC (a browser's replaced encoder) keeps its layer.
        self.sources
            .retain(|s| (s.media, s.layer) != (media, layer));
        self.sources.push(Source {
            ssrc,
            media,
            layer,
            report: None,
            templates: None,
        });
        Some(self.sources.len() - 1)
    }
}

impl Media {
    fn payload_type(&mut self, format: &Format) -> Option<(u8, Format)> {
        if let Some((last, pt, accepted)) = self.mapped
            && last == *format
        {
            return Some((pt, accepted));
        }
        let (pt, accepted) = self.types.best_for(format)?;
        self.mapped = Some((*format, pt, accepted));
        Some((pt, accepted))
    }
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

fn collect_media(rtc: &mut Rtc, offer: &str, direction: Direction) -> Vec<Media> {
    let params = rtc.codec_config().params().to_vec();
    let mids = offer.lines().filter_map(|line| line.strip_prefix("a=mid:"));
    let mut all = Vec::new();
    for mid in mids.map(Mid::from) {
        let Some(media) = rtc.media(mid) else {
            continue;
        };
        let kind = match media.kind() {
            MediaKind::Audio => Kind::Audio,
            MediaKind::Video => Kind::Video,
        };
        let rids = match direction {
            Direction::Receive => media.rids_rx(),
            Direction::Send => media.rids_tx(),
        };
        let rids: Vec<Rid> = match rids {
            Rids::Specific(rids) => rids.iter().take(LAYERS_MAX).copied().collect(),
            Rids::None | Rids::Any => Vec::new(),
        };
        let types = PayloadTypes::negotiated(&params, media.remote_pts());
        let ssrcs = match direction {
            Direction::Send if rids.is_empty() => {
                prepare_sending(rtc, mid, None).into_iter().collect()
            }
            Direction::Send => rids
                .iter()
                .filter_map(|rid| prepare_sending(rtc, mid, Some(*rid)))
                .collect(),
            Direction::Receive => Vec::new(),
        };
        all.push(Media {
            mid,
            kind,
            rids,
            types,
            ssrcs,
            mapped: None,
        });
    }
    all
}

fn prepare_sending(rtc: &mut Rtc, mid: Mid, rid: Option<Rid>) -> Option<Ssrc> {
    let mut direct = rtc.direct_api();
    let stream = direct.stream_tx_by_mid(mid, rid)?;
    stream.set_rtx_cache(RTX_PACKETS_MAX, RTX_AGE_MAX, Some(RTX_RATIO_MAX));
    // The forwarder paces by itself where it must; a queue behind it would only add delay.
    stream.set_unpaced(true);
    Some(stream.ssrc())
}

/// Writes other picture ids: VP8 while serializing, VP9 into a copy of the payload.
fn patch_picture(
    write: RtpWrite,
    packet: &Packet,
    payload: &[u8],
    rewrite: Rewrite,
    pt: u8,
    picture: PictureIds,
) -> RtpWrite {
    match packet.format.codec {
        Codec::Vp8 => {
            let Ok(descriptor) = Vp8Descriptor::parse(payload) else {
                return write;
            };
            let mut patch = descriptor.patch();
            if let Some(id) = picture.picture_id {
                patch = patch.picture_id(id);
            }
            if let Some(index) = picture.tl0_index {
                patch = patch.tl0_pic_idx(index);
            }
            match patch.build() {
                Ok(patch) => write.vp8_patch(patch),
                Err(_) => write,
            }
        }
        Codec::Vp9 => {
            let mut copy = payload.to_vec();
            if !PictureIds::write(&picture, Codec::Vp9, &mut copy) {
                return write;
            }
            RtpWrite::new(
                pt.into(),
                rewrite.seq.into(),
                rewrite.timestamp,
                packet.captured,
                copy,
            )
            .marker(packet.marker)
            .nackable(true)
            .ext_vals(extensions::to_send(&packet.extensions, &rewrite))
        }
        _ => write,
    }
}

fn red_primary(payload: &[u8]) -> Option<std::sync::Arc<[u8]>> {
    rtp::red::primary(payload).map(|(_, block)| block.into())
}

pub(crate) fn to_bitrate(rate: Bitrate) -> str0m::bwe::Bitrate {
    str0m::bwe::Bitrate::bps(rate.as_bps())
}

/// The `candidate:…` attribute of a host candidate at this address (RFC 8839 §5.1).
pub fn host_candidate(address: &SocketAddr) -> Option<String> {
    Candidate::host(*address, Protocol::Udp)
        .ok()
        .map(|candidate| candidate.to_sdp_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Offering;

    fn config() -> Config {
        Config {
            certificate: crate::Certificate::generate(),
            candidates: vec![SocketAddr::from(([127, 0, 0, 1], 5_000))],
            announce_ice_lite: false,
        }
    }

    fn viewer() -> (Peer, String) {
        let now = Instant::now();
        let offering = Offering::new(&config(), Direction::Receive, &[], None, now);
        Peer::answer(&config(), Direction::Send, offering.sdp(), None, now).expect("a good offer")
    }

    #[test]
    fn a_peer_that_panics_is_dead_and_nothing_more() {
        let (mut peer, _) = viewer();
        assert!(peer.is_alive());
        assert_eq!(peer.guarded::<()>(|_| panic!("as a bug would")), None);
        assert!(!peer.is_alive());
        assert!(matches!(peer.poll_output(), Output::Timeout(_)));
        peer.handle_timeout(Instant::now());
        peer.close();
    }

    #[test]
    fn an_answer_mirrors_the_offer_and_holds_all_candidates() {
        let (peer, answer) = viewer();
        assert_eq!(
            peer.media().iter().map(|m| m.kind).collect::<Vec<_>>(),
            [Kind::Audio, Kind::Video]
        );
        let count = |text: &str| answer.matches(text).count();
        assert_eq!(
            (
                count("a=sendonly"),
                count("a=recvonly"),
                count("a=rtcp-mux\r\n")
            ),
            (2, 0, 2)
        );
        assert!(count("127.0.0.1 5000 typ host") >= 1 && count("a=end-of-candidates") >= 1);
        assert_eq!(count("a=ice-lite"), 0);
        assert_eq!(count("useinbandfec=1;stereo=1;sprop-stereo=1"), 1);
    }

    #[test]
    fn redundant_audio_is_answered_when_it_is_offered() {
        let now = Instant::now();
        let offer = Offering::new(&config(), Direction::Receive, &[], None, now);
        let without: String = offer
            .sdp()
            .replace(" 63 111", " 111")
            .split_inclusive("\r\n")
            .filter(|line| !line.starts_with("a=rtpmap:63") && !line.starts_with("a=fmtp:63"))
            .collect();
        for (offer, red) in [(offer.sdp(), true), (without.as_str(), false)] {
            let (peer, answer) =
                Peer::answer(&config(), Direction::Send, offer, None, now).expect("a good offer");
            assert_eq!(answer.contains("a=rtpmap:63 red/48000/2"), red, "{answer}");
            let audio = peer.media().first().expect("an audio line");
            assert_eq!(audio.formats().any(|format| format.red), red);
        }
    }

    #[test]
    fn an_ice_restart_changes_the_local_credentials() {
        let (mut peer, _) = viewer();
        let before = peer.local_credentials();
        let remote = IceCredentials {
            ufrag: "abcd".into(),
            pwd: "abcdefghijklmnopqrstuvwx".into(),
        };
        let after = peer.restart_ice(&remote).expect("restarts");
        assert_ne!(before, after);
        assert_eq!(peer.remote_ufrag(), Some("abcd"));
    }
}
