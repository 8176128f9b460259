//! What this side offers: the m-lines of a viewing peer, as tracks come and go.
//!
//! A viewer's own offer asks for what it wants once. In a room the server knows what there is to
//! see, so it is the server that offers, again and again over one connection (RFC 9429 §5.2.2).
//! The WebRTC library is not asked: it has no m-line here, only ICE and DTLS, and [`Peer`] sends
//! past it. So a new offer costs the media thread nothing but the few numbers that were agreed on.

use std::fmt::Write as _;
use std::time::Instant;

use rtp::{Bitrate, Format, Kind};
use str0m::config::Fingerprint;
use str0m::ice::IceCreds;

use crate::formats::PayloadTypes;
use crate::media::Media;
use crate::peer::{IceCredentials, Peer, host_candidate};
use crate::sdp::{self, Direction, OfferError};
use crate::sender::{EncodingConfig, Sender};
use crate::{Config, extensions};

/// m-lines of one peer; what has no line waits until one is free.
pub const LINES_MAX: usize = 512;

/// The m-lines that one side offers, and what was agreed about each.
///
/// Lines are never taken away (RFC 3264 §8): one that carries nothing is inactive, and is used
/// for the next track of its kind.
#[derive(Debug)]
pub struct Negotiation {
    /// `o=`: the session, and how often it was described.
    session: u64,
    version: u64,
    local: IceCredentials,
    fingerprint: String,
    /// As they are written.
    candidates: Vec<String>,
    cname: String,
    offered: Vec<PayloadType>,
    lines: Vec<Line>,
    /// SSRCs count up from here, so that none comes twice.
    next_ssrc: u32,
    /// Something has changed that no offer has told.
    changed: bool,
    /// How many lines the offer has that waits for its answer.
    outstanding: Option<usize>,
    /// The remote's ICE ufrag, and its certificate's fingerprint.
    remote: Option<(String, String)>,
}

/// A payload type that can be offered, with the lines that describe it.
#[derive(Debug, Clone)]
struct PayloadType {
    number: u8,
    rtx: Option<u8>,
    format: Format,
    rtpmap: String,
    fmtp: String,
}

#[derive(Debug)]
struct Line {
    kind: Kind,
    track: Option<OutgoingTrack>,
    ssrc: u32,
    rtx_ssrc: u32,
    /// What the present offer says of it, or would.
    sends: bool,
    /// The remote has been told of the track.
    told: bool,
}

/// What a line carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingTrack {
    /// Audio or video.
    pub kind: Kind,
    /// Tracks of one stream are played in step: the first part of `a=msid` (RFC 8830).
    pub stream: String,
    /// The second part.
    pub track: String,
    /// In what it may come; empty: in anything that is passed through.
    pub formats: Vec<Format>,
}

/// What an answer has settled.
#[derive(Debug)]
pub struct Agreed {
    /// The lines that are other than before, by index.
    pub lines: Vec<AgreedLine>,
    /// The remote's credentials, when they are new: the first time, and after a restart.
    pub(crate) remote: Option<Remote>,
}

#[derive(Debug, Clone)]
pub(crate) struct Remote {
    pub(crate) local: IceCredentials,
    pub(crate) credentials: IceCredentials,
    pub(crate) fingerprint: Fingerprint,
    /// This side is the client of DTLS.
    pub(crate) active: bool,
}

/// What was agreed about one line; [`Peer::set_line`] takes it.
#[derive(Debug)]
pub struct AgreedLine {
    /// Which line.
    pub index: usize,
    pub(crate) media: Media,
    pub(crate) encoding: Option<EncodingConfig>,
}

impl AgreedLine {
    /// Media can be sent on it.
    pub fn sends(&self) -> bool {
        self.encoding.is_some()
    }
}

impl Agreed {
    /// The local credentials by which the remote's checks are known from now on, when they are
    /// new.
    pub fn restarted(&self) -> bool {
        self.remote.is_some()
    }
}

