//! `application/trickle-ice-sdpfrag` (RFC 8840 §9).

use broadcast::IceFragment;
use thiserror::Error;

/// Candidates of one fragment; a client has a handful.
pub const CANDIDATES_MAX: usize = 64;

/// Why a text is no fragment.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FragmentError {
    /// A line that is neither `m=`, `a=` nor another SDP line.
    #[error("line {line} of the fragment is not an SDP line: {text:?}")]
    Line {
        /// Counted from one.
        line: usize,
        /// The line, cut short.
        text: String,
    },
    /// More than [`CANDIDATES_MAX`].
    #[error("the fragment has more than {CANDIDATES_MAX} candidates")]
    TooManyCandidates,
    /// Neither credentials nor candidates nor the end of candidates.
    #[error("the fragment has neither a=ice-ufrag nor a=candidate nor a=end-of-candidates")]
    Empty,
}

/// Reads a fragment. With BUNDLE all m-lines share one transport, so that candidates of
/// every section count alike.
pub fn parse(text: &str) -> Result<IceFragment, FragmentError> {
    let mut fragment = IceFragment::default();
    for (number, line) in text
        .lines()
        .map(str::trim)
        .enumerate()
        .filter(|(_, line)| !line.is_empty())
    {
        if line.as_bytes().get(1) != Some(&b'=') {
            return Err(FragmentError::Line {
                line: number + 1,
                text: line.chars().take(40).collect(),
            });
        }
        if let Some(ufrag) = line.strip_prefix("a=ice-ufrag:") {
            fragment.ufrag = Some(ufrag.to_owned());
        } else if let Some(pwd) = line.strip_prefix("a=ice-pwd:") {
            fragment.pwd = Some(pwd.to_owned());
        } else if line == "a=end-of-candidates" {
            fragment.end_of_candidates = true;
        } else if let Some(candidate) = line
            .strip_prefix("a=")
            .filter(|a| a.starts_with("candidate:"))
        {
            if fragment.candidates.len() == CANDIDATES_MAX {
                return Err(FragmentError::TooManyCandidates);
            }
            fragment.candidates.push(candidate.to_owned());
        }
    }
    if fragment == IceFragment::default() {
        return Err(FragmentError::Empty);
    }
    Ok(fragment)
}

/// Writes a fragment for the bundle's first m-line.
pub fn write(fragment: &IceFragment) -> String {
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(text);
        out.push_str("\r\n");
    };
    if let (Some(ufrag), Some(pwd)) = (&fragment.ufrag, &fragment.pwd) {
        line(&format!("a=ice-ufrag:{ufrag}"));
        line(&format!("a=ice-pwd:{pwd}"));
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
        assert_eq!(parse(&write(&fragment)), Ok(fragment));
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

    proptest! {
        #[test]
        fn no_text_is_a_panic(text in ".{0,200}") {
            parse(&text).ok();
        }
    }
}
