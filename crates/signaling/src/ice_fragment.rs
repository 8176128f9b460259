//! `application/trickle-ice-sdpfrag` (RFC 8840 §9).

use broadcast::IceFragment;
use thiserror::Error;

use crate::candidate::{self, CandidateError};

/// Candidates of one fragment; a client has a handful. More are refused.
pub const CANDIDATES_MAX: usize = 64;

/// Lengths of `a=ice-ufrag`, in ice-chars (RFC 8839 §5.4).
const UFRAG_CHARS: std::ops::RangeInclusive<usize> = 4..=256;

/// Lengths of `a=ice-pwd`, in ice-chars (RFC 8839 §5.4).
const PWD_CHARS: std::ops::RangeInclusive<usize> = 22..=256;

/// How much of a malformed line an error repeats, in characters.
const QUOTED_CHARS_MAX: usize = 40;

/// The reason why a text is no fragment. Lines are counted from one. Credentials are never
/// repeated, since errors are logged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FragmentError {
    /// A line that is neither `m=`, `a=` nor another SDP line.
    #[error("line {line} of the fragment is not an SDP line: {text:?}")]
    Line {
        /// Its number.
        line: usize,
        /// The line, cut short.
        text: String,
    },
    /// An m-line without media, port and protocol.
    #[error("line {line} of the fragment is not like `m=audio 9 UDP/TLS/RTP/SAVPF 0`: {text:?}")]
    Media {
        /// Its number.
        line: usize,
        /// The line, cut short.
        text: String,
    },
    /// `a=ice-ufrag` is too short, too long, or has characters other than ice-chars.
    #[error(
        "line {line} of the fragment: a=ice-ufrag has 4 to 256 letters, digits, `+` or `/` \
         (RFC 8839 §5.4)"
    )]
    Ufrag {
        /// Its number.
        line: usize,
    },
    /// `a=ice-pwd` is too short, too long, or has characters other than ice-chars.
    #[error(
        "line {line} of the fragment: a=ice-pwd has 22 to 256 letters, digits, `+` or `/` \
         (RFC 8839 §5.4)"
    )]
    Pwd {
        /// Its number.
        line: usize,
    },
    /// A candidate does not keep to the grammar.
    #[error("line {line} of the fragment is no candidate: {error} (RFC 8839 §5.1)")]
    Candidate {
        /// Its number.
        line: usize,
        /// The field that is malformed.
        error: CandidateError,
    },
    /// More than [`CANDIDATES_MAX`].
    #[error("the fragment has more than {CANDIDATES_MAX} candidates")]
    TooManyCandidates,
    /// Neither credentials nor candidates nor the end of candidates.
    #[error("the fragment has neither a=ice-ufrag nor a=candidate nor a=end-of-candidates")]
    Empty,
}

/// Reads a fragment. With BUNDLE all m-lines share one transport, so that candidates of
/// every section count alike. One malformed line refuses the whole (RFC 9725 §4.3.1).
pub fn parse(text: &str) -> Result<IceFragment, FragmentError> {
    let mut fragment = IceFragment::default();
    let lines = text.lines().map(str::trim).zip(1..);
    for (text, line) in lines.filter(|(text, _)| !text.is_empty()) {
        read_line(&mut fragment, text, line)?;
    }
    if fragment == IceFragment::default() {
        return Err(FragmentError::Empty);
    }
    Ok(fragment)
}

fn read_line(fragment: &mut IceFragment, text: &str, line: usize) -> Result<(), FragmentError> {
    let quoted = || text.chars().take(QUOTED_CHARS_MAX).collect();
    let (kind, value) = text.split_once('=').unwrap_or_default();
    if kind.len() != 1 || !kind.bytes().all(|kind| kind.is_ascii_lowercase()) {
        let text = quoted();
        return Err(FragmentError::Line { line, text });
    }
    match kind {
        "m" if !is_media(value) => {
            let text = quoted();
            Err(FragmentError::Media { line, text })
        }
        "a" => read_attribute(fragment, value, line),
        _ => Ok(()),
    }
}

fn read_attribute(
    fragment: &mut IceFragment,
    attribute: &str,
    line: usize,
) -> Result<(), FragmentError> {
    let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
    match name {
        "ice-ufrag" => {
            if !is_credential(value, UFRAG_CHARS) {
                return Err(FragmentError::Ufrag { line });
            }
            fragment.ufrag = Some(value.to_owned());
        }
        "ice-pwd" => {
            if !is_credential(value, PWD_CHARS) {
                return Err(FragmentError::Pwd { line });
            }
            fragment.pwd = Some(value.to_owned());
        }
        "candidate" => {
            candidate::check(value).map_err(|error| FragmentError::Candidate { line, error })?;
            if fragment.candidates.len() == CANDIDATES_MAX {
                return Err(FragmentError::TooManyCandidates);
            }
            fragment.candidates.push(attribute.to_owned());
        }
        "end-of-candidates" => fragment.end_of_candidates = true,
        _ => {}
    }
    Ok(())
}

