//! Named RTP streams (rids, RFC 8851), and simulcast layers made of them (RFC 8853).

use crate::limits::RIDS_MAX;
use crate::line::is_word;

/// A named RTP stream of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rid {
    /// The name, of up to [`NAME_MAX`](crate::limits::NAME_MAX) bytes.
    pub id: String,
    /// Whether the client that wrote the description sends or receives the stream.
    pub direction: RidDirection,
    /// Restrictions such as `max-width=1280`, as written; empty if there are none.
    pub parameters: String,
}

/// The direction of a [`Rid`], as seen by the client that wrote the description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RidDirection {
    /// `send`
    Send,
    /// `recv`
    Receive,
}

impl RidDirection {
    /// The direction as it is written in the description.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Receive => "recv",
        }
    }
}

/// The simulcast layers of a section in the client's order of preference, each named by the
/// [`Rid::id`] of its first alternative. Layers without a rid of that direction are dropped (RFC
/// 8853 §5.2); so is the `~` that marks a paused layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Simulcast {
    /// Layers that the client sends.
    pub send: Vec<String>,
    /// Layers that the client receives.
    pub receive: Vec<String>,
}

impl Simulcast {
    /// Parses `send 1;~2,3 recv 4`, and ` send rid=1;2` as Firefox before 60 wrote it.
    pub(crate) fn parse(value: &str) -> Self {
        let mut simulcast = Self::default();
        let mut words = value.split_ascii_whitespace();
        while let (Some(direction), Some(list)) = (words.next(), words.next()) {
            let layers = match direction {
                "send" => &mut simulcast.send,
                "recv" => &mut simulcast.receive,
                _ => continue,
            };
            *layers = list
                .strip_prefix("rid=")
                .unwrap_or(list)
                .split(';')
                .filter_map(|layer| layer.split(',').next())
                .map(|rid| rid.trim_start_matches('~'))
                .filter(|rid| is_rid(rid))
                .take(RIDS_MAX)
                .map(str::to_owned)
                .collect();
        }
        simulcast
    }

    /// Drops layers that no rid describes.
    pub(crate) fn keep_described(&mut self, rids: &[Rid]) {
        let described = |id: &str, direction| {
            rids.iter()
                .any(|rid| rid.id == id && rid.direction == direction)
        };
        self.send.retain(|id| described(id, RidDirection::Send));
        self.receive
            .retain(|id| described(id, RidDirection::Receive));
    }

    /// Whether there is no layer in either direction.
    pub(crate) fn is_empty(&self) -> bool {
        self.send.is_empty() && self.receive.is_empty()
    }
}

/// Whether `text` can name an RTP stream: one word without the characters that structure a list
/// of layers.
pub(crate) fn is_rid(text: &str) -> bool {
    is_word(text) && !text.contains([';', ',', '~', '='])
}
