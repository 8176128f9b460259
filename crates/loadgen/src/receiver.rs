//! The media side of a viewer, many times cheaper than a whole WebRTC stack: it counts packets by
//! their headers, decrypts a sample of them, and sends the feedback that browsers send.

use std::time::{Duration, Instant};

use rtc::srtp::{Inbound, Keys, Outbound, Protection};
use rtp::rtcp::{self, Received, ReportBlock};
use rtp::{DatagramKind, Header, Kind, PayloadInfo, seq};

use crate::answer::{Answer, Encoding, PayloadType};
use crate::arrivals::Arrivals;
use crate::stamp::Stamp;
use crate::track::Track;

/// One of this many packets is decrypted and inspected. Until the first key frame all video packets
/// are. Headers are read of all packets.
const SAMPLE: u16 = 16;

/// Time between two transport-wide feedbacks; Chromium sends them at this interval at some Mbit/s.
const FEEDBACK_EVERY: Duration = Duration::from_millis(100);

/// Time between two receiver reports.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// How long video may come without a key frame before one is requested, and between two requests.
const KEYFRAME_AFTER: Duration = Duration::from_millis(500);

/// The most SSRCs of one viewer. Packets of further ones are ignored: a server needs fewer.
const SOURCES_MAX: usize = 16;

/// The most packets that one NACK requests.
const NACK_MAX: usize = 200;

/// A media packet that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Media {
    /// Audio or video.
    pub kind: Kind,
    /// Whether it is the last packet of a video frame.
    pub marker: bool,
    /// Size of the payload in bytes.
    pub bytes: usize,
    /// Whether it begins a key frame. False for packets that were not decrypted.
    pub keyframe: bool,
    /// Time since it was sent, in microseconds. `None` for packets that were not decrypted, and for
    /// media that is not synthetic.
    pub delay_us: Option<i64>,
}

/// Counters of the receiver's own actions.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counters {
    /// Packets requested by NACK; each request counts.
    pub(crate) nacked: u64,
    /// Retransmissions that filled a gap.
    pub(crate) repaired: u64,
    /// Key frames requested by PLI.
    pub(crate) plis: u64,
    /// Packets that the receiver tried to decrypt.
    pub(crate) opened: u64,
    /// Packets among these that failed authentication.
    pub(crate) broken: u64,
}

/// Receives a viewer's RTP and sends its RTCP, once DTLS has exported the keys.
#[derive(Debug)]
pub struct Receiver {
    answer: Answer,
    inbound: Inbound,
    outbound: Outbound,
    ssrc: u32,
    sources: Vec<Source>,
    arrivals: Arrivals,
    feedback_at: Instant,
    report_at: Instant,
    /// When to request a key frame; `None` before the first video and after the first key frame.
    keyframe_at: Option<Instant>,
    keyframe_came: bool,
    counters: Counters,
    rtcp: Vec<u8>,
}

/// Converts the keys of a client's connection for a [`Receiver`] that takes over its media. `None`
/// when they are too short for the negotiated protection profile.
pub fn srtp_keys(keys: &client::Keys) -> Option<Keys> {
    let protection = match keys.protection {
        client::Protection::Aes128CmSha1 => Protection::Aes128CmSha1,
        client::Protection::Aes128Gcm => Protection::Aes128Gcm,
        client::Protection::Aes256Gcm => Protection::Aes256Gcm,
    };
    Keys::new(protection, &keys.material, keys.client)
}

#[derive(Debug)]
struct Source {
    ssrc: u32,
    payload: PayloadType,
    /// Extended sequence number of the newest packet.
    newest: u64,
    track: Track,
    received: u64,
    jitter: Jitter,
    /// The last sender report: the middle 32 bits of its NTP time, and when it arrived.
    report: Option<(u32, Instant)>,
    /// Packets expected and received at the time of the last receiver report.
    reported: (u64, u64),
}

/// Interarrival jitter (RFC 3550 §6.4.1), in RTP timestamp units.
#[derive(Debug, Default)]
struct Jitter {
    last: Option<(Instant, u32)>,
    value: f64,
}

impl Receiver {
    /// Creates the receiver of a viewer. `answer` is the server's SDP answer, which defines the
    /// payload types and header extensions.
    pub fn new(now: Instant, keys: &Keys, answer: &str) -> Self {
        // A random phase keeps the viewers of one generator from sending their feedback in step.
        let phase = Duration::from_micros(fastrand::u64(..FEEDBACK_EVERY.as_micros() as u64));
        Self {
            answer: Answer::read(answer),
            inbound: keys.inbound(),
            outbound: keys.outbound(),
            ssrc: fastrand::u32(1..),
            sources: Vec::new(),
            arrivals: Arrivals::new(now),
            feedback_at: now + phase,
            report_at: now + phase + REPORT_EVERY / 2,
            keyframe_at: None,
            keyframe_came: false,
            counters: Counters::default(),
            rtcp: Vec::new(),
        }
    }

