//! The state of one section, and what is read from a remote's description.

use ice::Credentials;
use rtp::Kind;

use super::expected::Expected;
use crate::extensions::{self, ExtensionIds};
use crate::formats::{self, PayloadTypes};
use crate::index::LineIndex;
use crate::offer_error::OfferError;
use crate::receiver::{DeclaredSource, LAYERS_MAX, ReceivedSection, ReceivedType};

/// RTCP feedback that this side sends and handles (RFC 4585 §4.2, RFC 5104 §7.1, and transport-wide
/// congestion control).
const FEEDBACK: [&str; 4] = ["nack", "nack pli", "ccm fir", "transport-cc"];

/// One section of the connection, and what was negotiated for it.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) mid: String,
    /// Descriptions carry its `a=mid`. False for a section of a remote without mids, whose `mid` is
    /// the index of the section.
    pub(super) named: bool,
    /// The line of this side that is sent on it.
    pub(super) line: Option<LineIndex>,
    /// What this side asks the remote to send on it.
    pub(super) expected: Option<Expected>,
    /// A description with it was sent or received.
    pub(super) told: bool,
    /// The codecs and extensions that an answer settled, for a section that the remote added or
    /// sends on.
    pub(super) common: Option<Common>,
    /// What the remote sends on it.
    pub(super) received: Option<ReceivedSection>,
    /// It carries data channels.
    pub(super) channels: bool,
    /// The answer for a section that is refused: port 0, with media, protocol and formats as
    /// offered.
    pub(super) refused: Option<sdp::Section>,
}

/// The codecs, extensions and rids that both sides support on a section.
#[derive(Debug, Clone, Default)]
pub(super) struct Common {
    pub(super) codecs: Vec<sdp::Codec>,
    pub(super) types: PayloadTypes,
    pub(super) extensions: Vec<sdp::Extension>,
    pub(super) rids: Vec<String>,
}

impl Section {
    /// Creates a section that the remote has offered.
    pub(super) fn offered(mid: Option<&str>, index: usize) -> Self {
        Self {
            mid: mid_or_index(mid, index),
            named: mid.is_some(),
            line: None,
            expected: None,
            told: true,
            common: None,
            received: None,
            channels: false,
            refused: None,
        }
    }

    /// Creates a section of this side for a line that it sends.
    pub(super) fn sending(mid: String, line: LineIndex) -> Self {
        Self {
            line: Some(line),
            told: false,
            ..Self::offered(Some(&mid), 0)
        }
    }

    /// Creates a section of this side for something that it wants to receive.
    pub(super) fn expecting(mid: String, expected: Expected) -> Self {
        Self {
            expected: Some(expected),
            told: false,
            ..Self::offered(Some(&mid), 0)
        }
    }

    pub(super) fn is_own(&self) -> bool {
        self.line.is_some() || self.expected.is_some()
    }
}

impl Common {
    /// Intersects the remote's section with what is forwarded. Order and numbers are the remote's,
    /// whose first choice is what it will send (RFC 3264 §6.1). With `one_codec`, only its first
    /// video codec is kept.
    pub(super) fn of(kind: Kind, theirs: &sdp::Section, one_codec: bool) -> Self {
        let known = theirs.codecs.iter();
        let known = known.filter_map(|codec| Some((codec, formats::format_of(codec)?)));
        let mut known: Vec<_> = known
            .filter(|(_, format)| format.codec.kind() == kind)
            .collect();
        if one_codec && kind == Kind::Video {
            known.truncate(1);
        }
        let is_known = |number: u8| known.iter().any(|(c, _)| c.payload_type == number);
        let (mut codecs, mut types) = (Vec::new(), Vec::new());
        // One pass keeps the remote's order: media codecs, RTX of a known codec, redundant audio.
        for codec in &theirs.codecs {
            let number = codec.payload_type;
            if let Some((_, format)) = known.iter().find(|(c, _)| c.payload_type == number) {
                let feedback = answered_feedback(codec);
                types.push(ReceivedType {
                    number,
                    rtx: theirs.rtx_for(number).map(|rtx| rtx.payload_type),
                    format: *format,
                    nack: feedback.iter().any(|feedback| feedback == "nack"),
                });
                codecs.push(sdp::Codec {
                    parameters: formats::answered_parameters(codec, format),
                    feedback,
                    ..codec.clone()
                });
            } else if let Some(repeated) = codec.repeats().filter(|apt| is_known(*apt)) {
                codecs.push(sdp::Codec {
                    parameters: format!("apt={repeated}"),
                    feedback: Vec::new(),
                    ..codec.clone()
                });
            } else if let Some((_, format)) = redundant(codec, &known) {
                types.push(ReceivedType {
                    number,
                    rtx: None,
                    format: rtp::Format {
                        red: true,
                        ..*format
                    },
                    nack: false,
                });
                codecs.push(sdp::Codec {
                    feedback: Vec::new(),
                    ..codec.clone()
                });
            }
        }
        let taken = theirs.extensions.iter();
        let taken = taken.filter(|extension| extensions::is_taken(&extension.uri));
        let undirected = |extension: &sdp::Extension| sdp::Extension {
            direction: None,
            ..extension.clone()
        };
        Self {
            codecs,
            types: PayloadTypes::new(types),
            extensions: taken.map(undirected).collect(),
            rids: received_rids(theirs),
        }
    }

