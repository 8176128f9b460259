//! `application/trickle-ice-sdpfrag` bodies (RFC 8840 §9), converted between the fragments of
//! [`sdp`] and the [`IceFragment`] of `broadcast`.

use model::IceFragment;
use sdp::fragment::{Fragment, FragmentSection};

/// The mid to write when a fragment names none: browsers give this mid to their first m-line.
const FIRST_MID: &str = "0";

/// Reads a fragment. With BUNDLE all m-lines share one transport, so the candidates of all sections
/// are merged and the result names no mid. Fails when a single line is malformed (RFC 9725 §4.3.1).
pub fn parse(text: &str) -> Result<IceFragment, sdp::Error> {
    let read = Fragment::parse(text)?;
    let ends = read
        .sections
        .iter()
        .any(|section| section.end_of_candidates);
    Ok(IceFragment {
        mid: None,
        candidates: read.candidates().map(str::to_owned).collect(),
        end_of_candidates: read.end_of_candidates || ends,
        ufrag: read.ice_ufrag,
        pwd: read.ice_pwd,
    })
}

/// Writes a fragment for the first m-line of the bundle. `ice_options` is the value of the answer's
/// `a=ice-options`, which applies to the new ICE session too (RFC 8840 §9); `None` when the answer
/// has none.
pub fn write(fragment: &IceFragment, ice_options: Option<&str>) -> String {
    let section = FragmentSection {
        mid: Some(fragment.mid.as_deref().unwrap_or(FIRST_MID).to_owned()),
        candidates: fragment.candidates.clone(),
        end_of_candidates: fragment.end_of_candidates,
    };
    let credentials = fragment.ufrag.clone().zip(fragment.pwd.clone());
    let (ice_ufrag, ice_pwd) = credentials.unzip();
    let ice_options = ice_options.unwrap_or_default().split_ascii_whitespace();
    let written = Fragment {
        ice_ufrag,
        ice_pwd,
        ice_options: ice_options.map(str::to_owned).collect(),
        sections: vec![section],
        end_of_candidates: false,
    };
    written.write()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browser_fragment_survives_write_and_read() {
        let text = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n\
                    a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host\r\na=end-of-candidates\r\n";
        let fragment = parse(text).expect("well formed");
        assert_eq!(fragment.ufrag.as_deref(), Some("EsAw"));
        assert_eq!(fragment.candidates.len(), 1);
        assert!(fragment.end_of_candidates);
        let written = write(&fragment, Some("trickle"));
        assert!(written.contains("a=ice-options:trickle\r\n"), "{written}");
        assert_eq!(parse(&written), Ok(fragment));
    }

    #[test]
    fn candidates_of_all_sections_are_merged() {
        let candidate = "a=candidate:1 1 udp 1 192.0.2.1 1 typ host\n";
        let media = "m=video 9 UDP/TLS/RTP/SAVPF 0\n";
        let text = format!("{candidate}{media}{candidate}{media}{candidate}a=end-of-candidates\n");
        let fragment = parse(&text).expect("well formed");
        assert_eq!(fragment.candidates.len(), 3);
        assert!(fragment.end_of_candidates);
    }

    #[test]
    fn refusal_names_the_line_but_no_password() {
        let text = "a=ice-ufrag:EsAw\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCB\n";
        let error = parse(text).expect_err("too short").to_string();
        assert!(error.starts_with("line 2 (`a=ice-pwd:...`)"), "{error}");
    }
}