    /// Handles a datagram of RTP or RTCP and decrypts it in place. Returns a media packet that had
    /// not arrived before.
    pub fn datagram(&mut self, now: Instant, datagram: &mut [u8]) -> Option<Media> {
        match DatagramKind::of(datagram) {
            DatagramKind::Rtp => self.packet(now, datagram),
            DatagramKind::Rtcp => {
                self.control(now, datagram);
                None
            }
            DatagramKind::Stun | DatagramKind::Dtls | DatagramKind::Other => None,
        }
    }

    fn packet(&mut self, now: Instant, packet: &mut [u8]) -> Option<Media> {
        let header = Header::read(packet)?;
        if let Some(id) = self.answer.transport_cc
            && let Some([high, low]) = header.extension(packet, id)
        {
            self.arrivals.packet(now, u16::from_be_bytes([*high, *low]));
        }
        let payload = self.answer.payload_type(header.payload_type)?;
        let at = self.source(header.ssrc, payload)?;
        let source = &mut self.sources[at];
        let index = seq::extend16(source.newest, header.seq);
        source.newest = source.newest.max(index);
        if payload.encoding == Encoding::Rtx {
            return self.retransmission(now, packet, &header, index);
        }
        source
            .jitter
            .packet(now, header.timestamp, payload.clock_rate);
        // All video is inspected until the first key frame, whose time is reported.
        let looks = header.seq.is_multiple_of(SAMPLE)
            || (payload.kind == Kind::Video && !self.keyframe_came);
        let mut media = Media {
            kind: payload.kind,
            marker: header.marker,
            bytes: packet.len().saturating_sub(header.length + 16),
            keyframe: false,
            delay_us: None,
        };
        if looks {
            let opened = self.open(packet, &header, index)?;
            look(now, opened, payload.encoding, &mut media);
        }
        self.arrived(now, at, index, media)
    }

    /// Handles a retransmission: the original sequence number, then the original payload (RFC 4588
    /// §4).
    fn retransmission(
        &mut self,
        now: Instant,
        packet: &mut [u8],
        header: &Header,
        index: u64,
    ) -> Option<Media> {
        let (original, payload) = self.open(packet, header, index)?.split_first_chunk()?;
        // RTX streams are not mapped to media streams here: the newest video source is taken.
        let video = |s: &Source| s.payload.kind == Kind::Video && s.is_media();
        let at = self.sources.iter().rposition(video)?;
        let source = &self.sources[at];
        let index = seq::extend16(source.newest, u16::from_be_bytes(*original));
        let mut media = Media {
            kind: Kind::Video,
            marker: header.marker,
            bytes: payload.len(),
            keyframe: false,
            delay_us: None,
        };
        look(now, payload, source.payload.encoding, &mut media);
        // The age of a retransmitted packet is no measure of the server's delay.
        media.delay_us = None;
        let arrived = self.arrived(now, at, index, media);
        self.counters.repaired += u64::from(arrived.is_some());
        arrived
    }

    fn arrived(&mut self, now: Instant, at: usize, index: u64, media: Media) -> Option<Media> {
        let source = self.sources.get_mut(at)?;
        let first = source.track.packet(now, index);
        source.received += u64::from(first);
        if media.kind == Kind::Video && !self.keyframe_came {
            self.keyframe_came = media.keyframe;
            self.keyframe_at =
                (!media.keyframe).then(|| self.keyframe_at.unwrap_or(now + KEYFRAME_AFTER));
        }
        first.then_some(media)
    }

