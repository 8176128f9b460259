//! Every limit: input at the limit is accepted, input beyond it is ignored or refused, as the
//! limit's documentation says.

use sdp::limits::*;
use sdp::{Description, Reason, Section};

use crate::{offer, section};

/// `count` lines, each made from its index.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(|n| line(n) + "\r\n").collect()
}

fn refused(text: &str) -> (usize, Reason) {
    let error = Description::parse(text).expect_err("beyond a bound");
    (error.line, error.reason)
}

#[test]
fn description_with_too_many_lines_is_refused() {
    let text = |lines: usize| "v=0\n".to_owned() + &"\n".repeat(lines - 1);
    assert!(Description::parse(&text(LINES_MAX)).is_ok());
    let reason = Reason::TooManyLines;
    assert_eq!(refused(&text(LINES_MAX + 1)), (LINES_MAX + 1, reason));
}

#[test]
fn description_with_too_many_sections_is_refused() {
    let text = |sections| "v=0\r\n".to_owned() + &lines(sections, |_| "m=audio 9 RTP/AVP 0".into());
    let most = Description::parse(&text(SECTIONS_MAX)).unwrap();
    assert_eq!(most.sections.len(), SECTIONS_MAX);
    let reason = Reason::TooManySections;
    assert_eq!(refused(&text(SECTIONS_MAX + 1)), (SECTIONS_MAX + 2, reason));
}

#[test]
fn section_items_beyond_their_limit_are_ignored() {
    type Line = fn(usize) -> String;
    type Count = fn(&Section) -> usize;
    let cases: [(usize, Line, Count); 10] = [
        (
            SSRCS_MAX,
            |n| format!("a=ssrc:{n} cname:x"),
            |s| s.sources.len(),
        ),
        (
            SOURCE_GROUPS_MAX,
            |n| format!("a=ssrc-group:FID {n}"),
            |s| s.source_groups.len(),
        ),
        (
            SSRCS_MAX,
            |_| format!("a=ssrc-group:SIM {}", "1 ".repeat(9)),
            |s| s.source_groups.first().unwrap().ssrcs.len(),
        ),
        (MSIDS_MAX, |n| format!("a=msid:{n} t"), |s| s.msids.len()),
        (RIDS_MAX, |n| format!("a=rid:{n} send"), |s| s.rids.len()),
        (
            EXTENSIONS_MAX,
            |n| format!("a=extmap:{} urn:x", n + 1),
            |s| s.extensions.len(),
        ),
        (
            FEEDBACKS_MAX,
            |n| format!("a=rtcp-fb:111 {n}"),
            |s| s.codecs.first().unwrap().feedback.len(),
        ),
        (
            FEEDBACKS_MAX,
            |n| format!("a=rtcp-fb:* {n}"),
            |s| s.codecs.first().unwrap().feedback.len(),
        ),
        (
            FINGERPRINTS_MAX,
            |n| format!("a=fingerprint:x {n:02}"),
            |s| s.transport.fingerprints.len(),
        ),
        (
            CANDIDATES_MAX,
            |n| format!("a=candidate:{n}"),
            |s| s.transport.candidates.len(),
        ),
    ];
    for (index, (max, line, count)) in cases.into_iter().enumerate() {
        assert_eq!(count(&section("", &lines(max, line))), max, "{index}");
        assert_eq!(count(&section("", &lines(max + 20, line))), max, "{index}");
    }
    let options = format!("a=ice-options:{}\r\n", "x ".repeat(ICE_OPTIONS_MAX + 1));
    let section = section("", &options);
    assert_eq!(section.transport.ice_options.len(), ICE_OPTIONS_MAX);
}

#[test]
fn formats_beyond_the_limit_are_ignored() {
    let formats = "x ".repeat(FORMATS_MAX + 5);
    let text = format!("v=0\r\nm=application 9 UDP/DTLS/SCTP {formats}\r\n");
    let description = Description::parse(&text).unwrap();
    assert_eq!(
        description.sections.first().unwrap().formats.len(),
        FORMATS_MAX
    );
}

