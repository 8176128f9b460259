use std::fmt;
use std::sync::Arc;

use thiserror::Error;

/// The longest stream name, in bytes.
pub const STREAM_NAME_MAX: usize = 128;

/// The name of a stream, as it stands in URLs behind `/whip/`, `/whep/` and `/watch/`.
///
/// One or two segments of letters, digits, `-`, `_`, `.` and `~` (the unreserved
/// characters of RFC 3986 §2.3), joined by `/`, so that a name needs no escaping in a URL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamName(Arc<str>);

/// Why a text is not a stream name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum StreamNameError {
    /// No characters, or a segment that is empty, `.` or `..`.
    #[error("a stream name needs at least one character on each side of '/'")]
    Empty,
    /// More than [`STREAM_NAME_MAX`] bytes.
    #[error("a stream name has at most {STREAM_NAME_MAX} characters")]
    TooLong,
    /// More than two segments.
    #[error("a stream name has at most one '/'")]
    TooDeep,
    /// A character that a URL would have to escape.
    #[error("a stream name takes letters, digits, '-', '_', '.' and '~', not {0:?}")]
    Character(char),
}

impl StreamName {
    /// Checks a name.
    pub fn new(name: &str) -> Result<Self, StreamNameError> {
        if name.len() > STREAM_NAME_MAX {
            return Err(StreamNameError::TooLong);
        }
        if name.split('/').count() > 2 {
            return Err(StreamNameError::TooDeep);
        }
        // "." and ".." would be resolved away by every URL library.
        if name.split('/').any(|s| matches!(s, "" | "." | "..")) {
            return Err(StreamNameError::Empty);
        }
        let odd =
            |c: &char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.' | '~' | '/');
        match name.chars().find(odd) {
            Some(c) => Err(StreamNameError::Character(c)),
            None => Ok(Self(name.into())),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_need_of_escaping_are_accepted() {
        for name in ["live", "room/camera-1", "a.b_c~d", "9"] {
            assert_eq!(
                StreamName::new(name).map(|n| n.to_string()),
                Ok(name.to_owned())
            );
        }
    }

    #[test]
    fn invalid_names_are_refused_with_the_reason() {
        use StreamNameError::*;
        for (name, why) in [
            ("", Empty),
            ("a/", Empty),
            ("..", Empty),
            ("a/b/c", TooDeep),
            ("caf\u{e9}", Character('\u{e9}')),
            ("a b", Character(' ')),
        ] {
            assert_eq!(StreamName::new(name), Err(why), "{name:?}");
        }
        assert_eq!(StreamName::new(&"x".repeat(129)), Err(TooLong));
    }
}