    /// Decrypts a packet. Returns its payload without padding; `None` when it is not authentic.
    fn open<'a>(&mut self, packet: &'a mut [u8], header: &Header, index: u64) -> Option<&'a [u8]> {
        self.counters.opened += 1;
        let Some(payload) = self.inbound.open_rtp(packet, header.length, index) else {
            self.counters.broken += 1;
            return None;
        };
        let padding = match payload.last() {
            Some(padding) if header.padding => usize::from(*padding),
            _ => 0,
        };
        payload.get(..payload.len().checked_sub(padding)?)
    }

    fn control(&mut self, now: Instant, packet: &mut [u8]) {
        let Some(compound) = self.inbound.open_rtcp(packet) else {
            return;
        };
        for received in rtcp::read(compound) {
            if let Received::SenderReport { ssrc, ntp, .. } = received
                && let Some(source) = self.sources.iter_mut().find(|s| s.ssrc == ssrc)
            {
                source.report = Some(((ntp >> 16) as u32, now));
            }
        }
    }

    fn source(&mut self, ssrc: u32, payload: PayloadType) -> Option<usize> {
        let known = self.sources.iter().position(|s| s.ssrc == ssrc);
        // SSRC 0 carries probes of the path, not media (str0m sends these).
        if known.is_some() || ssrc == 0 || self.sources.len() == SOURCES_MAX {
            return known;
        }
        self.sources.push(Source {
            ssrc,
            payload,
            newest: 0,
            track: Track::default(),
            received: 0,
            jitter: Jitter::default(),
            report: None,
            reported: (0, 0),
        });
        Some(self.sources.len() - 1)
    }

    /// When to call [`Self::poll`].
    pub fn due(&self) -> Instant {
        let asks = self.media().filter_map(|source| source.track.ask_at());
        [self.feedback_at, self.report_at]
            .into_iter()
            .chain(self.keyframe_at)
            .chain(asks)
            .min()
            .expect("there are two")
    }

    /// Returns the RTCP packet that is due, encrypted; `None` when nothing is due.
    pub fn poll(&mut self, now: Instant) -> Option<&[u8]> {
        self.rtcp.clear();
        let reports = self.report_at <= now;
        let blocks: Vec<_> = match reports {
            true => self
                .sources
                .iter_mut()
                .filter_map(|s| s.report(now))
                .collect(),
            false => Vec::new(),
        };
        rtcp::write_receiver_report(&mut self.rtcp, self.ssrc, &blocks);
        // A compound packet starts with a report, even an empty one (RFC 3550 §6.1). It is sent
        // only if something follows or a report is due.
        let alone = self.rtcp.len();
        if reports {
            self.report_at = now + REPORT_EVERY;
        }
        if self.feedback_at <= now {
            let source = self.sources.first().map_or(0, |source| source.ssrc);
            self.arrivals
                .write_feedback(&mut self.rtcp, self.ssrc, source);
            self.feedback_at = now + FEEDBACK_EVERY;
        }
        for source in self.sources.iter_mut().filter(|s| s.is_repaired()) {
            let asked = source.track.ask(now).take(NACK_MAX);
            let missing: Vec<u16> = asked.map(|seq| seq as u16).collect();
            if !missing.is_empty() {
                self.counters.nacked += missing.len() as u64;
                rtcp::write_nack(&mut self.rtcp, self.ssrc, source.ssrc, &missing);
            }
        }
        if self.keyframe_at.is_some_and(|at| at <= now)
            && let Some(video) = self.sources.iter().rfind(|s| s.is_repaired())
        {
            self.counters.plis += 1;
            rtcp::write_pli(&mut self.rtcp, self.ssrc, video.ssrc);
            self.keyframe_at = Some(now + KEYFRAME_AFTER);
        }
        if self.rtcp.len() == alone && !reports {
            return None;
        }
        self.outbound.seal_rtcp(&mut self.rtcp);
        Some(&self.rtcp)
    }

    pub(crate) fn counters(&self) -> Counters {
        self.counters
    }

    /// Media packets that did not arrive in time, not even as retransmissions.
    pub fn lost(&mut self, now: Instant) -> u64 {
        let media = self.sources.iter_mut().filter(|s| s.is_media());
        media.map(|source| source.track.lost(now)).sum()
    }

    /// The interarrival jitter of video; `None` before the first video packet.
    pub(crate) fn jitter(&self) -> Option<Duration> {
        let video = self.media().rfind(|s| s.payload.kind == Kind::Video)?;
        let seconds = video.jitter.value / f64::from(video.payload.clock_rate.max(1));
        Some(Duration::from_secs_f64(seconds))
    }

    fn media(&self) -> impl DoubleEndedIterator<Item = &Source> {
        self.sources.iter().filter(|s| s.is_media())
    }
}

impl Source {
    fn is_media(&self) -> bool {
        self.payload.encoding != Encoding::Rtx
    }

    /// Whether missing packets are requested. Audio is not: it would come too late, or is
    /// redundant.
    fn is_repaired(&self) -> bool {
        self.is_media() && self.payload.kind == Kind::Video
    }

    fn report(&mut self, now: Instant) -> Option<ReportBlock> {
        let highest = self.track.highest().filter(|_| self.is_media())?;
        let lost = self.track.lost(now);
        let expected = self.received + lost;
        let (expected_before, received_before) = self.reported;
        self.reported = (expected, self.received);
        let interval = expected.saturating_sub(expected_before).max(1);
        let missing = interval.saturating_sub(self.received - received_before);
        let since = self.report.map_or(Duration::ZERO, |(_, at)| now - at);
        Some(ReportBlock {
            ssrc: self.ssrc,
            fraction_lost: (missing * 256 / interval).min(255) as u8,
            lost: lost as u32,
            highest_seq: highest as u32,
            jitter: self.jitter.value as u32,
            last_report: self.report.map_or(0, |(middle, _)| middle),
            since_report: (since.as_secs_f64() * 65_536.0) as u32,
        })
    }
}

impl Jitter {
    fn packet(&mut self, now: Instant, timestamp: u32, clock_rate: u32) {
        if let Some((then, before)) = self.last {
            let arrival = (now - then).as_secs_f64() * f64::from(clock_rate);
            let sending = f64::from(timestamp.wrapping_sub(before) as i32);
            self.value += ((arrival - sending).abs() - self.value) / 16.0;
        }
        self.last = Some((now, timestamp));
    }
}

/// Fills in what only a decrypted payload tells: its size, its delay and whether it begins a key
/// frame.
fn look(now: Instant, payload: &[u8], encoding: Encoding, media: &mut Media) {
    media.bytes = payload.len();
    media.delay_us = Stamp::read(payload).map(|stamp| stamp.age_us(now));
    if let Encoding::Codec(codec) = encoding {
        media.keyframe = PayloadInfo::inspect(codec, payload).keyframe;
    }
}
