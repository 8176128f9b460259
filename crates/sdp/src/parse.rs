//! Parses a description in one pass over its lines. The session level is complete where the first
//! section begins, so each section can inherit from it as soon as it ends.

mod attribute;
mod section_draft;

use std::collections::BTreeSet;

use crate::codec::Extension;
use crate::description::{Description, Origin};
use crate::error::{Error, Reason};
use crate::limits::{COPIED_BYTES_MAX, NAME_MAX, SECTIONS_MAX};
use crate::line::{Line, is_word, number};
use crate::section::{Direction, Section};
use crate::transport::Transport;

use section_draft::SectionDraft;

/// Parses a description. See [`Description::parse`].
pub(crate) fn description(text: &str) -> Result<Description, Error> {
    let mut lines = Line::all(text);
    let first = lines.next().transpose()?;
    let Some(first) = first else {
        return Err(Error::new(1, "", Reason::NoVersion));
    };
    if (first.letter, first.value) != ("v", "0") {
        return Err(first.error(Reason::NoVersion));
    }
    let mut parser = Parser::default();
    for line in lines {
        parser.read(line?)?;
    }
    parser.finish()
}

/// The state of the pass over the lines.
#[derive(Default)]
struct Parser<'a> {
    session: Session<'a>,
    /// The section that the next attribute belongs to.
    open: Option<SectionDraft<'a>>,
    sections: Vec<Section>,
    mids: BTreeSet<&'a str>,
    /// Bytes copied into sections and codecs, bounded by [`COPIED_BYTES_MAX`].
    copied: usize,
    /// Sections with RTP, and those of them with `extmap-allow-mixed`.
    rtp_sections: usize,
    mixed_sections: usize,
}

/// The session level: the lines above the first section.
#[derive(Default)]
struct Session<'a> {
    origin: Origin,
    ice_lite: bool,
    /// The members of the first BUNDLE group, including those that no section has.
    bundle: Option<Vec<&'a str>>,
    extmap_allow_mixed: bool,
    // The fields below are for sections that lack their own.
    direction: Option<Direction>,
    transport: Transport,
    extensions: Vec<Extension>,
}

impl<'a> Parser<'a> {
    fn read(&mut self, line: Line<'a>) -> Result<(), Error> {
        match line.letter {
            "m" => {
                self.close_section()?;
                if self.sections.len() == SECTIONS_MAX {
                    return Err(line.error(Reason::TooManySections));
                }
                self.open = Some(SectionDraft::begin(line).map_err(|reason| line.error(reason))?);
                Ok(())
            }
            "a" => self.attribute(&line).map_err(|reason| line.error(reason)),
            "o" if self.open.is_none() => {
                self.session.origin = origin(line.value);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn attribute(&mut self, line: &Line<'a>) -> Result<(), Reason> {
        let (name, value) = line.attribute();
        let Some(section) = &mut self.open else {
            return self.session.attribute(name, value);
        };
        if name != "mid" {
            return section.attribute(line, name, value);
        }
        if !is_word(value) || value.len() > NAME_MAX {
            return Err(Reason::Mid);
        }
        // The first mid of a section counts; further ones are ignored.
        if section.section.mid.is_none() {
            if !self.mids.insert(value) {
                return Err(Reason::DuplicateMid);
            }
            section.section.mid = Some(value.to_owned());
        }
        Ok(())
    }

    /// Completes the open section, if there is one.
    fn close_section(&mut self) -> Result<(), Error> {
        let Some(draft) = self.open.take() else {
            return Ok(());
        };
        let line = draft.line;
        self.rtp_sections += usize::from(draft.is_rtp);
        self.mixed_sections += usize::from(draft.is_rtp && draft.extmap_allow_mixed);
        let section = draft.close(&self.session, &mut self.copied);
        if self.copied > COPIED_BYTES_MAX {
            return Err(line.error(Reason::TooMuchCopied));
        }
        self.sections.push(section);
        Ok(())
    }

    fn finish(mut self) -> Result<Description, Error> {
        self.close_section()?;
        // RFC 9143 §7.2: a member that no section has is ignored. Taking each mid out of the set
        // also drops duplicates.
        let mut mids = self.mids;
        let bundle = self.session.bundle.unwrap_or_default();
        let every_section_mixes = self.rtp_sections > 0 && self.rtp_sections == self.mixed_sections;
        Ok(Description {
            origin: self.session.origin,
            ice_lite: self.session.ice_lite,
            bundle: bundle
                .into_iter()
                .filter(|mid| mids.remove(mid))
                .map(str::to_owned)
                .collect(),
            extmap_allow_mixed: self.session.extmap_allow_mixed || every_section_mixes,
            sections: self.sections,
        })
    }
}

impl<'a> Session<'a> {
    fn attribute(&mut self, name: &str, value: &'a str) -> Result<(), Reason> {
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
fn origin(value: &str) -> Origin {
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
