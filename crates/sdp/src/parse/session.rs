//! The session level: the lines above the first section.

use super::attribute;
use crate::codec::Extension;
use crate::description::Origin;
use crate::direction::Direction;
use crate::error::Reason;
use crate::limits::SECTIONS_MAX;
use crate::line::{is_word, number};
use crate::transport::Transport;

/// The session level: the lines above the first section.
#[derive(Default)]
pub(super) struct Session<'a> {
    pub(super) origin: Origin,
    pub(super) ice_lite: bool,
    /// The members of the first BUNDLE group, including those that no section has.
    pub(super) bundle: Option<Vec<&'a str>>,
    pub(super) extmap_allow_mixed: bool,
    // The fields below are for sections that lack their own.
    pub(super) direction: Option<Direction>,
    pub(super) transport: Transport,
    pub(super) extensions: Vec<Extension>,
}

impl<'a> Session<'a> {
    /// Reads an attribute of the session level.
    pub(super) fn attribute(&mut self, name: &str, value: &'a str) -> Result<(), Reason> {
        match name {
            "ice-lite" => self.ice_lite = true,
            "extmap-allow-mixed" => self.extmap_allow_mixed = true,
            "group" => {
                let mut words = value.split_ascii_whitespace();
                if words.next() == Some("BUNDLE") && self.bundle.is_none() {
                    // Of more members than sections, the rest have no section or are duplicates.
                    self.bundle = Some(words.take(SECTIONS_MAX).collect());
                }
            }
            "extmap" => attribute::extension(&mut self.extensions, value),
            _ => {
                if let Some(direction) = Direction::parse(name) {
                    self.direction = Some(direction);
                } else {
                    self.transport.read(name, value)?;
                }
            }
        }
        Ok(())
    }
}

/// Parses `- 4611731400430051336 2 IN IP4 127.0.0.1`. Nothing depends on the origin, so malformed
/// parts fall back to the default.
pub(super) fn origin(value: &str) -> Origin {
    let mut words = value.split_ascii_whitespace().skip(1);
    let default = Origin::default();
    let digits = |word: &&str| word.bytes().all(|b| b.is_ascii_digit());
    Origin {
        id: words
            .next()
            .filter(|id| is_word(id))
            .map_or(default.id, str::to_owned),
        version: words
            .next()
            .filter(digits)
            .map_or(default.version, |word| number(word).unwrap_or(u64::MAX)),
    }
}
