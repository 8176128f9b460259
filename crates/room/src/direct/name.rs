use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use thiserror::Error;

/// The name of a room or a viewer. Two names are the same if their bytes are: case and spaces
/// count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NameError {
    /// No visible character.
    #[error("a name needs a character that is no space")]
    Blank,
    /// More bytes than [`Limits::name_bytes_max`](super::Limits::name_bytes_max).
    #[error("a name has at most {0} bytes")]
    TooLong(usize),
    /// One of `<`, `>`, `"`, `'`, `\` and `&`, or a control character.
    #[error("a name does not take {0:?}")]
    Character(char),
}

impl Name {
    /// Checks a name of at most `bytes_max` bytes. Spaces around it are kept.
    ///
    /// Pages in the field write names into HTML, and into scripts between quotes. A name that is
    /// more than text there would run in the pages of all other clients.
    pub fn new(text: &str, bytes_max: usize) -> Result<Self, NameError> {
        if text.len() > bytes_max {
            return Err(NameError::TooLong(bytes_max));
        }
        let odd = |c: &char| c.is_control() || matches!(c, '<' | '>' | '"' | '\'' | '\\' | '&');
        if let Some(c) = text.chars().find(odd) {
            return Err(NameError::Character(c));
        }
        // Pages trim names with JavaScript, which takes the byte order mark for a space, too.
        if text.chars().all(|c| c.is_whitespace() || c == '\u{feff}') {
            return Err(NameError::Blank);
        }
        Ok(Self(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_kept_as_given() {
        for name in ["cooking", " two words ", "caf\u{e9}", "__proto__", "9"] {
            let kept = Name::new(name, 64).map(|name| name.to_string());
            assert_eq!(kept, Ok(name.to_owned()));
        }
    }

    #[test]
    fn name_with_html_or_script_characters_is_refused() {
        for c in ['<', '>', '"', '\'', '\\', '&', '\n', '\u{0}', '\u{85}'] {
            let refused = Name::new(&format!("a{c}b"), 64);
            assert_eq!(refused, Err(NameError::Character(c)), "{c:?}");
        }
    }

    #[test]
    fn blank_name_is_refused() {
        for name in ["", " ", "\u{a0}\u{2003}", "\u{feff} "] {
            assert_eq!(Name::new(name, 64), Err(NameError::Blank), "{name:?}");
        }
    }

    #[test]
    fn name_up_to_the_byte_limit_is_accepted() {
        assert!(Name::new(&"x".repeat(64), 64).is_ok());
        assert_eq!(Name::new(&"x".repeat(65), 64), Err(NameError::TooLong(64)));
    }
}
