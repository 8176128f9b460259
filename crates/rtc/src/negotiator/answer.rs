//! Offers of the remote, and their answers.

use rtp::{Codec, Kind};

use super::section::{Common, Section, SeenRemote, kind_of};
use super::{
    Agreed, Answered, Negotiator, OutgoingTrack, PUBLISHED_SECTIONS_MAX, Role, SECTIONS_MAX, State,
};
use crate::offer_error::OfferError;

/// Sections that a remote may add: those that it publishes on, and one for data channels.
const REMOTE_SECTIONS_MAX: usize = 2 * PUBLISHED_SECTIONS_MAX + 1;

/// How an offered section will be answered.
#[derive(Debug)]
enum Plan {
    /// As media, in any direction or inactive.
    Media(Kind, Common),
    /// As data channels.
    Channels,
    /// With port 0: it is refused (RFC 3264 §6).
    Refused,
}

impl Negotiator {
    /// Answers an offer of the remote. A pending offer of this side is rolled back, and its
    /// contents are repeated in the next one. An offer that is refused with an error changes
    /// nothing.
    pub fn offered(&mut self, offer: &sdp::Description) -> Result<Answered, OfferError> {
        // All checks come before the first change, so that a refused offer leaves no trace.
        self.check_turn()?;
        self.check_sections(offer)?;
        let plans = self.plan(offer)?;
        let seen = SeenRemote::of(offer)?;
        check_bundle(offer, &seen)?;
        self.check_remote(&seen)?;
        if let State::HaveLocalOffer { settled } = self.state {
            self.roll_back(settled);
        }
        if self.remote.is_none() {
            self.numbers.follow(offer);
        }
        let before = self.received_mids();
        self.adopt(offer, plans);
        let sends_otherwise = before != self.received_mids();
        // A new ufrag of the remote is an ICE restart, which takes new local credentials as well.
        let restarted = |known: &super::KnownRemote| known.ufrag != seen.credentials.ufrag();
        if self.remote.as_ref().is_some_and(restarted) {
            self.local.credentials = ice::Credentials::generate();
        }
        let remote = self.take_remote(seen);
        let mut answered = self.answer(offer, remote);
        answered.agreed.sends_otherwise = sends_otherwise;
        Ok(answered)
    }

    fn check_turn(&self) -> Result<(), OfferError> {
        match self.role {
            Role::Subscriber => Err(OfferError::refused("on this connection the server offers")),
            Role::Publisher | Role::Viewer { .. } if self.remote.is_some() => {
                Err(OfferError::refused("this session accepts one offer only"))
            }
            _ => Ok(()),
        }
    }

    /// Checks that the offer keeps the known sections in their order, and has not too many.
    fn check_sections(&self, offer: &sdp::Description) -> Result<(), OfferError> {
        let settled = self.settled();
        let known = || self.sections.iter().take(settled);
        let made_here = known().filter(|section| section.is_own()).count();
        let max = (made_here + REMOTE_SECTIONS_MAX).min(SECTIONS_MAX);
        if offer.sections.len() > max {
            let text = format!("it has more than {max} m-lines");
            return Err(OfferError::Refused(text));
        }
        let differs = |(known, theirs): (&Section, &sdp::Section)| {
            known.named && theirs.mid.as_ref() != Some(&known.mid)
        };
        if offer.sections.len() < settled || known().zip(&offer.sections).any(differs) {
            let text = "its m-lines must be the earlier ones in their order, followed by new ones";
            return Err(OfferError::refused(text));
        }
        Ok(())
    }

    fn plan(&self, offer: &sdp::Description) -> Result<Vec<Plan>, OfferError> {
        let media = offer.sections.iter().filter_map(kind_of);
        let media: Vec<Kind> = media.collect();
        if media.is_empty() && !matches!(self.role, Role::Unified { .. }) {
            return Err(OfferError::NoMedia);
        }
        let max = match self.role {
            Role::Publisher | Role::Viewer { .. } => 1,
            Role::Publishers => PUBLISHED_SECTIONS_MAX,
            Role::Subscriber | Role::Unified { .. } => usize::MAX,
        };
        for kind in [Kind::Audio, Kind::Video] {
            let count = media.iter().filter(|k| **k == kind).count();
            if count > max {
                return Err(OfferError::TooManyMedia { kind, count, max });
            }
        }
        let sections = offer.sections.iter();
        sections.map(|section| self.plan_section(section)).collect()
    }

