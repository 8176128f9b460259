//! What the two sides of a connection say about it, and what they agreed on.
//!
//! One [`Negotiator`] serves every connection (RFC 9429, RFC 3264), whichever side offers. It holds
//! no media and no path: a description goes in as data, a description and [`Agreed`] come out, and
//! [`Peer::apply`](crate::Peer::apply) takes what was agreed to where media flows.
//!
//! ```text
//!            offer()                       answered()
//!   Stable ───────────► HaveLocalOffer ───────────────► Stable
//!     │ ▲                     │ offered(): the remote has not seen our offer or has rolled it
//!     └─┘ offered()           ▼ back, so ours is void and comes again behind the answer
//!                           Stable
//! ```
//!
//! An offer of the remote is answered at once, so there is no state in which one waits.
//!
//! Tracks of this side go on sections that this side makes, with one exception: a [`Role::Viewer`]
//! asks for them by its own. Sections are never taken away (RFC 3264 §8): one that carries nothing
//! is inactive.

mod answer;
mod lines;
mod numbers;
mod offer;
mod section;

use ice::Credentials;
use rtp::{Format, Kind};

use crate::config::Config;
use crate::media::Media;
use crate::offer_error::OfferError;
use crate::receiver::ReceivedSection;
use crate::sender::EncodingConfig;

use lines::Lines;
use numbers::Numbers;
use section::Section;
pub use section::{SentTrack, media_sections, sent_tracks};

/// Lines of one side; a further track has none until one is free.
pub const LINES_MAX: usize = 512;

/// Sections of one connection; an offer with more is refused.
const SECTIONS_MAX: usize = 512;

/// Sections of a kind that one remote publishes on, where it may publish several streams.
pub const PUBLISHED_SECTIONS_MAX: usize = 16;

/// What the two sides do over a connection, and which of them offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// The client publishes one stream, and offers once: at most one section of a kind, all its
    /// codecs taken.
    Publisher,
    /// The client publishes streams, up to [`PUBLISHED_SECTIONS_MAX`] sections of a kind, and may
    /// offer again. Each video section is answered with one codec, the first that is offered and
    /// passed through: a client sends what stands first, and may change to what else stands there.
    Publishers,
    /// The client watches one stream, and offers once: each section that it receives on gets a
    /// track of the stream with this name.
    Viewer {
        /// The stream's name, for `a=msid`: players keep tracks of one name in step.
        stream: String,
    },
    /// The client watches, and this side offers.
    Subscriber,
    /// Both over one connection, and both sides offer: the client publishes as under
    /// [`Role::Publishers`], and opens data channels.
    Unified {
        /// As long as there are fewer lines, each track gets a new one, for clients that know
        /// tracks by their names: browsers keep the name of the first track on a section.
        new_lines: usize,
    },
}

/// The state of one connection's negotiation.
#[derive(Debug)]
pub struct Negotiator {
    role: Role,
    local: Local,
    /// `o=`: the session, and how often it was described (RFC 8866 §5.2).
    session: u32,
    version: u64,
    state: State,
    numbers: Numbers,
    /// In their order.
    sections: Vec<Section>,
    lines: Lines,
    remote: Option<KnownRemote>,
    /// Counts the mids that this side gives.
    mids: u32,
    /// Something has changed that the remote was not told.
    changed: bool,
}

/// Which description is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// None: both sides know the same.
    Stable,
    /// An offer of this side. The sections before `settled` were known to both before it.
    HaveLocalOffer { settled: usize },
}

/// How this side is reached.
#[derive(Debug)]
struct Local {
    credentials: Credentials,
    fingerprint: sdp::Fingerprint,
    candidates: Vec<String>,
    announce_ice_lite: bool,
}

/// What is known of the remote's transport.
#[derive(Debug)]
struct KnownRemote {
    ufrag: String,
    fingerprints: Vec<sdp::Fingerprint>,
    role: dtls::Role,
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

/// What a remote can be asked to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// A track of this kind.
    Media(Kind),
    /// Data channels (RFC 8841).
    Channels,
}

/// What a pair of descriptions has settled.
#[derive(Debug)]
pub struct Agreed {
    /// What was agreed about the lines of this side, by index.
    pub lines: Vec<AgreedLine>,
    /// The remote sends on other sections than before.
    pub sends_otherwise: bool,
    /// All sections that the remote sends on.
    pub(crate) received: Vec<ReceivedSection>,
    /// Data channels are carried.
    pub(crate) channels: bool,
    /// The connection is for both directions.
    pub(crate) unified: bool,
    /// The remote's transport, when it is new: the first time, and after an ICE restart.
    pub(crate) remote: Option<Remote>,
}

/// The transport of the remote, and the local credentials that go with it.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    pub(crate) local: Credentials,
    pub(crate) credentials: Credentials,
    pub(crate) fingerprints: Vec<sdp::Fingerprint>,
    /// This side's part in DTLS.
    pub(crate) role: dtls::Role,
}

/// What was agreed about one line of this side.
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
    /// What each section that the remote sends on may come in, by its `a=mid`.
    pub fn received_formats(&self) -> Vec<(String, Vec<Format>)> {
        let formats = |section: &ReceivedSection| {
            let formats = section.types.iter().map(|of| of.format).collect();
            (section.mid.to_string(), formats)
        };
        self.received.iter().map(formats).collect()
    }
}

