//! A whole session description.

use std::fmt;

use crate::section::Section;
use crate::transport::Transport;

/// An offer or an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// The session id and the version of this description.
    pub origin: Origin,
    /// Whether the client that wrote this is an ICE lite agent (RFC 8445 §2.5).
    pub ice_lite: bool,
    /// Mids of the first BUNDLE group (RFC 9143), in the group's order and without duplicates. A
    /// mid that no section has is left out; without a group the list is empty.
    pub bundle: Vec<String>,
    /// Whether one- and two-byte header extensions may be mixed in one stream (RFC 8285 §4.1.2):
    /// true if the session level or every RTP section says so.
    pub extmap_allow_mixed: bool,
    /// The sections, in the order of their m-lines. Offer and answer use the same order.
    pub sections: Vec<Section>,
}

/// The `o=` line (RFC 8866 §5.2), which identifies a session and numbers its descriptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The session id: one word, kept as written. RFC 8866 asks for digits; any number of them and
    /// any other word is accepted.
    pub id: String,
    /// The version of the description. A number that does not fit into 64 bits counts as
    /// [`u64::MAX`]; a missing or malformed one counts as 0.
    pub version: u64,
}

impl Default for Origin {
    fn default() -> Self {
        Self {
            id: "0".to_owned(),
            version: 0,
        }
    }
}

impl Description {
    /// Returns the description without the line numbers of its m-lines, as if it had not been
    /// parsed. With line numbers, two descriptions are equal only if their texts have the same
    /// layout.
    pub fn without_lines(mut self) -> Self {
        for section in &mut self.sections {
            section.line = 0;
        }
        self
    }

    /// Returns the section with this mid.
    pub fn section(&self, mid: &str) -> Option<&Section> {
        self.sections
            .iter()
            .find(|section| section.mid.as_deref() == Some(mid))
    }

    /// Returns the transport that all sections share: that of the BUNDLE group's first section
    /// (RFC 9143 §7.1.2) or, without a group, that of the first section that is not refused.
    pub fn transport(&self) -> Option<&Transport> {
        let tagged = self.bundle.first().and_then(|mid| self.section(mid));
        tagged
            .or_else(|| self.sections.iter().find(|section| !section.is_refused()))
            .map(|section| &section.transport)
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.write())
    }
}