/// Media, port and protocol of an m-line (RFC 8866 §5.14). Payload types are not asked for: the
/// m-line of a fragment only names a section.
fn is_media(value: &str) -> bool {
    let mut words = value.split_ascii_whitespace();
    let mut next = || words.next().unwrap_or_default();
    let (media, port, protocol) = (next(), next(), next());
    let (port, count) = port.split_once('/').unwrap_or((port, "1"));
    candidate::is_token(media)
        && candidate::is_port(port)
        && candidate::is_number(count)
        && !protocol.is_empty()
}

fn is_credential(value: &str, chars: std::ops::RangeInclusive<usize>) -> bool {
    chars.contains(&value.len()) && candidate::is_ice_chars(value)
}

/// Writes a fragment for the bundle's first m-line. `ice_options` is the value of the answer's
/// `a=ice-options`, which holds for the new ICE session, too (RFC 8840 §9); `None`: it had none.
pub fn write(fragment: &IceFragment, ice_options: Option<&str>) -> String {
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(text);
        out.push_str("\r\n");
    };
    if let (Some(ufrag), Some(pwd)) = (&fragment.ufrag, &fragment.pwd) {
        line(&format!("a=ice-ufrag:{ufrag}"));
        line(&format!("a=ice-pwd:{pwd}"));
    }
    if let Some(options) = ice_options {
        line(&format!("a=ice-options:{options}"));
    }
    // RFC 8840 §9: candidates stand below a pseudo m-line.
    line("m=audio 9 UDP/TLS/RTP/SAVPF 0");
    line(&format!("a=mid:{}", fragment.mid.as_deref().unwrap_or("0")));
    for candidate in &fragment.candidates {
        line(&format!("a={candidate}"));
    }
    if fragment.end_of_candidates {
        line("a=end-of-candidates");
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_browsers_fragment_is_read() {
        let text = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n\
                    a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host\r\na=end-of-candidates\r\n";
        let fragment = parse(text).expect("well formed");
        assert_eq!(fragment.ufrag.as_deref(), Some("EsAw"));
        assert_eq!(fragment.candidates.len(), 1);
        assert!(fragment.end_of_candidates);
        assert_eq!(parse(&write(&fragment, Some("trickle"))), Ok(fragment));
    }

    #[test]
    fn what_is_no_fragment_is_named() {
        assert_eq!(parse(""), Err(FragmentError::Empty));
        assert_eq!(
            parse("a=mid:0\nhello"),
            Err(FragmentError::Line {
                line: 2,
                text: "hello".into()
            })
        );
        let many = "a=candidate:1 1 udp 1 192.0.2.1 1 typ host\n".repeat(CANDIDATES_MAX + 1);
        assert_eq!(parse(&many), Err(FragmentError::TooManyCandidates));
    }

    #[test]
    fn malformed_line_refuses_the_fragment_by_number() {
        let good = "a=ice-ufrag:EsAw\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\n";
        let long = |name: &str| format!("a=ice-{name}:{}", "x".repeat(257));
        for bad in [
            "a=ice-ufrag:abc",
            "a=ice-ufrag:ab cd",
            "a=ice-ufrag",
            &long("ufrag"),
            "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCB",
            "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1-",
            &long("pwd"),
            "a=candidate:1 1 udp 1 192.0.2.1 typ host",
            "a=candidate",
            "m=audio nine UDP/TLS/RTP/SAVPF 0",
            "m=audio 9/x UDP/TLS/RTP/SAVPF 0",
            "m=audio 9",
            "1=2",
            "aa=b",
        ] {
            let error = parse(&format!("{good}\n{bad}\na=end-of-candidates")).expect_err(bad);
            let text = error.to_string();
            assert!(text.starts_with("line 4 of the fragment"), "{bad}: {text}");
            assert!(!text.contains("P2uYro"), "{text}");
        }
    }

    #[test]
    fn shortest_and_longest_credentials_are_read() {
        for (ufrag, pwd) in [(4, 22), (256, 256)] {
            let (ufrag, pwd) = ("u".repeat(ufrag), "p".repeat(pwd));
            let fragment = parse(&format!("a=ice-ufrag:{ufrag}\na=ice-pwd:{pwd}"));
            let fragment = fragment.expect("well formed");
            assert_eq!((fragment.ufrag, fragment.pwd), (Some(ufrag), Some(pwd)));
        }
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text in ".{0,200}") {
            parse(&text).ok();
        }
    }
}