#[test]
fn option_texts_beyond_their_limit_are_ignored() {
    let text = |line: &str, length| section("", &format!("a={line}{}\r\n", "x".repeat(length)));
    let parameters = |length| text("fmtp:111 ", length).codecs.remove(0).parameters.len();
    assert_eq!(parameters(PARAMETERS_MAX - 1), PARAMETERS_MAX - 1);
    assert_eq!(parameters(PARAMETERS_MAX), 0);
    let feedback = |length| text("rtcp-fb:111 ", length).codecs.remove(0).feedback.len();
    assert_eq!(feedback(FEEDBACK_BYTES_MAX), 1);
    assert_eq!(feedback(FEEDBACK_BYTES_MAX + 1), 0);
    let extensions = |length| text("extmap:1 ", length).extensions.len();
    assert_eq!(extensions(EXTENSION_URI_MAX), 1);
    assert_eq!(extensions(EXTENSION_URI_MAX + 1), 0);
}

#[test]
fn names_and_credentials_beyond_their_limit_are_refused() {
    for (attribute, max, reason) in [
        ("ice-ufrag:", ICE_CREDENTIAL_MAX, Reason::IceUfrag),
        ("ice-pwd:", ICE_CREDENTIAL_MAX, Reason::IcePwd),
        ("rid:", NAME_MAX, Reason::Rid),
    ] {
        let text = |length| offer("", &format!("a={attribute}{} send", "x".repeat(length)));
        let text =
            |length| text(length).replace(" send", if max == NAME_MAX { " send" } else { "" });
        assert!(Description::parse(&text(max)).is_ok(), "{attribute}");
        assert_eq!(refused(&text(max + 1)), (9, reason));
    }
    let hash = |bytes: usize| format!("a=fingerprint:x {}", ["00"].repeat(bytes).join(":"));
    let max = FINGERPRINT_BYTES_MAX;
    assert!(Description::parse(&offer("", &hash(max))).is_ok());
    assert_eq!(
        refused(&offer("", &hash(max + 1))),
        (9, Reason::Fingerprint)
    );
}

#[test]
fn session_attributes_that_expand_too_far_are_refused() {
    let text = |extensions| {
        let uri = "x".repeat(200);
        let session = lines(extensions, |n| format!("a=extmap:{} urn:{n}{uri}", n + 1));
        let sections = lines(SECTIONS_MAX, |_| "m=audio 9 RTP/AVP 0".into());
        format!("v=0\r\n{session}{sections}")
    };
    assert!(Description::parse(&text(6)).is_ok());
    assert_eq!(refused(&text(60)).1, Reason::TooMuchCopied);
}

#[test]
fn wildcard_feedback_that_expands_too_far_is_refused() {
    let payload_types = (0..128).map(|n| format!(" {n}")).collect::<String>();
    let section = format!("m=video 9 RTP/AVPF{payload_types}\r\n")
        + &lines(128, |n| format!("a=rtpmap:{n} x/1"))
        + &lines(16, |n| format!("a=rtcp-fb:* {n:064}"));
    let text = |sections| "v=0\r\n".to_owned() + &section.repeat(sections);
    assert!(Description::parse(&text(5)).is_ok());
    assert_eq!(refused(&text(50)).1, Reason::TooMuchCopied);
}

#[test]
fn only_eight_of_thousands_of_ssrcs_are_kept() {
    let many = section("", &lines(2_300, |n| format!("a=ssrc:{n} cname:{n}")));
    let ssrcs: Vec<_> = many.sources.iter().map(|source| source.ssrc).collect();
    assert_eq!(ssrcs, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert!(many.sources.capacity() <= SSRCS_MAX);
}

#[test]
fn rtpmaps_of_unlisted_payload_types_are_ignored() {
    let many = section("", &lines(2_700, |n| format!("a=rtpmap:{n} x/90000")));
    assert_eq!(many.codecs.len(), 1);
    assert_eq!(many.codecs.first().unwrap().name, "opus");
}
