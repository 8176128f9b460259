//! Offer and answer: the descriptions of a connection, and what both sides agreed on.
//!
//! One [`Negotiator`] serves each connection (RFC 9429, RFC 3264), whichever side offers. It holds
//! no media and no path: a description goes in as data, a description and an [`Agreed`] come out,
//! and [`Peer::apply`](crate::Peer::apply) puts the agreement into effect.
//!
//! ```text
//!            offer()                       answered()
//!   Stable ───────────► HaveLocalOffer ───────────────► Stable
//!     │ ▲                     │ offered(): the remote has not seen our offer or has rolled it
//!     └─┘ offered()           ▼ back, so ours is void and is repeated after the answer
//!                           Stable
//! ```
//!
//! An offer of the remote is answered at once, so no state is needed for a pending one.
//!
//! Tracks of this side go on sections that this side adds, with one exception: a [`Role::Viewer`]
//! offers the sections itself. Sections are never removed (RFC 3264 §8): an unused one is inactive.

mod agreed;
mod answer;
mod expected;
mod lines;
mod numbers;
mod offer;
mod outgoing_track;
mod section;

use ice::Credentials;

use crate::config::Config;
use crate::index::LineIndex;
use crate::offer_error::OfferError;
use crate::receiver::ReceivedSection;

use lines::Lines;
use numbers::Numbers;
use section::Section;

pub(crate) use agreed::Remote;
pub use agreed::{Agreed, AgreedLine, Answered};
pub use expected::Expected;
pub use lines::LINES_MAX;
pub use outgoing_track::OutgoingTrack;
pub use section::{SentTrack, media_sections, sent_tracks};

/// Sections of one connection; an offer with more is refused.
const SECTIONS_MAX: usize = 512;

/// Sections of one kind that a remote may publish on, where it may publish several streams.
pub const PUBLISHED_SECTIONS_MAX: usize = 16;

/// What a connection is for, and which side offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// The client publishes one stream and offers once: at most one section of each kind. The
    /// answer accepts all codecs that are forwarded.
    Publisher,
    /// The client publishes several streams, on up to [`PUBLISHED_SECTIONS_MAX`] sections of a
    /// kind, and may offer again. The answer accepts one codec for each video section, the first
    /// offered one that is forwarded: a client sends the first codec of the answer, but may switch
    /// to any other one in it.
    Publishers,
    /// The client watches one stream and offers once. Each section that it receives on gets a track
    /// of the stream.
    Viewer {
        /// The stream's name, for `a=msid`: players synchronize tracks with the same name.
        stream: String,
    },
    /// The client watches, and this side offers.
    Subscriber,
    /// The client publishes and watches over one connection, and both sides offer. It publishes as
    /// under [`Role::Publishers`], and may open data channels.
    Unified {
        /// As long as there are fewer lines than this, each track gets a new one. For clients that
        /// identify tracks by name: browsers keep the name of the first track on a section.
        new_lines: usize,
    },
}

/// The state of one connection's negotiation.
#[derive(Debug)]
pub struct Negotiator {
    role: Role,
    local: Local,
    /// The session id and version of `o=` (RFC 8866 §5.2).
    session: u32,
    version: u64,
    state: State,
    numbers: Numbers,
    /// In the order of the m-lines.
    sections: Vec<Section>,
    lines: Lines,
    remote: Option<KnownRemote>,
    /// Counter for the mids that this side assigns.
    mids: u32,
    /// Something has changed that the next offer has to say.
    changed: bool,
}

/// The signaling state (RFC 9429 §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No offer is pending.
    Stable,
    /// An offer of this side is pending. Both sides knew the first `settled` sections before it.
    HaveLocalOffer { settled: usize },
}

/// The transport of this side.
#[derive(Debug)]
struct Local {
    credentials: Credentials,
    fingerprint: sdp::Fingerprint,
    candidates: Vec<String>,
    announce_ice_lite: bool,
}