    fn plan_section(&self, theirs: &sdp::Section) -> Result<Plan, OfferError> {
        let is_unified = matches!(self.role, Role::Unified { .. });
        if theirs.is_refused() {
            return Ok(Plan::Refused);
        }
        let Some(kind) = kind_of(theirs) else {
            let carries = is_unified && theirs.kind == sdp::MediaKind::Application;
            return Ok(if carries && theirs.protocol.ends_with("DTLS/SCTP") {
                Plan::Channels
            } else {
                Plan::Refused
            });
        };
        self.check_direction(kind, theirs.direction)?;
        let one_codec = matches!(self.role, Role::Publishers | Role::Unified { .. });
        let common = Common::of(kind, theirs, one_codec);
        if common.types.formats().next().is_some() {
            return Ok(Plan::Media(kind, common));
        }
        // An inactive section is no reason to refuse the whole offer.
        if is_unified || theirs.direction == sdp::Direction::Inactive {
            return Ok(Plan::Refused);
        }
        Err(no_codec(kind, theirs))
    }

    fn check_direction(&self, kind: Kind, found: sdp::Direction) -> Result<(), OfferError> {
        let (wrong, found, needed, endpoint) = match self.role {
            Role::Publisher | Role::Publishers => {
                let wrong = sdp::Direction::RecvOnly;
                (found == wrong, "recvonly", "sendonly", "publishing")
            }
            Role::Viewer { .. } => {
                let wrong = sdp::Direction::SendOnly;
                (found == wrong, "sendonly", "recvonly", "watching")
            }
            Role::Subscriber | Role::Unified { .. } => return Ok(()),
        };
        if wrong {
            return Err(OfferError::Direction {
                kind,
                found,
                needed,
                endpoint,
            });
        }
        Ok(())
    }

    /// Rolls back the pending offer, which the remote did not or will not apply.
    pub(super) fn roll_back(&mut self, settled: usize) {
        self.state = State::Stable;
        self.changed = true;
        for mut section in self.sections.split_off(settled) {
            match section.line {
                // The line gets another section with the next offer.
                Some(line) => self.lines.untell(line),
                None => {
                    section.told = false;
                    self.sections.push(section);
                }
            }
        }
    }

    /// Applies the sections of an accepted offer.
    fn adopt(&mut self, offer: &sdp::Description, plans: Vec<Plan>) {
        let settled = self.settled();
        // Sections that this side has yet to offer move behind the remote's new ones.
        let mut own = self.sections.split_off(settled);
        for (index, theirs) in offer.sections.iter().enumerate().skip(settled) {
            let section = Section::offered(theirs.mid.as_deref(), index);
            self.sections.push(section);
        }
        for section in &mut own {
            if self.sections.iter().any(|taken| taken.mid == section.mid) {
                section.mid = self.next_mid();
            }
        }
        self.sections.extend(own);
        for ((index, theirs), plan) in offer.sections.iter().enumerate().zip(plans) {
            self.adopt_section(index, theirs, plan);
        }
    }

    fn adopt_section(&mut self, index: usize, theirs: &sdp::Section, plan: Plan) {
        let Some(section) = self.sections.get_mut(index) else {
            return;
        };
        // Each offer describes the whole section anew: forget what the last one settled.
        (section.received, section.channels, section.refused) = (None, false, None);
        let (kind, common) = match plan {
            Plan::Media(kind, common) => (kind, common),
            Plan::Channels => return section.channels = true,
            Plan::Refused => return section.refused = Some(refused(theirs)),
        };
        if theirs.sends() && !matches!(self.role, Role::Viewer { .. }) {
            section.received = Some(common.received(kind, &section.mid, theirs));
        }
        section.common = Some(common);
        // A viewer's own offer asks for the stream: each section that it receives on gets a line.
        if let Role::Viewer { stream } = &self.role
            && theirs.receives()
            && section.line.is_none()
        {
            let track = OutgoingTrack {
                kind,
                stream: stream.clone(),
                track: kind.to_string(),
                formats: Vec::new(),
            };
            section.line = self.lines.add(track, 0);
        }
        let Some(line) = section.line else {
            return;
        };
        if theirs.receives() {
            self.lines.tell(line);
        } else {
            // The remote does not receive on this section: the next offer of this side announces
            // the track.
            self.changed |= self.lines.carries(line);
        }
    }

