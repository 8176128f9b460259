//! A whole description.

use std::fmt;

use crate::error::Error;
use crate::section::Section;
use crate::transport::Transport;
use crate::{parse, write};

/// An offer or an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// Which session this describes, and in which version.
    pub origin: Origin,
    /// Whether the client that wrote this is an ICE lite agent (RFC 8445 §2.5).
    pub ice_lite: bool,
    /// Mids of the first BUNDLE group, in its order, none twice (RFC 9143). Only mids that a
    /// section has; empty without a group.
    pub bundle: Vec<String>,
    /// Whether one- and two-byte header extensions may be mixed in one stream (RFC 8285 §4.1.2):
    /// the session level or every section with RTP says so.
    pub extmap_allow_mixed: bool,
    /// The sections, in the order of their m-lines, which offer and answer share.
    pub sections: Vec<Section>,
}

/// The `o=` line (RFC 8866 §5.2): what identifies a session and counts its descriptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Identifier of the session, one word: digits, of any number.
    pub id: String,
    /// Version of the description. One too wide for 64 bits counts as the largest; 0 where the
    /// line has none.
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
    /// Reads a description, with either kind of line end. Fails as [the crate](crate) says; the
    /// error names the line.
    pub fn parse(text: &str) -> Result<Self, Error> {
        parse::description(text)
    }

    /// Writes the description with CRLF line ends. Everything stands in the sections, but what
    /// [`Description`] itself holds. Where a field of a section that was not parsed has a line
    /// break, the rest of that line is left out.
    pub fn write(&self) -> String {
        write::description(self)
    }

    /// The same description as if it had not been parsed: without the numbers of its m-lines.
    /// With them two descriptions are equal only in one layout.
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
    /// (RFC 9143 §7.1.2), or without a group that of the first section that is not refused.
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