    fn described_sets(&self, theirs: &sdp::Section) -> Vec<rtp::DescribedSet> {
        let of = |codec: &sdp::Codec| {
            let is_it = |of: &&ReceivedType| of.number == codec.payload_type;
            let taken = self.types.iter().find(is_it)?;
            Some(formats::described_sets(codec, &taken.format))
        };
        theirs.codecs.iter().filter_map(of).flatten().collect()
    }

    /// Returns the parameters for receiving on the remote's section.
    pub(super) fn received(&self, kind: Kind, mid: &str, theirs: &sdp::Section) -> ReceivedSection {
        let transport_cc = self.codecs.iter().flat_map(|codec| &codec.feedback);
        ReceivedSection {
            mid: mid.into(),
            kind,
            rids: self.rids.iter().map(|rid| rid.as_str().into()).collect(),
            types: self.types.iter().copied().collect(),
            sets: self.described_sets(theirs),
            ids: ExtensionIds::of(&self.extensions),
            ssrcs: declared_sources(theirs),
            transport_cc: transport_cc.into_iter().any(|f| f == "transport-cc"),
            reduced_size: theirs.rtcp_rsize,
        }
    }
}

/// Returns the rids that the remote sends, in its order of preference (RFC 8853 §5.2). Those beyond
/// [`LAYERS_MAX`] are left out.
fn received_rids(theirs: &sdp::Section) -> Vec<String> {
    let simulcast = theirs.simulcast.as_ref();
    let sent = simulcast.map(|simulcast| simulcast.send.clone());
    sent.unwrap_or_default()
        .into_iter()
        .take(LAYERS_MAX)
        .collect()
}

fn answered_feedback(codec: &sdp::Codec) -> Vec<String> {
    let offered = codec.feedback.iter();
    let taken = offered.filter(|feedback| FEEDBACK.contains(&feedback.as_str()));
    taken.cloned().collect()
}

/// Returns the primary codec of a redundant payload type (RFC 2198 §5: `111/111`).
fn redundant<'a>(
    codec: &sdp::Codec,
    known: &'a [(&sdp::Codec, rtp::Format)],
) -> Option<&'a (&'a sdp::Codec, rtp::Format)> {
    let is_red = codec.is("red");
    let primary = codec.parameters.split('/').next()?.trim().parse().ok();
    known
        .iter()
        .find(|(c, _)| is_red && Some(c.payload_type) == primary)
}

/// Returns the sources that a section declares, each with its RTX SSRC (RFC 5576 §4.2).
fn declared_sources(theirs: &sdp::Section) -> Vec<DeclaredSource> {
    let pairs = theirs.source_groups.iter();
    let pairs = pairs.filter(|group| group.semantics == "FID");
    let pairs: Vec<(u32, u32)> = pairs
        .filter_map(|group| match group.ssrcs.as_slice() {
            [ssrc, rtx, ..] => Some((*ssrc, *rtx)),
            _ => None,
        })
        .collect();
    let is_rtx = |ssrc: u32| pairs.iter().any(|(_, rtx)| *rtx == ssrc);
    let sources = theirs.sources.iter().filter(|s| !is_rtx(s.ssrc));
    let declared = sources.map(|source| DeclaredSource {
        ssrc: source.ssrc,
        rtx: pairs
            .iter()
            .find_map(|(ssrc, rtx)| (*ssrc == source.ssrc).then_some(*rtx)),
    });
    declared.collect()
}