/// The remote's transport, as its last description gave it.
#[derive(Debug)]
struct KnownRemote {
    ufrag: String,
    fingerprints: Vec<sdp::Fingerprint>,
    role: dtls::Role,
}

impl Negotiator {
    /// Creates a negotiator without sections, with new ICE credentials.
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

    /// Adds a track to send, with the next offer. Returns its line; `None` when all of
    /// [`LINES_MAX`] lines are in use.
    pub fn add(&mut self, track: OutgoingTrack) -> Option<LineIndex> {
        let new_lines = match self.role {
            Role::Unified { new_lines } => new_lines,
            _ => 0,
        };
        let line = self.lines.add(track, new_lines)?;
        self.changed = true;
        Some(line)
    }

    /// Removes the track of a line, with the next offer.
    pub fn remove(&mut self, line: LineIndex) {
        self.changed |= self.lines.remove(line);
    }

    /// Returns the `a=mid` under which a line is offered; `None` before its first offer.
    pub fn mid(&self, line: LineIndex) -> Option<&str> {
        let mut sections = self.sections.iter();
        let section = sections.find(|section| section.line == Some(line))?;
        Some(&section.mid)
    }

    /// Asks the remote to send a track or data channels, with the next offer.
    pub fn expect(&mut self, what: Expected) {
        // A browser that rolls back its own first offer for this one starts data channels only
        // under the mid that its offer had for them: Chromium counts from 0.
        let mid = match self.settled() {
            0 => self.sections.len().to_string(),
            _ => self.next_mid(),
        };
        self.sections.push(Section::expecting(mid, what));
        self.changed = true;
    }

    /// Asks the remote, with the next offer, to send the new tracks of an offer that it has rolled
    /// back. Tracks beyond the limit of sections are left out.
    pub fn expect_offered(&mut self, offer: &sdp::Description) {
        let known = |mid: &str| self.sections.iter().any(|section| section.mid == mid);
        let new = sent_tracks(offer).into_iter();
        let new: Vec<_> = new.filter(|track| !known(&track.mid)).collect();
        let room = SECTIONS_MAX.saturating_sub(self.sections.len());
        for track in new.into_iter().take(room) {
            self.expect(Expected::Media(track.kind));
        }
    }

    /// Restarts ICE with the next offer (RFC 8445 §9).
    pub fn restart(&mut self) {
        self.local.credentials = Credentials::generate();
        self.changed = true;
    }

    /// Returns the number of sections that both sides know.
    fn settled(&self) -> usize {
        match self.state {
            State::Stable => self.sections.iter().take_while(|s| s.told).count(),
            State::HaveLocalOffer { settled } => settled,
        }
    }

    fn next_mid(&mut self) -> String {
        loop {
            let mid = match self.role {
                // This side adds all sections, so plain numbers are free.
                Role::Subscriber => self.mids.to_string(),
                // Most remotes use numbers for their mids: a letter keeps this side's apart.
                _ => format!("h{}", self.mids + 1),
            };
            self.mids += 1;
            if !self.sections.iter().any(|section| section.mid == mid) {
                return mid;
            }
        }
    }

    /// Records the remote's transport. Returns it when it is new.
    fn take_remote(&mut self, seen: section::SeenRemote) -> Option<Remote> {
        let known = self.remote.as_ref();
        if known.is_some_and(|known| known.ufrag == seen.credentials.ufrag()) {
            return None;
        }
        // DTLS continues over the new path, so the roles stay.
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

    /// Refuses a change of the certificate: an ICE restart keeps it.
    fn check_remote(&self, seen: &section::SeenRemote) -> Result<(), OfferError> {
        let known = self.remote.as_ref();
        if known.is_some_and(|known| known.fingerprints != seen.fingerprints) {
            let text = "a=fingerprint has changed: open a new connection";
            return Err(OfferError::refused(text));
        }
        Ok(())
    }

    fn received(&self) -> Vec<ReceivedSection> {
        let sections = self.sections.iter();
        sections.filter_map(|s| s.received.clone()).collect()
    }

    /// Returns the mids of the sections that the remote sends on.
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