impl Negotiation {
    /// Nothing offered yet, with the peer that will send. The peer is of use once the first
    /// answer is given to [`Peer::connect`].
    pub fn new(config: &Config, estimate: Option<Bitrate>, now: Instant) -> (Self, Peer) {
        let mut rtc = config.rtc(Direction::Send, true, now);
        let params = rtc.codec_config().params().to_vec();
        let offered = params.iter().filter_map(payload_type).collect();
        let mut direct = rtc.direct_api();
        // The side that checks is the one that decides (RFC 8445 §6.1.1).
        direct.set_ice_controlling(false);
        let local = direct.local_ice_credentials();
        let local = IceCredentials {
            ufrag: local.ufrag,
            pwd: local.pass,
        };
        let fingerprint = direct.local_dtls_fingerprint().to_string();
        let next_ssrc = *direct.new_ssrc();
        let session = u64::from(next_ssrc) << 8;
        let sender = Sender::new(now, config.wall_clock, Vec::new(), estimate);
        let peer = Peer::sending(rtc, sender, now);
        let negotiation = Self {
            session,
            version: 0,
            local,
            fingerprint,
            candidates: config
                .candidates
                .iter()
                .filter_map(host_candidate)
                .collect(),
            cname: format!("{next_ssrc:x}"),
            offered,
            lines: Vec::new(),
            next_ssrc,
            changed: false,
            outstanding: None,
            remote: None,
        };
        (negotiation, peer)
    }

    /// A track is to be sent. Returns the index of its line; `None` when there are
    /// [`LINES_MAX`].
    pub fn add(&mut self, track: OutgoingTrack) -> Option<usize> {
        let free = |line: &Line| line.kind == track.kind && line.track.is_none() && !line.told;
        let index = match self.lines.iter().position(free) {
            Some(index) => index,
            None if self.lines.len() == LINES_MAX => return None,
            None => {
                self.lines.push(Line {
                    kind: track.kind,
                    track: None,
                    ssrc: 0,
                    rtx_ssrc: 0,
                    sends: false,
                    told: false,
                });
                self.lines.len() - 1
            }
        };
        let (ssrc, rtx_ssrc) = (self.ssrc(), self.ssrc());
        let line = self.lines.get_mut(index)?;
        // A source of its own: numbers of another must not be used again under the same key.
        (line.ssrc, line.rtx_ssrc) = (ssrc, rtx_ssrc);
        line.track = Some(track);
        self.changed = true;
        Some(index)
    }

    /// A line has nothing to carry any more.
    pub fn remove(&mut self, index: usize) {
        if let Some(line) = self.lines.get_mut(index)
            && line.track.take().is_some()
        {
            self.changed = true;
        }
    }

    /// The line's `a=mid`.
    pub fn mid(index: usize) -> String {
        index.to_string()
    }

    /// ICE is to begin anew (RFC 8445 §9), with the next offer.
    pub fn restart(&mut self) {
        let local = IceCreds::new();
        self.local = IceCredentials {
            ufrag: local.ufrag,
            pwd: local.pass,
        };
        self.changed = true;
    }

    /// The next offer, when there is something to tell and no other waits for its answer.
    pub fn offer(&mut self) -> Option<String> {
        if !self.changed || self.outstanding.is_some() {
            return None;
        }
        self.changed = false;
        self.outstanding = Some(self.lines.len());
        self.version += 1;
        for line in &mut self.lines {
            line.sends = line.track.is_some();
            line.told = line.sends;
        }
        Some(self.write())
    }

    /// Takes the answer to the last offer.
    pub fn answer(&mut self, answer: &str) -> Result<Agreed, OfferError> {
        let Some(offered) = self.outstanding else {
            return Err(OfferError::Refused(
                "no offer waits for an answer".to_owned(),
            ));
        };
        let sections = sdp::sections(answer).count();
        if sections != offered {
            let error = format!("the answer has {sections} m-lines, the offer had {offered}");
            return Err(OfferError::Refused(error));
        }
        let remote = self.remote(answer)?;
        self.outstanding = None;
        let lines = self.lines.iter().enumerate();
        let lines = lines.zip(sdp::sections(answer));
        let lines = lines.map(|((index, line), section)| self.agreed(index, line, section));
        Ok(Agreed {
            lines: lines.collect(),
            remote,
        })
    }

