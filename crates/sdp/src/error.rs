//! Why a description is refused, in words for the log and the client.

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
    /// Line number, counted from 1 over all lines of the text, empty ones included.
    pub line: usize,
    /// The beginning of the line: at most [`QUOTE_MAX`] characters, unprintable ones escaped. For
    /// ICE credentials it is only the attribute name.
    pub text: String,
    /// What is wrong with the line.
    pub reason: Reason,
}

impl Error {
    /// Refuses line number `line`, whose content is `text`.
    pub(crate) fn new(line: usize, text: &str, reason: Reason) -> Self {
        // Errors are logged, and ICE credentials must not end up in a log.
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
    #[error("a session description must begin with `v=0`")]
    NoVersion,
    /// The line is not a letter, `=` and a value.
    #[error("this is not a line of a session description")]
    NotSdp,
    /// The line has a control character, which could begin a new line in an answer.
    #[error("the line has a control character")]
    ControlCharacter,
    /// The description has more than [`LINES_MAX`] lines.
    #[error("the description has more than {LINES_MAX} lines")]
    TooManyLines,
    /// The description has more than [`SECTIONS_MAX`] sections.
    #[error("the description has more than {SECTIONS_MAX} m-lines")]
    TooManySections,
    /// Attributes that apply to several sections or codecs, and are copied to each, take more than
    /// [`COPIED_BYTES_MAX`] bytes.
    #[error(
        "the attributes that apply to all sections or codecs expand to more than {COPIED_BYTES_MAX} bytes"
    )]
    TooMuchCopied,
    /// The m-line lacks its media type, port, protocol or formats (RFC 8866 §5.14).
    #[error("an m-line needs a media type, a port, a protocol and at least one format")]
    MediaLine,
    /// The port of an m-line is not a number or is out of range.
    #[error("the port is not a number from 0 to 65535")]
    Port,
    /// The mid is empty, has spaces, or is longer than [`NAME_MAX`] bytes.
    #[error("a mid must be one word of 1 to {NAME_MAX} bytes")]
    Mid,
    /// Another section has the same mid (RFC 5888 §4).
    #[error("another m-line has the same mid")]
    DuplicateMid,
    /// The rid is longer than [`NAME_MAX`] bytes.
    #[error("a rid must not be longer than {NAME_MAX} bytes")]
    Rid,
    /// The ICE username fragment is malformed (RFC 8839 §5.4).
    #[error("an ICE username fragment must be one word of at most {ICE_CREDENTIAL_MAX} characters")]
    IceUfrag,
    /// The ICE password is malformed (RFC 8839 §5.4).
    #[error("an ICE password must be one word of at most {ICE_CREDENTIAL_MAX} characters")]
    IcePwd,
    /// The ICE username fragment in a trickle fragment is shorter than RFC 8839 §5.4 allows.
    #[error("an ICE username fragment must have at least 4 characters")]
    IceUfragTooShort,
    /// The ICE password in a trickle fragment is shorter than RFC 8839 §5.4 allows.
    #[error("an ICE password must have at least 22 characters")]
    IcePwdTooShort,
    /// The fingerprint is malformed (RFC 8122 §5).
    #[error(
        "a fingerprint must be a hash name and at most {FINGERPRINT_BYTES_MAX} hexadecimal bytes separated by colons"
    )]
    Fingerprint,
    /// The fingerprint does not have as many bytes as its hash algorithm produces.
    #[error("the length of the fingerprint does not match its hash algorithm")]
    FingerprintLength,
    /// The DTLS role is unknown (RFC 4145 §4).
    #[error("setup must be active, passive, actpass or holdconn")]
    Setup,
    /// The SCTP port is not a number or is out of range (RFC 8841 §5).
    #[error("the SCTP port is not a number from 0 to 65535")]
    SctpPort,
    /// A part of an ICE candidate is missing or malformed (RFC 8839 §5.1).
    #[error("the candidate's {0} is missing or malformed")]
    Candidate(CandidatePart),
    /// The fragment has more than [`CANDIDATES_MAX`] candidates.
    #[error("the fragment has more than {CANDIDATES_MAX} candidates")]
    TooManyCandidates,
    /// The fragment has no credentials, no candidates and no end of candidates.
    #[error("the fragment has neither a=ice-ufrag nor a=candidate nor a=end-of-candidates")]
    Empty,
}

impl Reason {
    /// Whether the line holds an ICE username fragment or password.
    fn is_of_credentials(self) -> bool {
        matches!(
            self,
            Self::IceUfrag | Self::IcePwd | Self::IceUfragTooShort | Self::IcePwdTooShort
        )
    }
}

/// The parts of an ICE candidate that are validated.
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
    /// The type: `typ` followed by `host`, `srflx`, `prflx` or `relay`.
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

/// The beginning of a line in a form that is safe to log: on one line, printable, at most
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