/// The remote's transport in a description.
#[derive(Debug, Clone)]
pub(super) struct SeenRemote {
    pub(super) credentials: Credentials,
    pub(super) fingerprints: Vec<sdp::Fingerprint>,
    /// This side's DTLS role.
    pub(super) role: dtls::Role,
}

impl SeenRemote {
    /// Reads the transport of the first section in use: all sections of a bundle share it
    /// (RFC 9143 §7.1). Returns an error that names the missing attribute.
    pub(super) fn of(description: &sdp::Description) -> Result<Self, OfferError> {
        let mut sections = description.sections.iter();
        let in_use = sections.find_map(|section| {
            let ufrag = section.transport.ice_ufrag.as_deref();
            Some((&section.transport, ufrag.filter(|_| !section.is_refused())?))
        });
        let (transport, ufrag) = in_use.ok_or_else(|| missing("a=ice-ufrag"))?;
        let pwd = transport.ice_pwd.as_deref();
        let pwd = pwd.ok_or_else(|| missing("a=ice-pwd"))?;
        let credentials = Credentials::new(ufrag, pwd);
        if transport.fingerprints.is_empty() {
            return Err(missing("a=fingerprint"));
        }
        Ok(Self {
            credentials: credentials.map_err(|error| OfferError::Refused(error.to_string()))?,
            fingerprints: transport.fingerprints.clone(),
            // A remote that leaves the choice to this side becomes the DTLS client: its first
            // flight then directly follows its first check (RFC 8842 §5.2).
            role: match transport.setup {
                Some(sdp::Setup::Passive) => dtls::Role::Client,
                _ => dtls::Role::Server,
            },
        })
    }
}

fn missing(what: &str) -> OfferError {
    OfferError::refused(format!("it has no {what}"))
}

/// A track that a description announces as sent (RFC 8830).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentTrack {
    /// The `a=mid` of its section, or the section's index where there is none.
    pub mid: String,
    /// Audio or video.
    pub kind: Kind,
    /// The stream and track names of `a=msid`; empty without one.
    pub msid: (String, String),
}

/// Returns the tracks that a description announces as sent, in its order.
pub fn sent_tracks(description: &sdp::Description) -> Vec<SentTrack> {
    let sections = description.sections.iter().enumerate();
    let track = |(index, section): (usize, &sdp::Section)| {
        let kind = kind_of(section).filter(|_| section.sends())?;
        let msid = section.msids.first();
        Some(SentTrack {
            mid: mid_or_index(section.mid.as_deref(), index),
            kind,
            msid: msid.map_or_else(Default::default, |m| (m.stream.clone(), m.track.clone())),
        })
    };
    sections.filter_map(track).collect()
}

/// Returns the mid and kind of each audio and video section of a description.
pub fn media_sections(description: &sdp::Description) -> Vec<(String, Kind)> {
    let sections = description.sections.iter().enumerate();
    let section = |(index, section): (usize, &sdp::Section)| {
        let mid = mid_or_index(section.mid.as_deref(), index);
        Some((mid, kind_of(section)?))
    };
    sections.filter_map(section).collect()
}

/// Returns the `a=mid` of a section, or its index where the remote gives none.
fn mid_or_index(mid: Option<&str>, index: usize) -> String {
    mid.map_or_else(|| index.to_string(), str::to_owned)
}

/// Returns the kind of an audio or video section; `None` for any other.
pub(super) fn kind_of(section: &sdp::Section) -> Option<Kind> {
    match section.kind {
        sdp::MediaKind::Audio => Some(Kind::Audio),
        sdp::MediaKind::Video => Some(Kind::Video),
        _ => None,
    }
}
