//! Fragments of trickle ICE.

use sdp::limits::CANDIDATES_MAX;
use sdp::{Fragment, Reason};

const CANDIDATE: &str = "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host\r\n";

#[test]
fn browser_fragment_is_parsed() {
    let text = format!(
        "a=group:BUNDLE 0 1\r\na=ice-options:trickle\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n\
         a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWC0001\r\n{CANDIDATE}\
         a=end-of-candidates\r\nm=video 9 RTP/AVP 0\r\na=mid:1\r\n{CANDIDATE}"
    );
    let fragment = Fragment::parse(&text).unwrap();
    assert_eq!(fragment.ice_ufrag.as_deref(), Some("EsAw"));
    let pwd = fragment.ice_pwd.as_deref();
    assert_eq!(pwd, Some("P2uYro0UCOQ4zxjKXaWC0001"));
    assert_eq!(fragment.ice_options, ["trickle"]);
    assert!(!fragment.end_of_candidates);
    let [audio, video] = fragment.sections.as_slice() else {
        panic!("two sections")
    };
    assert_eq!(audio.mid.as_deref(), Some("0"));
    assert_eq!((audio.candidates.len(), audio.end_of_candidates), (1, true));
    assert_eq!(video.mid.as_deref(), Some("1"));
    assert_eq!(
        (video.candidates.len(), video.end_of_candidates),
        (1, false)
    );
    assert_eq!(fragment.candidates().count(), 2);
    assert_eq!(Fragment::parse(&fragment.write()), Ok(fragment));
}

#[test]
fn fragment_without_media_line_is_parsed() {
    let fragment = Fragment::parse(&format!("{CANDIDATE}a=end-of-candidates\n")).unwrap();
    assert_eq!(fragment.candidates().count(), 1);
    assert_eq!(fragment.sections.first().unwrap().mid, None);
    assert!(fragment.end_of_candidates);
    assert_eq!(Fragment::parse(&fragment.write()), Ok(fragment));
}

#[test]
fn malformed_fragment_line_is_refused() {
    for (line, reason) in [
        ("hello", Reason::NotSdp),
        ("a=ice-ufrag:abc", Reason::IceUfragTooShort),
        ("a=ice-ufrag:ab cd", Reason::IceUfrag),
        ("a=ice-pwd:short", Reason::IcePwdTooShort),
        ("a=ice-pwd:", Reason::IcePwd),
        ("a=mid:", Reason::Mid),
        ("m=audio nine UDP/TLS/RTP/SAVPF 0", Reason::Port),
        ("m=audio 9/x UDP/TLS/RTP/SAVPF 0", Reason::Port),
        ("m=audio 9", Reason::MediaLine),
        ("m=audio", Reason::MediaLine),
        (
            "a=candidate:1 1 udp 1 nowhere! 9 typ host",
            Reason::Candidate(sdp::CandidatePart::Address),
        ),
    ] {
        let text = format!("m=audio 9 RTP/AVP 0\r\n{line}\r\n{CANDIDATE}");
        let error = Fragment::parse(&text).unwrap_err();
        assert_eq!((error.line, error.reason), (2, reason), "{line}");
        let is_credential = line.starts_with("a=ice-");
        let quote = match line.split_once(':').filter(|_| is_credential) {
            Some((name, _)) => format!("{name}:..."),
            None => line.to_owned(),
        };
        let begin = format!("line 2 (`{quote}`): ");
        assert!(error.to_string().starts_with(&begin), "{error}");
    }
}

#[test]
fn empty_fragment_is_refused() {
    for text in [
        "",
        "\r\n",
        "m=audio 9 RTP/AVP 0\r\na=mid:0\r\n",
        "a=ice-lite\r\n",
    ] {
        let error = Fragment::parse(text).unwrap_err();
        assert_eq!(error.reason, Reason::Empty, "{text}");
    }
}

#[test]
fn fragment_with_too_many_candidates_is_refused() {
    assert!(Fragment::parse(&CANDIDATE.repeat(CANDIDATES_MAX)).is_ok());
    let error = Fragment::parse(&CANDIDATE.repeat(CANDIDATES_MAX + 1)).unwrap_err();
    let reason = Reason::TooManyCandidates;
    assert_eq!((error.line, error.reason), (CANDIDATES_MAX + 1, reason));
}
