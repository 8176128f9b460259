//! One section of a description: an m-line and the attributes below it.

use crate::codec::{Codec, Extension};
use crate::simulcast::{Rid, Simulcast};
use crate::sources::{Msid, Source, SourceGroup};
use crate::transport::Transport;

/// A section: one medium, or the data channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What the section carries.
    pub kind: MediaKind,
    /// The port; 0 refuses the section, or says [`bundle_only`](Self::bundle_only). The address
    /// that counts is that of the candidates.
    pub port: u16,
    /// The transport protocol as written, such as `UDP/TLS/RTP/SAVPF`.
    pub protocol: String,
    /// Number of the m-line in the text, counted from 1; 0 in a section that was not parsed.
    pub line: usize,
    /// Formats of the m-line that are no [`codecs`](Self::codecs): all of a section that is not
    /// RTP (`webrtc-datachannel`), and payload types that nothing describes.
    pub formats: Vec<String>,
    /// The name of the section, one word; `None` where the client gives none.
    pub mid: Option<String>,
    /// Where media flows, for the client that wrote the description.
    pub direction: Direction,
    /// Whether a section with port 0 is not refused, but connected only with its BUNDLE group
    /// (RFC 9143 §6). Never with another port.
    pub bundle_only: bool,
    /// How the section is connected.
    pub transport: Transport,
    /// Whether RTCP comes over the path of RTP (RFC 5761).
    pub rtcp_mux: bool,
    /// Whether RTCP packets may be of reduced size (RFC 5506).
    pub rtcp_rsize: bool,
    /// Payload types that the section describes, in the order of the m-line: the client's
    /// preference. Those of RFC 3551 for PCMU, PCMA and G.722 need no description.
    pub codecs: Vec<Codec>,
    /// RTP header extensions, no identifier twice.
    pub extensions: Vec<Extension>,
    /// The track that the client sends, and the streams that it is in.
    pub msids: Vec<Msid>,
    /// SSRCs that the client declares, none twice.
    pub sources: Vec<Source>,
    /// Groups of SSRCs. They may name SSRCs that [`sources`](Self::sources) lacks.
    pub source_groups: Vec<SourceGroup>,
    /// Named RTP streams, no name twice.
    pub rids: Vec<Rid>,
    /// Simulcast layers, if there are any.
    pub simulcast: Option<Simulcast>,
    /// The SCTP port of data channels; `None` where the client names none.
    pub sctp_port: Option<u16>,
    /// Bytes of the longest message that the client takes over a data channel; 0 = unlimited;
    /// `None`: 65,536 (RFC 8841 §6.1).
    pub max_message_size: Option<u64>,
}

impl Section {
    /// An empty section of the given kind for media: port 9, `UDP/TLS/RTP/SAVPF`, with RTCP on
    /// the path of RTP. Without codecs or formats it is not complete.
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

    /// Whether the section is refused, or no longer used: nothing flows in it.
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

    /// Returns the codec of a payload type.
    pub fn codec(&self, payload_type: u8) -> Option<&Codec> {
        self.codecs.iter().find(|c| c.payload_type == payload_type)
    }

    /// Returns the retransmission format of a payload type: `rtx` with its `apt` (RFC 4588
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

/// Whether an m-line with this protocol has payload types as formats (RFC 8866 §5.14).
pub(crate) fn is_rtp(protocol: &str) -> bool {
    protocol
        .split('/')
        .any(|part| part.eq_ignore_ascii_case("RTP"))
}

/// What a section carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaKind {
    /// `audio`
    Audio,
    /// `video`
    Video,
    /// `application`: data channels.
    Application,
    /// Another word, such as `message` or `text`. Never one of the above.
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

    /// The word in the m-line.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Application => "application",
            Self::Other(word) => word,
        }
    }
}

/// Where media flows, for the client that wrote the description (RFC 8866 §6.7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both ways. What a section without a direction means.
    #[default]
    SendRecv,
    /// The client sends.
    SendOnly,
    /// The client receives.
    RecvOnly,
    /// Nothing flows.
    Inactive,
}

impl Direction {
    pub(crate) fn parse(word: &str) -> Option<Self> {
        [
            Self::SendRecv,
            Self::SendOnly,
            Self::RecvOnly,
            Self::Inactive,
        ]
        .into_iter()
        .find(|direction| direction.as_str() == word)
    }

    /// The attribute in the description.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// The same flow as the other side describes it.
    pub fn reversed(self) -> Self {
        match self {
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            same => same,
        }
    }

    /// Whether the writer of the description sends.
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the writer of the description receives.
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}