/// An answer of this side, and what it settled.
#[derive(Debug)]
pub struct Answered {
    /// The SDP.
    pub sdp: String,
    /// What was agreed.
    pub agreed: Agreed,
}

impl Negotiator {
    /// Nothing said yet.
    pub fn new(config: &Config, role: Role) -> Self {
        let session = crate::random::u32();
        Self {
            role,
            local: Local {
                credentials: Credentials::generate(),
                fingerprint: config.fingerprint(),
                candidates: config.candidate_attributes(),
                announce_ice_lite: config.announce_ice_lite,
            },
            session,
            version: 0,
            state: State::Stable,
            numbers: Numbers::new(),
            sections: Vec::new(),
            lines: Lines::new(crate::random::u32()),
            remote: None,
            mids: 0,
            changed: false,
        }
    }

    /// Adds a track to be sent, with the next offer. Returns the index of its line; `None` when
    /// there are [`LINES_MAX`].
    pub fn add(&mut self, track: OutgoingTrack) -> Option<usize> {
        let new_lines = match self.role {
            Role::Unified { new_lines } => new_lines,
            _ => 0,
        };
        let line = self.lines.add(track, new_lines)?;
        self.changed = true;
        Some(line)
    }

    /// Takes the track off a line, with the next offer.
    pub fn remove(&mut self, line: usize) {
        self.changed |= self.lines.remove(line);
    }

    /// The `a=mid` under which a line is offered; `None` before its first offer.
    pub fn mid(&self, line: usize) -> Option<&str> {
        let mut sections = self.sections.iter();
        let section = sections.find(|section| section.line == Some(line))?;
        Some(&section.mid)
    }

    /// Asks the remote to send something, with the next offer.
    pub fn expect(&mut self, what: Expected) {
        // A browser that takes its own first offer back for this one starts data channels only
        // under the mid that it had for them itself: Chromium counts from 0.
        let mid = match self.settled() {
            0 => self.sections.len().to_string(),
            _ => self.next_mid(),
        };
        self.sections.push(Section::expecting(mid, what));
        self.changed = true;
    }

    /// Asks the remote to send what it has offered and taken back: with the next offer, as far as
    /// it was new, and fits.
    pub fn expect_offered(&mut self, offer: &sdp::Description) {
        let known = |mid: &str| self.sections.iter().any(|section| section.mid == mid);
        let new = sent_tracks(offer).into_iter();
        let new: Vec<_> = new.filter(|track| !known(&track.mid)).collect();
        let room = SECTIONS_MAX.saturating_sub(self.sections.len());
        for track in new.into_iter().take(room) {
            self.expect(Expected::Media(track.kind));
        }
    }

    /// Begins ICE anew with the next offer (RFC 8445 §9).
    pub fn restart(&mut self) {
        self.local.credentials = Credentials::generate();
        self.changed = true;
    }

    /// How many sections both sides know.
    fn settled(&self) -> usize {
        match self.state {
            State::Stable => self.sections.iter().take_while(|s| s.told).count(),
            State::HaveLocalOffer { settled } => settled,
        }
    }

    fn next_mid(&mut self) -> String {
        loop {
            let mid = match self.role {
                // All sections are this side's.
                Role::Subscriber => self.mids.to_string(),
                // Most remotes count theirs: a letter keeps these apart.
                _ => format!("h{}", self.mids + 1),
            };
            self.mids += 1;
            if !self.sections.iter().any(|section| section.mid == mid) {
                return mid;
            }
        }
    }

    /// Takes what a description says of the remote's transport. Returns it when it is new.
    fn take_remote(&mut self, seen: section::SeenRemote) -> Option<Remote> {
        let known = self.remote.as_ref();
        if known.is_some_and(|known| known.ufrag == seen.credentials.ufrag()) {
            return None;
        }
        // DTLS goes on over the new path: the parts stay as they were.
        let role = known.map_or(seen.role, |known| known.role);
        self.remote = Some(KnownRemote {
            ufrag: seen.credentials.ufrag().to_owned(),
            fingerprints: seen.fingerprints.clone(),
            role,
        });
        Some(Remote {
            local: self.local.credentials.clone(),
            credentials: seen.credentials,
            fingerprints: seen.fingerprints,
            role,
        })
    }

    /// Refuses a certificate that is another than before: a restart keeps it.
    fn check_remote(&self, seen: &section::SeenRemote) -> Result<(), OfferError> {
        let known = self.remote.as_ref();
        if known.is_some_and(|known| known.fingerprints != seen.fingerprints) {
            let text = "a=fingerprint is another than before: connect anew";
            return Err(OfferError::refused(text));
        }
        Ok(())
    }

    fn received(&self) -> Vec<ReceivedSection> {
        let sections = self.sections.iter();
        sections.filter_map(|s| s.received.clone()).collect()
    }

    /// The mids of the sections that the remote sends on.
    fn received_mids(&self) -> Vec<String> {
        let received = self.sections.iter().filter(|s| s.received.is_some());
        received.map(|section| section.mid.clone()).collect()
    }

    fn is_unified(&self) -> bool {
        matches!(self.role, Role::Unified { .. })
    }

    fn carries_channels(&self) -> bool {
        self.sections.iter().any(|section| section.channels)
    }
}

#[cfg(test)]
mod tests;