    fn agreed(&self, index: usize, line: &Line, section: &str) -> AgreedLine {
        let mid = Self::mid(index).as_str().into();
        let accepted = sdp::payload_types(section);
        let types = self
            .offered
            .iter()
            .filter(|pt| accepted.contains(&pt.number));
        let types = types.map(|pt| {
            let rtx = pt.rtx.filter(|rtx| accepted.contains(rtx));
            (pt.number, rtx, pt.format)
        });
        let sends = line.sends && sdp::receives(section);
        let encoding = sends.then(|| EncodingConfig {
            ssrc: line.ssrc,
            rtx_ssrc: (line.kind == Kind::Video).then_some(line.rtx_ssrc),
            mid,
            rid: None,
            ids: sdp::extension_ids(section),
            cname: self.cname.clone(),
        });
        let media = Media::offered(mid, line.kind, PayloadTypes::new(types));
        AgreedLine {
            index,
            media,
            encoding,
        }
    }

    /// What the answer says of ICE and DTLS, when it is new.
    fn remote(&mut self, answer: &str) -> Result<Option<Remote>, OfferError> {
        let missing = |what: &str| OfferError::Unreadable(format!("the answer has no {what}"));
        let attribute = |name: &str| sdp::attribute(answer, name);
        let ufrag = attribute("ice-ufrag").ok_or_else(|| missing("a=ice-ufrag"))?;
        let pwd = attribute("ice-pwd").ok_or_else(|| missing("a=ice-pwd"))?;
        let fingerprint = attribute("fingerprint").ok_or_else(|| missing("a=fingerprint"))?;
        let setup = attribute("setup").ok_or_else(|| missing("a=setup"))?;
        let known = self.remote.as_ref();
        if known.is_some_and(|(known, _)| known == ufrag) {
            return Ok(None);
        }
        if known.is_some_and(|(_, known)| known != fingerprint) {
            let error = "the answer's a=fingerprint is another than before".to_owned();
            return Err(OfferError::Refused(error));
        }
        let parsed = fingerprint.parse().map_err(|_| {
            OfferError::Unreadable("the answer's a=fingerprint cannot be read".to_owned())
        })?;
        self.remote = Some((ufrag.to_owned(), fingerprint.to_owned()));
        Ok(Some(Remote {
            local: self.local.clone(),
            credentials: IceCredentials {
                ufrag: ufrag.to_owned(),
                pwd: pwd.to_owned(),
            },
            fingerprint: parsed,
            active: setup == "passive",
        }))
    }

    fn ssrc(&mut self) -> u32 {
        self.next_ssrc = self.next_ssrc.wrapping_add(1);
        self.next_ssrc
    }

    fn write(&self) -> String {
        let mut out = String::with_capacity(1_024 * (1 + self.lines.len()));
        line(&mut out, "v=0");
        let (session, version) = (self.session, self.version);
        line(&mut out, &format!("o=- {session} {version} IN IP4 0.0.0.0"));
        line(&mut out, "s=-");
        line(&mut out, "t=0 0");
        let mids: String = (0..self.lines.len()).fold(String::new(), |mut mids, index| {
            mids.push(' ');
            mids.push_str(&Self::mid(index));
            mids
        });
        line(&mut out, &format!("a=group:BUNDLE{mids}"));
        line(&mut out, "a=msid-semantic: WMS *");
        // Else the remote, which answers, would wait for this side's checks (RFC 8445 §6.1.1).
        line(&mut out, "a=ice-lite");
        for (index, carrying) in self.lines.iter().enumerate() {
            self.write_line(&mut out, index, carrying);
        }
        out
    }

