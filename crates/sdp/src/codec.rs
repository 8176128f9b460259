//! Codecs and RTP header extensions of a section.

use crate::direction::Direction;
use crate::line::number;

/// A payload type and its codec: `rtpmap`, `fmtp` and `rtcp-fb` (RFC 8866 §6.6, §6.15, RFC 4585
/// §4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codec {
    /// The payload type, 0 to 127.
    pub payload_type: u8,
    /// The encoding name as the client spells it. Names are case-insensitive: compare with
    /// [`Codec::is`].
    pub name: String,
    /// The RTP clock rate in hertz; never 0.
    pub clock_rate: u32,
    /// The number of audio channels as written; `None` if the `rtpmap` has none. Never 0.
    pub channels: Option<u8>,
    /// The format parameters (`fmtp`) as written; empty if there are none. Several `fmtp` lines
    /// are joined with `;`.
    pub parameters: String,
    /// Feedback messages that the client understands, such as `nack pli`, without duplicates.
    /// Those for all payload types (`*`) come last.
    pub feedback: Vec<String>,
}

impl Codec {
    /// Whether the encoding name is `name`, ignoring case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Returns the value of the parameter `name`, ignoring the case of the name. The value of a
    /// parameter without `=` is empty; `None` means that there is no such parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.split(';').find_map(|parameter| {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let found = key.trim_ascii().eq_ignore_ascii_case(name);
            found.then(|| value.trim_ascii())
        })
    }

    /// Returns the payload type that this one retransmits: the `apt` of an `rtx` (RFC 4588 §8.1).
    /// `None` for any other encoding.
    pub fn repeats(&self) -> Option<u8> {
        let apt = self.parameter("apt").filter(|_| self.is("rtx"));
        apt.and_then(number)
    }

    /// Whether the client understands the feedback message, such as `nack` or `nack pli`.
    pub fn has_feedback(&self, message: &str) -> bool {
        self.feedback.iter().any(|feedback| feedback == message)
    }
}

/// A header extension: `extmap` (RFC 8285 §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// The identifier in packets, 1 to 255. Identifiers above 14 need two-byte headers.
    pub id: u8,
    /// The direction in which the extension is used; `None` if the line does not restrict it.
    pub direction: Option<Direction>,
    /// The URI that identifies the extension. Extension attributes after it are dropped.
    pub uri: String,
}
