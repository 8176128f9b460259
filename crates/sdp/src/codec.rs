//! What the payload types and header extensions of a section mean.

use crate::line::number;
use crate::section::Direction;

/// A payload type with its meaning: `rtpmap`, `fmtp` and `rtcp-fb` (RFC 8866 §6.6, §6.15,
/// RFC 4585 §4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codec {
    /// The payload type, 0 to 127.
    pub payload_type: u8,
    /// The name of the encoding as the client spells it. Names are the same whatever their
    /// case: compare with [`Codec::is`].
    pub name: String,
    /// Ticks of the RTP clock a second; not 0.
    pub clock_rate: u32,
    /// Channels of sound, as written; `None` where the line has none. Not 0.
    pub channels: Option<u8>,
    /// The parameters (`fmtp`) as written; empty without. Several lines are joined by `;`.
    pub parameters: String,
    /// Feedback messages that the client understands, such as `nack pli`, without repetitions.
    /// Those for all payload types (`*`) come last.
    pub feedback: Vec<String>,
}

impl Codec {
    /// Whether this is the encoding `name`, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Returns the value of the parameter `name` (in any case), empty for a parameter without
    /// value; `None` where the parameters lack it.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.split(';').find_map(|parameter| {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let found = key.trim_ascii().eq_ignore_ascii_case(name);
            found.then(|| value.trim_ascii())
        })
    }

    /// Returns the payload type that this one sends again: the `apt` of an `rtx` (RFC 4588 §8.1);
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
    /// The identifier in packets, 1 to 255. Above 14 it needs two-byte headers.
    pub id: u8,
    /// The direction in which the extension is used, where the line limits it.
    pub direction: Option<Direction>,
    /// The URI that says what the extension is. Attributes after it are dropped.
    pub uri: String,
}
