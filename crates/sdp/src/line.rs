//! The lines of an SDP text, and the words and numbers in them.

use std::str::{FromStr, SplitAsciiWhitespace};

use crate::error::{Error, Reason};
use crate::limits::LINES_MAX;

/// One line: a letter, `=` and a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// Counted from 1, empty lines included.
    pub(crate) number: usize,
    /// The whole line without surrounding white space.
    pub(crate) text: &'a str,
    pub(crate) letter: &'a str,
    /// The text after `=`, without surrounding white space.
    pub(crate) value: &'a str,
}

impl<'a> Line<'a> {
    /// Iterates over the lines that are not empty. The first line beyond [`LINES_MAX`], empty or
    /// not, is an error.
    pub(crate) fn all(text: &'a str) -> impl Iterator<Item = Result<Self, Error>> {
        text.lines()
            .enumerate()
            .map(|(index, text)| (index + 1, text.trim_ascii()))
            .filter(|(number, text)| !text.is_empty() || *number > LINES_MAX)
            .map(|(number, text)| Self::parse(number, text))
    }

    fn parse(number: usize, text: &'a str) -> Result<Self, Error> {
        if number > LINES_MAX {
            return Err(Error::new(number, text, Reason::TooManyLines));
        }
        let Some((letter, value)) = text.split_once('=').filter(|(letter, _)| letter.len() == 1)
        else {
            return Err(Error::new(number, text, Reason::NotSdp));
        };
        // Other lines are dropped, so their control characters cannot reach an answer.
        let kept = matches!(letter, "a" | "m" | "o");
        if kept && value.bytes().any(|b| b.is_ascii_control() && b != b'\t') {
            return Err(Error::new(number, text, Reason::ControlCharacter));
        }
        Ok(Self {
            number,
            text,
            letter,
            value: value.trim_ascii(),
        })
    }

    /// Splits an attribute into name and value; the value of a flag is empty.
    pub(crate) fn attribute(&self) -> (&'a str, &'a str) {
        match self.value.split_once(':') {
            Some((name, value)) => (name.trim_ascii_end(), value.trim_ascii()),
            None => (self.value, ""),
        }
    }

    /// An error that refuses this line.
    pub(crate) fn error(&self, reason: Reason) -> Error {
        Error::new(self.number, self.text, reason)
    }
}

/// An m-line (RFC 8866 §5.14): `video 9 UDP/TLS/RTP/SAVPF 96 97`.
pub(crate) struct MediaLine<'a> {
    pub(crate) kind: &'a str,
    pub(crate) port: u16,
    pub(crate) protocol: &'a str,
    /// The formats; in a fragment there may be none.
    pub(crate) formats: SplitAsciiWhitespace<'a>,
}

impl<'a> MediaLine<'a> {
    /// Parses the value of an m-line. The port count after `/` must be a number; its value is
    /// ignored.
    pub(crate) fn parse(value: &'a str) -> Result<Self, Reason> {
        let mut words = value.split_ascii_whitespace();
        let (Some(kind), Some(port), Some(protocol)) = (words.next(), words.next(), words.next())
        else {
            return Err(Reason::MediaLine);
        };
        let (port, count) = port.split_once('/').unwrap_or((port, "1"));
        let ports = number(port).zip(number::<u16>(count));
        let (port, _) = ports.ok_or(Reason::Port)?;
        Ok(Self {
            kind,
            port,
            protocol,
            formats: words,
        })
    }
}

/// Splits `text` into its first word and the rest, without white space around the rest.
pub(crate) fn first_word(text: &str) -> (&str, &str) {
    match text.split_once([' ', '\t']) {
        Some((word, rest)) => (word, rest.trim_ascii()),
        None => (text, ""),
    }
}

/// Parses a number in decimal digits. Unlike `str::parse`, it accepts no sign.
pub(crate) fn number<T: FromStr>(text: &str) -> Option<T> {
    text.bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.parse().ok())?
}

/// Whether `text` is one word: not empty, and without white space or control characters.
pub(crate) fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}
