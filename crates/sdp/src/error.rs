//! Why a text is no description, in words for the log and the client.

use std::fmt;

use thiserror::Error as ThisError;

use crate::limits::{
    CANDIDATES_MAX, COPIED_BYTES_MAX, FINGERPRINT_BYTES_MAX, ICE_CREDENTIAL_MAX, LINES_MAX,
    NAME_MAX, QUOTE_MAX, SECTIONS_MAX,
};

/// Why a description or a fragment is refused, and for which line.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[error("line {line} (`{text}`): {reason}")]
pub struct Error {
    /// Number of the line, counted from 1 over all lines of the text, empty ones included.
    pub line: usize,
    /// Begin of the line: at most [`QUOTE_MAX`] characters, unprintable ones escaped. Of ICE
    /// credentials only the attribute's name.
    pub text: String,
    /// What is wrong with the line.
    pub reason: Reason,
}

impl Error {
    /// Refuses line number `line`, which reads `text`.
    pub(crate) fn new(line: usize, text: &str, reason: Reason) -> Self {
        // Errors are logged, and a password is none of the log's business.
        let text = match (reason.is_of_credentials(), text.split_once(':')) {
            (true, Some((name, _))) => format!("{}:...", quoted(name)),
            _ => quoted(text),
        };
        Self { line, text, reason }
    }
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Reason {
    /// The first line is not `v=0` (RFC 8866 §5.1).
    #[error("a session description begins with `v=0`")]
    NoVersion,
    /// The line is not a letter, `=` and a value.
    #[error("this is not a line of a session description")]
    NotSdp,
    /// The line has a control character, which could become a line of its own in an answer.
    #[error("the line has a control character")]
    ControlCharacter,
    /// The description has more than [`LINES_MAX`] lines.
    #[error("the description has more than {LINES_MAX} lines")]
    TooManyLines,
    /// The description has more than [`SECTIONS_MAX`] sections.
    #[error("the description has more than {SECTIONS_MAX} m-lines")]
    TooManySections,
    /// Lines that hold for several places need more than [`COPIED_BYTES_MAX`].
    #[error(
        "what the description says for all its sections and codecs takes more than {COPIED_BYTES_MAX} bytes"
    )]
    TooMuchCopied,
    /// The m-line lacks its kind, port, protocol or formats (RFC 8866 §5.14).
    #[error("an m-line has a kind, a port, a protocol and at least one format")]
    MediaLine,
    /// The port of an m-line is no number or out of range.
    #[error("the port is not a number from 0 to 65535")]
    Port,
    /// The mid is empty, has spaces, or is longer than [`NAME_MAX`].
    #[error("a mid is one word of 1 to {NAME_MAX} bytes")]
    Mid,
    /// Another section has the same mid (RFC 5888 §4).
    #[error("another m-line has the same mid")]
    DuplicateMid,
    /// The rid is longer than [`NAME_MAX`].
    #[error("a rid has at most {NAME_MAX} bytes")]
    Rid,
    /// The ICE user name fragment is malformed (RFC 8839 §5.4).
    #[error("an ICE user name fragment is one word of at most {ICE_CREDENTIAL_MAX} characters")]
    IceUfrag,
    /// The ICE password is malformed (RFC 8839 §5.4).
    #[error("an ICE password is one word of at most {ICE_CREDENTIAL_MAX} characters")]
    IcePwd,
    /// The ICE user name fragment of a fragment is shorter than RFC 8839 §5.4 allows.
    #[error("an ICE user name fragment has at least 4 characters")]
    IceUfragTooShort,
    /// The ICE password of a fragment is shorter than RFC 8839 §5.4 allows.
    #[error("an ICE password has at least 22 characters")]
    IcePwdTooShort,
    /// The fingerprint is malformed (RFC 8122 §5).
    #[error(
        "a fingerprint is the name of a hash and its bytes in hexadecimal with colons between, at most {FINGERPRINT_BYTES_MAX}"
    )]
    Fingerprint,
    /// The fingerprint has not as many bytes as its hash gives.
    #[error("the fingerprint has not the length of its hash")]
    FingerprintLength,
    /// The role of the DTLS handshake is unknown (RFC 4145 §4).
    #[error("setup is one of active, passive, actpass and holdconn")]
    Setup,
    /// The SCTP port is no number or out of range (RFC 8841 §5).
    #[error("the SCTP port is not a number from 0 to 65535")]
    SctpPort,
    /// A part of an ICE candidate is missing or malformed (RFC 8839 §5.1).
    #[error("the candidate's {0} is missing or malformed")]
    Candidate(CandidatePart),
    /// The fragment has more than [`CANDIDATES_MAX`] candidates.
    #[error("the fragment has more than {CANDIDATES_MAX} candidates")]
    TooManyCandidates,
    /// The fragment has neither credentials nor candidates nor an end of candidates.
    #[error("the fragment has neither a=ice-ufrag nor a=candidate nor a=end-of-candidates")]
    Empty,
}

impl Reason {
    /// Whether the line has an ICE user name fragment or password.
    fn is_of_credentials(self) -> bool {
        matches!(
            self,
            Self::IceUfrag | Self::IcePwd | Self::IceUfragTooShort | Self::IcePwdTooShort
        )
    }
}

/// The parts of an ICE candidate that must be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CandidatePart {
    /// The foundation: 1 to 32 characters, after `candidate:`.
    Foundation,
    /// The component: 1 to 256.
    Component,
    /// The transport protocol.
    Protocol,
    /// The priority: 0 to 2^32 - 1.
    Priority,
    /// The address: IPv4, IPv6 or a host name.
    Address,
    /// The port: 0 to 65535.
    Port,
    /// The type: `typ` and `host`, `srflx`, `prflx` or `relay`.
    Kind,
}

impl fmt::Display for CandidatePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Foundation => "foundation",
            Self::Component => "component",
            Self::Protocol => "transport protocol",
            Self::Priority => "priority",
            Self::Address => "address",
            Self::Port => "port",
            Self::Kind => "type",
        })
    }
}

/// Begin of a line as it may stand in a log: on one line, printable, not longer than
/// [`QUOTE_MAX`] characters before escaping.
fn quoted(text: &str) -> String {
    let mut chars = text.chars();
    let mut quote = String::new();
    for char in chars.by_ref().take(QUOTE_MAX) {
        if char == ' ' || char.is_ascii_graphic() {
            quote.push(char);
        } else {
            quote.extend(char.escape_debug());
        }
    }
    if chars.next().is_some() {
        quote.push_str("...");
    }
    quote
}
