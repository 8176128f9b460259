//! One section of a description: an m-line and the attributes below it.

use crate::codec::{Codec, Extension};
use crate::direction::Direction;
use crate::simulcast::{Rid, Simulcast};
use crate::sources::{Msid, Source, SourceGroup};
use crate::transport::Transport;

/// A section: one audio or video m-line, or the data channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The media type.
    pub kind: MediaKind,
    /// The port. 0 means that the section is refused, or [`bundle_only`](Self::bundle_only). Media
    /// goes to the candidates, not to this port.
    pub port: u16,
    /// The transport protocol as written, such as `UDP/TLS/RTP/SAVPF`.
    pub protocol: String,
    /// Line number of the m-line in the text, counted from 1; 0 if the section was not parsed.
    pub line: usize,
    /// Formats of the m-line that are not [`codecs`](Self::codecs): every format of a section
    /// without RTP (`webrtc-datachannel`), and payload types that the section does not describe.
    pub formats: Vec<String>,
    /// The mid, which names the section: one word; `None` if the client gives none.
    pub mid: Option<String>,
    /// The direction of media, as seen by the client that wrote the description.
    pub direction: Direction,
    /// Whether a section with port 0 is not refused, but connected only through its BUNDLE group
    /// (RFC 9143 §6). A parsed section with another port never has this set.
    pub bundle_only: bool,
    /// ICE and DTLS parameters.
    pub transport: Transport,
    /// Whether RTCP is multiplexed with RTP (RFC 5761).
    pub rtcp_mux: bool,
    /// Whether reduced-size RTCP packets are allowed (RFC 5506).
    pub rtcp_rsize: bool,
    /// Payload types that the section describes, in the order of the m-line, which is the
    /// client's order of preference. The static payload types of PCMU, PCMA and G.722 (RFC 3551)
    /// need no description.
    pub codecs: Vec<Codec>,
    /// RTP header extensions. Each identifier occurs once.
    pub extensions: Vec<Extension>,
    /// The track that the client sends, and the streams that it belongs to.
    pub msids: Vec<Msid>,
    /// SSRCs that the client declares, without duplicates.
    pub sources: Vec<Source>,
    /// Groups of SSRCs. They may name SSRCs that [`sources`](Self::sources) lacks.
    pub source_groups: Vec<SourceGroup>,
    /// Named RTP streams (rids). Each name occurs once.
    pub rids: Vec<Rid>,
    /// Simulcast layers; `None` if the section has none.
    pub simulcast: Option<Simulcast>,
    /// The SCTP port of the data channels; `None` if the client names none.
    pub sctp_port: Option<u16>,
    /// The largest message, in bytes, that the client accepts over a data channel. `Some(0)` is
    /// unlimited; `None` means 65,536 (RFC 8841 §6.1).
    pub max_message_size: Option<u64>,
}

impl Section {
    /// Creates an empty media section of the given kind: port 9, `UDP/TLS/RTP/SAVPF`, RTCP
    /// multiplexed with RTP. The section is incomplete until it has codecs or formats.
    pub fn new(kind: MediaKind) -> Self {
        Self {
            kind,
            port: 9,
            protocol: "UDP/TLS/RTP/SAVPF".to_owned(),
            line: 0,
            formats: Vec::new(),
            mid: None,
            direction: Direction::SendRecv,
            bundle_only: false,
            transport: Transport::default(),
            rtcp_mux: true,
            rtcp_rsize: false,
            codecs: Vec::new(),
            extensions: Vec::new(),
            msids: Vec::new(),
            sources: Vec::new(),
            source_groups: Vec::new(),
            rids: Vec::new(),
            simulcast: None,
            sctp_port: None,
            max_message_size: None,
        }
    }

    /// Whether the section is refused or no longer used. No media flows in it then.
    pub fn is_refused(&self) -> bool {
        self.port == 0 && !self.bundle_only
    }

    /// Whether the section carries RTP.
    pub fn is_rtp(&self) -> bool {
        is_rtp(&self.protocol)
    }

    /// Whether the client that wrote the description sends in this section.
    pub fn sends(&self) -> bool {
        !self.is_refused() && self.direction.sends()
    }

    /// Whether the client that wrote the description receives in this section.
    pub fn receives(&self) -> bool {
        !self.is_refused() && self.direction.receives()
    }

    /// Returns the codec with this payload type.
    pub fn codec(&self, payload_type: u8) -> Option<&Codec> {
        self.codecs.iter().find(|c| c.payload_type == payload_type)
    }

    /// Returns the codec that retransmits `payload_type`: the `rtx` with that `apt` (RFC 4588
    /// §8.1).
    pub fn rtx_for(&self, payload_type: u8) -> Option<&Codec> {
        let mut codecs = self.codecs.iter();
        codecs.find(|codec| codec.repeats() == Some(payload_type))
    }

    /// Returns the header extension with this URI.
    pub fn extension(&self, uri: &str) -> Option<&Extension> {
        self.extensions
            .iter()
            .find(|extension| extension.uri == uri)
    }
}

/// Whether the formats of an m-line with this protocol are payload types (RFC 8866 §5.14).
pub(crate) fn is_rtp(protocol: &str) -> bool {
    protocol
        .split('/')
        .any(|part| part.eq_ignore_ascii_case("RTP"))
}

/// The media type of an m-line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaKind {
    /// `audio`
    Audio,
    /// `video`
    Video,
    /// `application`: data channels.
    Application,
    /// Any other type, such as `message` or `text`. Never one of the above.
    Other(String),
}

impl MediaKind {
    pub(crate) fn parse(word: &str) -> Self {
        match word {
            "audio" => Self::Audio,
            "video" => Self::Video,
            "application" => Self::Application,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The media type as it is written in the m-line.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Application => "application",
            Self::Other(word) => word,
        }
    }
}
