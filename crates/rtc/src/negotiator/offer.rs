//! Offers of this side, and their answers.

use rtp::Kind;

use super::section::{Common, Section, SeenRemote, kind_of};
use super::{Agreed, Expected, Negotiator, Role, SECTIONS_MAX, State};
use crate::extensions;
use crate::offer_error::OfferError;

/// The protocol of data channel sections that this side adds (RFC 8841 §4).
const CHANNELS_PROTOCOL: &str = "UDP/DTLS/SCTP";

/// The usual port of SCTP over DTLS (RFC 8841 §5.1).
const SCTP_PORT: u16 = 5_000;

impl Negotiator {
    /// Returns the next offer. `None` when nothing has changed, when an offer is pending, or when
    /// this side does not offer in its role.
    pub fn offer(&mut self) -> Option<String> {
        let offers = matches!(self.role, Role::Subscriber | Role::Unified { .. });
        if !offers || !self.changed || self.state != State::Stable {
            return None;
        }
        self.changed = false;
        let settled = self.settled();
        self.place();
        // Everything was removed again before it was ever offered.
        if self.sections.is_empty() {
            return None;
        }
        self.state = State::HaveLocalOffer { settled };
        self.version += 1;
        for section in &mut self.sections {
            section.told = true;
            if let Some(line) = section.line {
                self.lines.tell(line);
            }
        }
        // Without `a=ice-lite` the answering remote would wait for this side's checks
        // (RFC 8445 §6.1.1).
        let lite = self.role == Role::Subscriber || self.remote.is_none();
        let mut offer = self.description(lite);
        for section in &self.sections {
            let written = self.write(section, sdp::Setup::ActPass, true);
            if !written.is_refused() {
                offer.bundle.push(section.mid.clone());
            }
            offer.sections.push(written);
        }
        Some(offer.write())
    }

    /// Applies the answer to the pending offer. Returns an error, and leaves the offer pending,
    /// when the answer does not match it.
    pub fn answered(&mut self, answer: &sdp::Description) -> Result<Agreed, OfferError> {
        self.check_answer(answer)?;
        // Only the first answer must carry a transport: later ones may leave it out.
        let seen = match SeenRemote::of(answer) {
            Ok(seen) => Some(seen),
            Err(error) if self.remote.is_none() => return Err(error),
            Err(_) => None,
        };
        if let Some(seen) = &seen {
            self.check_remote(seen)?;
        }
        self.state = State::Stable;
        let before = self.received_mids();
        let mut lines = Vec::new();
        for (section, theirs) in self.sections.iter_mut().zip(&answer.sections) {
            take_answer(section, theirs, &self.role);
            if let Some(line) = section.line {
                let mid = &section.mid;
                let (numbers, all) = (&self.numbers, &self.lines);
                lines.extend(all.agreed_by_own_offer(numbers, line, mid, theirs));
            }
        }
        let remote = seen.and_then(|seen| self.take_remote(seen));
        Ok(Agreed {
            lines,
            sends_otherwise: before != self.received_mids(),
            received: self.received(),
            channels: self.carries_channels(),
            unified: self.is_unified(),
            remote,
        })
    }

    fn check_answer(&self, answer: &sdp::Description) -> Result<(), OfferError> {
        if self.state == State::Stable {
            return Err(OfferError::refused("no offer waits for an answer"));
        }
        let (theirs, own) = (answer.sections.len(), self.sections.len());
        if theirs != own {
            let text = format!("the answer has {theirs} m-lines, the offer had {own}");
            return Err(OfferError::Refused(text));
        }
        let other = |(own, theirs): &(&Section, &sdp::Section)| {
            theirs.mid.as_ref().is_some_and(|mid| *mid != own.mid)
        };
        if let Some((own, theirs)) = self.sections.iter().zip(&answer.sections).find(other) {
            let text = format!(
                "the m-line in line {} answers a=mid:{} under another mid",
                theirs.line, own.mid
            );
            return Err(OfferError::Refused(text));
        }
        Ok(())
    }

    /// Adds sections for lines with a track that have none.
    fn place(&mut self) {
        for line in self.lines.indices() {
            let placed = self.sections.iter().any(|s| s.line == Some(line));
            if !placed && self.lines.carries(line) && self.sections.len() < SECTIONS_MAX {
                let mid = self.next_mid();
                self.sections.push(Section::sending(mid, line));
            }
        }
    }

    /// Creates a description without sections.
    pub(super) fn description(&self, ice_lite: bool) -> sdp::Description {
        sdp::Description {
            origin: sdp::Origin {
                id: self.session.to_string(),
                version: self.version,
            },
            ice_lite,
            ..sdp::Description::default()
        }
    }

