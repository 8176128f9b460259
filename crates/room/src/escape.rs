//! Escapes any text to a name, for dialects that have no rules for names of rooms and participants.

use std::fmt::Write;

/// Writes each byte other than a letter, a digit, `-`, `_` and `.` as `~` and two hexadecimal
/// digits: `a/b` is `a~2Fb`. A text without such bytes stays as it is, unless URLs would resolve it
/// away: `.` is `~2E`.
pub(super) fn escaped(text: &str) -> String {
    let dots = matches!(text, "." | "..");
    let mut name = String::with_capacity(text.len());
    for (index, byte) in text.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if plain && !(dots && index == 0) {
            name.push(byte.into());
        } else {
            // Writing to a string does not fail.
            write!(name, "~{byte:02X}").unwrap_or_default();
        }
    }
    name
}

/// The first bytes of a name, and a number that stands for all of it.
pub(super) fn shortened(name: &str, kept: usize) -> String {
    // FNV-1a: no secret, and the same in every process.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let beginning = name.get(..kept).unwrap_or_default();
    format!("{beginning}~{hash:016x}")
}

/// The text that [`escaped`] turns into this name; `None` if there is none.
pub(super) fn unescaped(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((plain, escape)) = rest.split_once('~') {
        bytes.extend_from_slice(plain.as_bytes());
        let (digits, after) = escape.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after;
    }
    bytes.extend_from_slice(rest.as_bytes());
    let text = String::from_utf8(bytes).ok()?;
    // A name with lower-case digits, or with an escape that is not needed, was not made by
    // `escaped`.
    (escaped(&text) == name).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_without_need_of_escaping_is_unchanged() {
        for text in ["", "garden", "a.b_c-9", "..."] {
            assert_eq!(escaped(text), text);
        }
    }

    #[test]
    fn other_bytes_are_escaped_one_by_one() {
        for (text, name) in [
            ("a/b", "a~2Fb"),
            ("a~b", "a~7Eb"),
            ("*#[?", "~2A~23~5B~3F"),
            ("k\u{e4}se", "k~C3~A4se"),
            (".", "~2E"),
            ("..", "~2E."),
        ] {
            assert_eq!(escaped(text), name);
            assert_eq!(unescaped(name).as_deref(), Some(text));
        }
    }

    #[test]
    fn names_not_made_by_escaping_have_no_text() {
        for name in [
            "a~", "a~2", "a~zz", "a~2f", "a~41", "~C3", "~+1", ".", "a~\u{e4}",
        ] {
            assert_eq!(unescaped(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_survives_escape_and_unescape(text in any::<String>()) {
            let name = escaped(&text);
            prop_assert_eq!(unescaped(&name), Some(text));
            prop_assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b)));
        }

        #[test]
        fn unescaping_any_name_does_not_panic(name in any::<String>()) {
            unescaped(&name);
        }
    }
}
