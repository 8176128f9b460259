//! Parses a description in one pass over its lines. The session level is complete where the first
//! section begins, so each section can inherit from it as soon as it ends.

mod attribute;
mod section_draft;
mod session;

use std::collections::BTreeSet;

use crate::description::Description;
use crate::error::{Error, Reason};
use crate::limits::{COPIED_BYTES_MAX, NAME_MAX, SECTIONS_MAX};
use crate::line::{Line, is_word};
use crate::section::Section;

use section_draft::SectionDraft;
use session::{Session, origin};

impl Description {
    /// Parses a description with LF or CRLF line ends. [The crate docs](crate) list what is
    /// refused; the error names the line.
    pub fn parse(text: &str) -> Result<Self, Error> {
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
