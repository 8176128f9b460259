//! What this side offers: the m-lines of a viewing peer, as tracks come and go.
//!
//! A viewer's own offer asks for what it wants once. In a room the server knows what there is to
//! see, so it is the server that offers, again and again over one connection (RFC 9429 §5.2.2).
//! The WebRTC library is not asked: it has no m-line here, only ICE and DTLS, and [`Peer`] sends
//! past it. So a new offer costs the media thread nothing but the few numbers that were agreed on.

mod lines;

use std::time::Instant;

use rtp::{Bitrate, Format, Kind};
use str0m::config::Fingerprint;
use str0m::ice::IceCreds;

use crate::Config;
use crate::media::Media;
use crate::peer::{IceCredentials, Peer, host_candidate};
use crate::sdp::{self, Direction, OfferError};
use crate::sender::{EncodingConfig, Sender};

pub(crate) use lines::{Lines, Transport, head, line};

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
    transport: Transport,
    lines: Lines,
    /// As they are written.
    mids: Vec<String>,
    /// Something has changed that no offer has told.
    changed: bool,
    /// How many lines the offer has that waits for its answer.
    outstanding: Option<usize>,
    /// The remote's ICE ufrag, and its certificate's fingerprint.
    remote: Option<(String, String)>,
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
    /// Of a peer whose ICE and DTLS the library settles.
    pub(crate) fn of_lines(lines: Vec<AgreedLine>) -> Self {
        Self {
            lines,
            remote: None,
        }
    }

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
        // The side that checks is the one that decides (RFC 8445 §6.1.1).
        rtc.direct_api().set_ice_controlling(false);
        let (transport, lines, session) = beginnings(config, &mut rtc);
        let sender = Sender::new(now, config.wall_clock, Vec::new(), estimate);
        let peer = Peer::sending(rtc, sender, now);
        let negotiation = Self {
            session,
            version: 0,
            transport,
            lines,
            mids: Vec::new(),
            changed: false,
            outstanding: None,
            remote: None,
        };
        (negotiation, peer)
    }

    /// A track is to be sent. Returns the index of its line; `None` when there are
    /// [`LINES_MAX`].
    pub fn add(&mut self, track: OutgoingTrack) -> Option<usize> {
        let index = self.lines.add(track, 0)?;
        self.changed = true;
        Some(index)
    }

    /// A line has nothing to carry any more.
    pub fn remove(&mut self, index: usize) {
        self.changed |= self.lines.remove(index);
    }

    /// The line's `a=mid`.
    pub fn mid(index: usize) -> String {
        index.to_string()
    }

    /// ICE is to begin anew (RFC 8445 §9), with the next offer.
    pub fn restart(&mut self) {
        let local = IceCreds::new();
        self.transport.local = IceCredentials {
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
        self.mids = (0..self.lines.len()).map(Self::mid).collect();
        (0..self.lines.len()).for_each(|index| self.lines.tell(index));
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
        let lines = self.mids.iter().zip(sdp::sections(answer)).enumerate();
        let lines =
            lines.filter_map(|(index, (mid, section))| self.lines.agreed(index, mid, section));
        Ok(Agreed {
            lines: lines.collect(),
            remote,
        })
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
            local: self.transport.local.clone(),
            credentials: IceCredentials {
                ufrag: ufrag.to_owned(),
                pwd: pwd.to_owned(),
            },
            fingerprint: parsed,
            active: setup == "passive",
        }))
    }

    fn write(&self) -> String {
        let mut out = String::with_capacity(1_024 * (1 + self.lines.len()));
        let mids = self.mids.iter().map(String::as_str);
        // Else the remote, which answers, would wait for this side's checks (RFC 8445 §6.1.1).
        head(&mut out, (self.session, self.version), mids, true);
        for (index, mid) in self.mids.iter().enumerate() {
            self.lines.begin(&mut out, index, mid);
            self.transport.write(&mut out, "actpass");
            self.lines.finish(&mut out, index);
        }
        out
    }
}

/// What descriptions are made of, for a peer that has none yet; and a number for its session.
pub(crate) fn beginnings(config: &Config, rtc: &mut str0m::Rtc) -> (Transport, Lines, u64) {
    let params = rtc.codec_config().params().to_vec();
    let direct = rtc.direct_api();
    let local = direct.local_ice_credentials();
    let candidates = config.candidates.iter().filter_map(host_candidate);
    let transport = Transport {
        local: IceCredentials {
            ufrag: local.ufrag,
            pwd: local.pass,
        },
        fingerprint: direct.local_dtls_fingerprint().to_string(),
        candidates: candidates.collect(),
    };
    let ssrc = *direct.new_ssrc();
    (transport, Lines::new(&params, ssrc), u64::from(ssrc) << 8)
}

#[cfg(test)]
mod tests;
