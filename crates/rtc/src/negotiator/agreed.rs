//! What both sides agreed on.

use ice::Credentials;
use rtp::Format;

use crate::index::LineIndex;
use crate::media::Media;
use crate::receiver::ReceivedSection;
use crate::sender::EncodingConfig;

/// The outcome of one offer and its answer.
#[derive(Debug)]
pub struct Agreed {
    /// The lines that this side may send on.
    pub lines: Vec<AgreedLine>,
    /// The set of sections that the remote sends on has changed.
    pub sends_otherwise: bool,
    /// All sections that the remote sends on.
    pub(crate) received: Vec<ReceivedSection>,
    /// Data channels were negotiated.
    pub(crate) channels: bool,
    /// The connection is bidirectional: [`Role::Unified`](crate::Role::Unified).
    pub(crate) unified: bool,
    /// The remote's transport if it is new: on the first agreement and after an ICE restart.
    pub(crate) remote: Option<Remote>,
}

impl Agreed {
    /// Returns the `a=mid` and the negotiated formats of each section that the remote sends on.
    pub fn received_formats(&self) -> Vec<(String, Vec<Format>)> {
        let formats = |section: &ReceivedSection| {
            let formats = section.types.iter().map(|of| of.format).collect();
            (section.mid.to_string(), formats)
        };
        self.received.iter().map(formats).collect()
    }
}

/// The transport of the remote, and the local credentials that go with it.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    pub(crate) local: Credentials,
    pub(crate) credentials: Credentials,
    pub(crate) fingerprints: Vec<sdp::Fingerprint>,
    /// This side's DTLS role.
    pub(crate) role: dtls::Role,
}

/// What was agreed about one line of this side.
#[derive(Debug)]
pub struct AgreedLine {
    /// Index of the line.
    pub index: LineIndex,
    pub(crate) media: Media,
    pub(crate) encoding: Option<EncodingConfig>,
}

impl AgreedLine {
    /// Whether this side may send media on the line.
    pub fn sends(&self) -> bool {
        self.encoding.is_some()
    }
}

/// An answer of this side, and its outcome.
#[derive(Debug)]
pub struct Answered {
    /// The answer as SDP.
    pub sdp: String,
    /// The outcome.
    pub agreed: Agreed,
}
