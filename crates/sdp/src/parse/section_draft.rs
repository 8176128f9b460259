//! A section while its lines are being read.

use super::attribute;
use super::session::Session;
use crate::codec::Codec;
use crate::direction::Direction;
use crate::error::Reason;
use crate::limits::{CANDIDATES_MAX, EXTENSIONS_MAX, FEEDBACKS_MAX, FORMATS_MAX};
use crate::line::{Line, MediaLine, first_word, number};
use crate::section::{MediaKind, Section, is_rtp};

/// Payload types of RTP (RFC 3550 §5.1: seven bits).
const PAYLOAD_TYPES: usize = 128;

/// Marks a payload type that the m-line does not list. It is never an index of a codec, since
/// [`FORMATS_MAX`] is smaller.
const ABSENT: u8 = u8::MAX;

/// A section whose m-line has been read, and as many of its attributes as have come so far.
pub(super) struct SectionDraft<'a> {
    /// The m-line.
    pub(super) line: Line<'a>,
    /// Its codecs are all payload types of the m-line; a codec without a name has had no `rtpmap`
    /// yet.
    pub(super) section: Section,
    pub(super) is_rtp: bool,
    pub(super) extmap_allow_mixed: bool,
    direction: Option<Direction>,
    /// The index of each payload type among the codecs, or [`ABSENT`]. With it, a description with
    /// thousands of `rtpmap` lines needs no searches.
    positions: [u8; PAYLOAD_TYPES],
    /// Feedback messages for all payload types (`rtcp-fb:*`).
    feedback_for_all: Vec<String>,
}

impl<'a> SectionDraft<'a> {
    /// Reads an m-line.
    pub(super) fn begin(line: Line<'a>) -> Result<Self, Reason> {
        let MediaLine {
            kind,
            port,
            protocol,
            formats,
        } = MediaLine::parse(line.value)?;
        let mut section = Section::new(MediaKind::parse(kind));
        section.port = port;
        section.protocol = protocol.to_owned();
        section.line = line.number;
        // A new section has `rtcp-mux`; a parsed one only if an attribute says so.
        section.rtcp_mux = false;
        let mut draft = Self {
            line,
            section,
            is_rtp: is_rtp(protocol),
            extmap_allow_mixed: false,
            direction: None,
            positions: [ABSENT; PAYLOAD_TYPES],
            feedback_for_all: Vec::new(),
        };
        for word in formats.take(FORMATS_MAX) {
            draft.format(word);
        }
        if draft.section.codecs.is_empty() && draft.section.formats.is_empty() {
            return Err(Reason::MediaLine);
        }
        // The predecessors of RFC 8841 have the SCTP port in the place of the format.
        if protocol.eq_ignore_ascii_case("DTLS/SCTP") {
            draft.section.sctp_port = draft.section.formats.first().and_then(|f| number(f));
        }
        Ok(draft)
    }

    fn format(&mut self, word: &str) {
        let payload_type: Option<u8> = self.is_rtp.then(|| number(word)).flatten();
        let position = payload_type.and_then(|pt| self.positions.get_mut(usize::from(pt)));
        let (Some(payload_type), Some(position)) = (payload_type, position) else {
            self.section.formats.push(word.to_owned());
            return;
        };
        if *position == ABSENT {
            // Fits: there are at most FORMATS_MAX codecs.
            *position = self.section.codecs.len() as u8;
            self.section.codecs.push(Codec {
                payload_type,
                name: String::new(),
                clock_rate: 0,
                channels: None,
                parameters: String::new(),
                feedback: Vec::new(),
            });
        }
    }

