//! SDP fragments, which add candidates after the offer or restart ICE:
//! `application/trickle-ice-sdpfrag` (RFC 8840 §9), as WHIP and WHEP use them (RFC 9725 §4.3).
//!
//! ```text
//! a=group:BUNDLE 0 1                      ignored
//! a=ice-ufrag:EsAw                        credentials: above the first m-line, or below one
//! a=ice-pwd:P2uYro0UCOQ4zxjKXaWC0001
//! m=audio 9 UDP/TLS/RTP/SAVPF 0           only separates sections; formats may be missing
//! a=mid:0
//! a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host
//! a=end-of-candidates
//! ```

use crate::candidate::Candidate;
use crate::error::{Error, Reason};
use crate::limits::{CANDIDATES_MAX, NAME_MAX, SECTIONS_MAX};
use crate::line::{Line, MediaLine, is_word};
use crate::transport::{ice_credential, ice_options};
use crate::write::{Joined, Lines};

/// Minimum length of an ICE username fragment, in characters (RFC 8839 §5.4).
const ICE_UFRAG_MIN: usize = 4;

/// Minimum length of an ICE password, in characters (RFC 8839 §5.4).
const ICE_PWD_MIN: usize = 22;

/// A parsed fragment. It has at least one of credentials, candidates and an end of candidates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fragment {
    /// ICE username fragment: the current one, or a new one that restarts ICE.
    pub ice_ufrag: Option<String>,
    /// ICE password.
    pub ice_pwd: Option<String>,
    /// ICE options that the client supports, such as `trickle`.
    pub ice_options: Vec<String>,
    /// Candidates grouped by section. Candidates above the first m-line are in a first section
    /// without a mid.
    pub sections: Vec<FragmentSection>,
    /// Whether no more candidates will follow in any section.
    pub end_of_candidates: bool,
}

/// The candidates of one section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FragmentSection {
    /// The mid of the section that the candidates are for; `None` if the fragment names none.
    pub mid: Option<String>,
    /// Candidates as received, each beginning with `candidate:`. [`Candidate::parse`] accepts all
    /// of them.
    pub candidates: Vec<String>,
    /// Whether no more candidates will follow in this section.
    pub end_of_candidates: bool,
}

impl Fragment {
    /// Parses a fragment. As RFC 9725 §4.3.1 demands, it refuses malformed m-lines, credentials,
    /// mids and candidates. It also refuses more than [`CANDIDATES_MAX`] candidates or
    /// [`SECTIONS_MAX`] sections, and a fragment without credentials, candidates or an end of
    /// candidates. Other lines are ignored.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut fragment = Self::default();
        let mut candidates = 0;
        // Above the first m-line, `end-of-candidates` is for the whole fragment.
        let mut below_media_line = false;
        for line in Line::all(text) {
            let line = line?;
            let read = match line.letter {
                "m" => {
                    below_media_line = true;
                    fragment.begin_section(line.value)
                }
                "a" => fragment.attribute(&line, below_media_line, &mut candidates),
                _ => Ok(()),
            };
            read.map_err(|reason| line.error(reason))?;
        }
        // An m-line without a mid, candidates or an end of candidates carries no information.
        fragment
            .sections
            .retain(|section| *section != FragmentSection::default());
        let ends =
            fragment.end_of_candidates || fragment.sections.iter().any(|s| s.end_of_candidates);
        if fragment.ice_ufrag.is_none() && fragment.ice_pwd.is_none() && candidates == 0 && !ends {
            return Err(Error::new(
                1,
                text.lines().next().unwrap_or_default(),
                Reason::Empty,
            ));
        }
        Ok(fragment)
    }

    /// Writes the fragment with CRLF line ends.
    pub fn write(&self) -> String {
        let mut out = Lines::default();
        if let Some(ufrag) = &self.ice_ufrag {
            out.line(format_args!("a=ice-ufrag:{ufrag}"));
        }
        if let Some(pwd) = &self.ice_pwd {
            out.line(format_args!("a=ice-pwd:{pwd}"));
        }
        if !self.ice_options.is_empty() {
            out.line(format_args!(
                "a=ice-options:{}",
                Joined(&self.ice_options, " ")
            ));
        }
        if self.end_of_candidates {
            out.line(format_args!("a=end-of-candidates"));
        }
        for section in &self.sections {
            // RFC 8840 §9.2: a pseudo m-line, whose fields have no meaning.
            out.line(format_args!("m=audio 9 UDP/TLS/RTP/SAVPF 0"));
            if let Some(mid) = &section.mid {
                out.line(format_args!("a=mid:{mid}"));
            }
            for candidate in &section.candidates {
                out.line(format_args!("a={candidate}"));
            }
            if section.end_of_candidates {
                out.line(format_args!("a=end-of-candidates"));
            }
        }
        out.text
    }

    /// Returns the candidates of all sections: with BUNDLE all sections share one transport.
    pub fn candidates(&self) -> impl Iterator<Item = &str> {
        self.sections
            .iter()
            .flat_map(|section| section.candidates.iter().map(String::as_str))
    }

    fn begin_section(&mut self, media_line: &str) -> Result<(), Reason> {
        MediaLine::parse(media_line)?;
        if self.sections.len() == SECTIONS_MAX {
            return Err(Reason::TooManySections);
        }
        self.sections.push(FragmentSection::default());
        Ok(())
    }

    fn attribute(
        &mut self,
        line: &Line<'_>,
        below_media_line: bool,
        candidates: &mut usize,
    ) -> Result<(), Reason> {
        let (name, value) = line.attribute();
        match name {
            // Unlike a description, a fragment is held to the minimum lengths of credentials.
            "ice-ufrag" => {
                let ufrag = ice_credential(value).ok_or(Reason::IceUfrag)?;
                if ufrag.len() < ICE_UFRAG_MIN {
                    return Err(Reason::IceUfragTooShort);
                }
                self.ice_ufrag = Some(ufrag.to_owned());
            }
            "ice-pwd" => {
                let pwd = ice_credential(value).ok_or(Reason::IcePwd)?;
                if pwd.len() < ICE_PWD_MIN {
                    return Err(Reason::IcePwdTooShort);
                }
                self.ice_pwd = Some(pwd.to_owned());
            }
            "ice-options" => self.ice_options = ice_options(value),
            "mid" if !is_word(value) || value.len() > NAME_MAX => return Err(Reason::Mid),
            "mid" => self.section().mid = Some(value.to_owned()),
            "end-of-candidates" if below_media_line => self.section().end_of_candidates = true,
            "end-of-candidates" => self.end_of_candidates = true,
            "candidate" => {
                Candidate::parse(line.value)?;
                if *candidates == CANDIDATES_MAX {
                    return Err(Reason::TooManyCandidates);
                }
                *candidates += 1;
                self.section().candidates.push(line.value.to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    /// The section that the current line belongs to: the last one or, above the first m-line, a
    /// section without a mid.
    fn section(&mut self) -> &mut FragmentSection {
        if self.sections.is_empty() {
            self.sections.push(FragmentSection::default());
        }
        self.sections.last_mut().expect("a section was added")
    }
}