    fn write_line(&self, out: &mut String, index: usize, carrying: &Line) {
        let track = carrying.track.as_ref();
        let fits = |pt: &&PayloadType| {
            let formats = track.map_or(&[][..], |track| &track.formats);
            pt.format.codec.kind() == carrying.kind
                && (formats.is_empty() || formats.iter().any(|f| f.fit(&pt.format).is_some()))
        };
        let types: Vec<&PayloadType> = self.offered.iter().filter(fits).collect();
        let numbers = types.iter().flat_map(|pt| [Some(pt.number), pt.rtx]);
        let numbers: Vec<String> = numbers.flatten().map(|n| n.to_string()).collect();
        let (kind, numbers) = (carrying.kind, numbers.join(" "));
        line(out, &format!("m={kind} 9 UDP/TLS/RTP/SAVPF {numbers}"));
        line(out, "c=IN IP4 0.0.0.0");
        line(out, &format!("a=mid:{}", Self::mid(index)));
        line(out, &format!("a=ice-ufrag:{}", self.local.ufrag));
        line(out, &format!("a=ice-pwd:{}", self.local.pwd));
        line(out, &format!("a=fingerprint:{}", self.fingerprint));
        line(out, "a=setup:actpass");
        for candidate in &self.candidates {
            line(out, &format!("a={candidate}"));
        }
        line(out, "a=end-of-candidates");
        line(out, "a=rtcp-mux");
        for (id, uri) in extensions::sent(kind) {
            line(out, &format!("a=extmap:{id} {uri}"));
        }
        let Some(track) = track else {
            line(out, "a=inactive");
            return types.iter().for_each(|pt| pt.write(out));
        };
        line(out, "a=sendonly");
        line(out, &format!("a=msid:{} {}", track.stream, track.track));
        types.iter().for_each(|pt| pt.write(out));
        let (ssrc, rtx, cname) = (carrying.ssrc, carrying.rtx_ssrc, &self.cname);
        // Chromium takes the first for the one that is played.
        line(out, &format!("a=ssrc:{ssrc} cname:{cname}"));
        if kind == Kind::Video {
            line(out, &format!("a=ssrc:{rtx} cname:{cname}"));
            line(out, &format!("a=ssrc-group:FID {ssrc} {rtx}"));
        }
    }
}

impl PayloadType {
    fn write(&self, out: &mut String) {
        let number = self.number;
        line(out, &format!("a=rtpmap:{number} {}", self.rtpmap));
        line(out, &format!("a=rtcp-fb:{number} transport-cc"));
        if self.format.codec.kind() == Kind::Video {
            for feedback in ["ccm fir", "nack", "nack pli"] {
                line(out, &format!("a=rtcp-fb:{number} {feedback}"));
            }
        }
        if !self.fmtp.is_empty() {
            line(out, &format!("a=fmtp:{number} {}", self.fmtp));
        }
        if let Some(rtx) = self.rtx {
            line(
                out,
                &format!("a=rtpmap:{rtx} rtx/{}", self.format.clock_rate),
            );
            line(out, &format!("a=fmtp:{rtx} apt={number}"));
        }
    }
}

fn payload_type(params: &str0m::format::PayloadParams) -> Option<PayloadType> {
    let format = crate::formats::format(params)?;
    let (codec, rate) = (format.codec, format.clock_rate);
    let mut rtpmap = format!("{codec}/{rate}");
    let mut fmtp = params.spec().format.to_string();
    if format.codec == rtp::Codec::Opus {
        rtpmap.push_str("/2");
        let separator = if fmtp.is_empty() { "" } else { ";" };
        // Infallible: it is a `String`.
        let _written = write!(fmtp, "{separator}{}", sdp::OPUS_STEREO);
    }
    Some(PayloadType {
        number: *params.pt(),
        rtx: params.resend().map(|pt| *pt),
        format,
        rtpmap,
        fmtp,
    })
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests;