    /// Writes a section. `taken`: the remote receives on it, as far as this side knows.
    pub(super) fn write(&self, section: &Section, setup: sdp::Setup, taken: bool) -> sdp::Section {
        if let Some(refused) = &section.refused {
            return refused.clone();
        }
        let line = section.line.filter(|line| taken && self.lines.sends(*line));
        let mut written = self.begin(section);
        written.mid = section.named.then(|| section.mid.clone());
        let is_media = written.kind != sdp::MediaKind::Application;
        written.direction = match (line.is_some(), self.receives(section)) {
            // Data channels have no direction; `sendrecv` is the default.
            _ if !is_media => sdp::Direction::SendRecv,
            (true, true) => sdp::Direction::SendRecv,
            (true, false) => sdp::Direction::SendOnly,
            (false, true) => sdp::Direction::RecvOnly,
            (false, false) => sdp::Direction::Inactive,
        };
        written.transport = self.local.transport(setup);
        if let Some(line) = line {
            self.lines.write_source(line, &mut written);
        }
        written
    }

    fn receives(&self, section: &Section) -> bool {
        section.received.is_some() || matches!(section.expected, Some(Expected::Media(_)))
    }

    /// Returns the media part of a section, without its transport.
    fn begin(&self, section: &Section) -> sdp::Section {
        if section.channels || section.expected == Some(Expected::Channels) {
            return channels();
        }
        if let Some(common) = &section.common {
            return settled_media(section, common);
        }
        let (kind, codecs, ids) = match (section.line, section.expected) {
            (Some(line), _) => {
                let kind = self.lines.kind(line).unwrap_or(Kind::Video);
                let types = self.lines.types(line, &self.numbers);
                let codecs = types.iter().flat_map(|own| own.codecs()).collect();
                (
                    kind,
                    codecs,
                    self.numbers.extensions(extensions::sent(kind)),
                )
            }
            (None, expected) => {
                let kind = match expected {
                    Some(Expected::Media(kind)) => kind,
                    _ => Kind::Video,
                };
                let codecs = self.numbers.of(kind).flat_map(|own| own.codecs());
                let ids = self.numbers.extensions(extensions::received(kind));
                (kind, codecs.collect(), ids)
            }
        };
        sdp::Section {
            codecs,
            extensions: ids,
            ..media(kind)
        }
    }
}

impl super::Local {
    fn transport(&self, setup: sdp::Setup) -> sdp::Transport {
        sdp::Transport {
            ice_ufrag: Some(self.credentials.ufrag().to_owned()),
            ice_pwd: Some(self.credentials.pwd().to_owned()),
            ice_options: vec![ICE_OPTION.to_owned()],
            fingerprints: vec![self.fingerprint.clone()],
            setup: Some(setup),
            candidates: self.candidates.clone(),
            end_of_candidates: true,
        }
    }
}

/// The ICE option that lets the remote's candidates follow later (RFC 8838 §3).
const ICE_OPTION: &str = "trickle";

/// Applies the remote's answer to one section.
fn take_answer(section: &mut Section, theirs: &sdp::Section, role: &Role) {
    let takes = section.expected.is_some() || matches!(role, Role::Unified { .. });
    section.received = None;
    let carries = section.channels || section.expected == Some(Expected::Channels);
    section.channels = false;
    match kind_of(theirs) {
        None => {
            section.channels = carries && !theirs.is_refused();
        }
        Some(kind) if takes && theirs.sends() => {
            let common = Common::of(kind, theirs, section.line.is_none());
            section.received = Some(common.received(kind, &section.mid, theirs));
            if section.line.is_none() {
                section.common = Some(common);
            }
        }
        Some(_) => {}
    }
}

/// Returns the media part of a section whose codecs an answer has settled.
fn settled_media(section: &Section, common: &Common) -> sdp::Section {
    let kind = common.types.formats().next().map(|f| f.codec.kind());
    let receives = section.received.is_some();
    let rids: &[String] = if receives { &common.rids } else { &[] };
    let rid = |id: &String| sdp::Rid {
        id: id.clone(),
        direction: sdp::RidDirection::Receive,
        parameters: String::new(),
    };
    sdp::Section {
        codecs: common.codecs.clone(),
        extensions: common.extensions.clone(),
        rids: rids.iter().map(rid).collect(),
        simulcast: (!rids.is_empty()).then(|| sdp::Simulcast {
            send: Vec::new(),
            receive: rids.to_vec(),
        }),
        ..media(kind.unwrap_or(Kind::Video))
    }
}

fn media(kind: Kind) -> sdp::Section {
    sdp::Section::new(match kind {
        Kind::Audio => sdp::MediaKind::Audio,
        Kind::Video => sdp::MediaKind::Video,
    })
}

fn channels() -> sdp::Section {
    sdp::Section {
        protocol: CHANNELS_PROTOCOL.to_owned(),
        formats: vec!["webrtc-datachannel".to_owned()],
        sctp_port: Some(SCTP_PORT),
        rtcp_mux: false,
        ..sdp::Section::new(sdp::MediaKind::Application)
    }
}