    fn answer(&mut self, offer: &sdp::Description, remote: Option<super::Remote>) -> Answered {
        self.version += 1;
        let setup = match self.remote.as_ref().map(|remote| remote.role) {
            Some(dtls::Role::Client) => sdp::Setup::Active,
            _ => sdp::Setup::Passive,
        };
        let mut answer = self.description(self.local.announce_ice_lite);
        answer.extmap_allow_mixed = offer.extmap_allow_mixed;
        let mut lines = Vec::new();
        for (index, theirs) in offer.sections.iter().enumerate() {
            let Some(section) = self.sections.get(index) else {
                continue;
            };
            let mut written = self.write(section, setup, theirs.receives());
            written.protocol.clone_from(&theirs.protocol);
            written.rtcp_mux = theirs.rtcp_mux;
            written.rtcp_rsize = theirs.rtcp_rsize;
            if !written.is_refused() && offer.bundle.contains(&section.mid) {
                answer.bundle.push(section.mid.clone());
            }
            answer.sections.push(written);
            if let Some((line, common)) = section.line.zip(section.common.as_ref()) {
                let types = common.types.clone();
                lines.extend(self.lines.agreed(line, &section.mid, theirs, types));
            }
        }
        let agreed = Agreed {
            lines,
            sends_otherwise: false,
            received: self.received(),
            channels: self.carries_channels(),
            unified: self.is_unified(),
            remote,
        };
        Answered {
            sdp: answer.write(),
            agreed,
        }
    }
}

/// Refuses sections with ICE credentials of their own: they are not bundled and would need their
/// own transport.
fn check_bundle(offer: &sdp::Description, seen: &SeenRemote) -> Result<(), OfferError> {
    let differs = |section: &&sdp::Section| {
        let ufrag = section.transport.ice_ufrag.as_ref();
        !section.is_refused() && ufrag.is_some_and(|ufrag| ufrag != seen.credentials.ufrag())
    };
    match offer.sections.iter().find(differs) {
        Some(section) => Err(OfferError::Refused(format!(
            "the m-line in line {} has ICE credentials of its own: bundle all of them (RFC 9143)",
            section.line
        ))),
        None => Ok(()),
    }
}

fn no_codec(kind: Kind, theirs: &sdp::Section) -> OfferError {
    let offered = theirs.codecs.iter().map(|codec| codec.name.as_str());
    let mut offered: Vec<&str> = offered.filter(|name| *name != "rtx").collect();
    offered.dedup();
    let wanted = Codec::ALL.into_iter().filter(|codec| codec.kind() == kind);
    let offered = match offered.join(", ") {
        none if none.is_empty() => "no codec".to_owned(),
        offered => offered,
    };
    OfferError::NoCodec {
        kind,
        line_number: theirs.line,
        offered,
        wanted: wanted.map(|codec| codec.to_string()).collect(),
    }
}

/// Returns the answer for a refused section: port 0, with the fields that SDP requires.
fn refused(theirs: &sdp::Section) -> sdp::Section {
    let types = theirs.codecs.iter().map(|c| c.payload_type.to_string());
    let formats = types.chain(theirs.formats.iter().cloned());
    sdp::Section {
        port: 0,
        protocol: theirs.protocol.clone(),
        formats: formats.collect(),
        mid: theirs.mid.clone(),
        direction: sdp::Direction::Inactive,
        ..sdp::Section::new(theirs.kind.clone())
    }
}