    /// Reads an attribute other than `mid`. Unknown attributes are ignored.
    pub(super) fn attribute(
        &mut self,
        line: &Line<'a>,
        name: &str,
        value: &str,
    ) -> Result<(), Reason> {
        let section = &mut self.section;
        match name {
            "rtpmap" => self.of_codec(value, attribute::rtpmap),
            "fmtp" => self.of_codec(value, attribute::fmtp),
            "rtcp-fb" => self.feedback(value),
            "ssrc" => attribute::source(&mut section.sources, value),
            "ssrc-group" => attribute::source_group(&mut section.source_groups, value),
            "extmap" => attribute::extension(&mut section.extensions, value),
            "msid" => attribute::msid(&mut section.msids, value),
            "rid" => attribute::rid(&mut section.rids, value)?,
            "simulcast" => attribute::simulcast(&mut section.simulcast, value),
            "rtcp-mux" => section.rtcp_mux = true,
            "rtcp-rsize" => section.rtcp_rsize = true,
            // RFC 9143 §6: `bundle-only` has a meaning only with port 0.
            "bundle-only" => section.bundle_only = section.port == 0,
            "extmap-allow-mixed" => self.extmap_allow_mixed = true,
            "sctp-port" => section.sctp_port = Some(number(value).ok_or(Reason::SctpPort)?),
            "max-message-size" => section.max_message_size = number(value),
            // Candidates are kept as they came: a malformed one is no reason to refuse an offer.
            "candidate" => {
                if section.transport.candidates.len() < CANDIDATES_MAX {
                    section.transport.candidates.push(line.value.to_owned());
                }
            }
            _ => {
                if let Some(direction) = Direction::parse(name) {
                    self.direction = Some(direction);
                } else {
                    section.transport.read(name, value)?;
                }
            }
        }
        Ok(())
    }

    /// Reads an attribute that begins with a payload type. It is ignored if the payload type is
    /// malformed or not in the m-line.
    fn of_codec(&mut self, value: &str, read: fn(&mut Codec, &str)) {
        let (payload_type, rest) = first_word(value);
        let position = number(payload_type)
            .and_then(|pt: u8| self.positions.get(usize::from(pt)))
            .map(|position| usize::from(*position));
        if let Some(codec) = position.and_then(|p| self.section.codecs.get_mut(p)) {
            read(codec, rest);
        }
    }

    fn feedback(&mut self, value: &str) {
        let (payload_type, rest) = first_word(value);
        if payload_type == "*" {
            attribute::feedback(&mut self.feedback_for_all, rest);
        } else {
            self.of_codec(value, |codec, message| {
                attribute::feedback(&mut codec.feedback, message);
            });
        }
    }

    /// Completes the section from the session level, and adds the number of bytes copied to
    /// `copied`.
    pub(super) fn close(mut self, session: &Session<'_>, copied: &mut usize) -> Section {
        self.sort_out_payload_types();
        self.give_feedback_to_all(copied);
        let mut section = self.section;
        section.direction = self.direction.unwrap_or_default();
        *copied += section.transport.inherit(&session.transport);
        if self.is_rtp {
            section.direction = self.direction.or(session.direction).unwrap_or_default();
            *copied += inherit_extensions(&mut section, session);
        }
        // Rids may come after `simulcast`, so its layers are matched with them only at the end.
        section.simulcast = section.simulcast.and_then(|mut simulcast| {
            simulcast.keep_described(&section.rids);
            (!simulcast.is_empty()).then_some(simulcast)
        });
        section
    }

    /// Keeps the payload types that are described as codecs, and turns the others into formats.
    fn sort_out_payload_types(&mut self) {
        let section = &mut self.section;
        if section.kind == MediaKind::Audio {
            section.codecs.iter_mut().for_each(attribute::name_static);
        }
        if section.codecs.iter().any(|codec| codec.name.is_empty()) {
            let undescribed = section.codecs.extract_if(.., |codec| codec.name.is_empty());
            let formats = undescribed.map(|codec| codec.payload_type.to_string());
            section.formats.extend(formats);
            section.codecs.shrink_to_fit();
        }
    }

    fn give_feedback_to_all(&mut self, copied: &mut usize) {
        for codec in &mut self.section.codecs {
            for message in &self.feedback_for_all {
                if codec.feedback.len() < FEEDBACKS_MAX && !codec.feedback.contains(message) {
                    *copied += size_of::<String>() + message.len();
                    codec.feedback.push(message.clone());
                }
            }
        }
    }
}

/// Copies the session's header extensions whose identifier and URI the section does not use itself
/// (RFC 8285 §6). Returns the number of bytes copied.
fn inherit_extensions(section: &mut Section, session: &Session<'_>) -> usize {
    let mut copied = 0;
    let own = section.extensions.len();
    for extension in &session.extensions {
        let taken = section
            .extensions
            .iter()
            .take(own)
            .any(|own| own.id == extension.id || own.uri == extension.uri);
        if !taken && section.extensions.len() < EXTENSIONS_MAX {
            copied += size_of_val(extension) + extension.uri.len();
            section.extensions.push(extension.clone());
        }
    }
    copied
}
