//! What real clients send: one test for each case.

use sdp::{Description, Direction, MediaKind, Reason, RidDirection, Setup};

use crate::{offer, section};

fn parse(text: &str) -> Description {
    Description::parse(text).expect("well-formed")
}

#[test]
fn odd_but_legal_session_lines_are_ignored() {
    let text = "v=0\r\n\
        o=jdoe 340282366920938463463374607431768211456 99999999999999999999 IN IP6 ::1\r\n\
        s= \r\ni=a talk\r\nu=http://example.org/\r\ne=j@example.org\r\nc=IN IP4 127.0.0.1\r\n\
        b=AS:3000\r\nb=TIAS:2900000\r\nt=1 2\r\nr=7d 1h 0 25h\r\nz=0 0\r\nk=prompt\r\n\
        a=tool:libavformat 61\r\n\
        m=audio 9 UDP/TLS/RTP/SAVP 111\r\ni=left\r\nb=AS:64\r\nb=TIAS:64000\r\n\
        a=rtpmap:111 opus/48000/2\r\n\
        m=message 9 TCP/MSRP *\r\na=accept-types:text/plain\r\n";
    let description = parse(text);
    let id = "340282366920938463463374607431768211456";
    assert_eq!(description.origin.id, id);
    assert_eq!(description.origin.version, u64::MAX);
    let [audio, message] = description.sections.as_slice() else {
        panic!("two sections")
    };
    assert_eq!(audio.protocol, "UDP/TLS/RTP/SAVP");
    assert_eq!(audio.codecs.len(), 1);
    assert_eq!(message.kind, MediaKind::Other("message".into()));
    assert_eq!(message.formats, ["*"]);
}

#[test]
fn malformed_origin_falls_back_to_the_default() {
    for origin in ["", "-", "- 1", "- 1 x IN IP4 127.0.0.1"] {
        let text = format!("v=0\r\no={origin}\r\ns=-\r\nt=0 0\r\n");
        assert_eq!(parse(&text).origin.version, 0, "{origin}");
    }
}

#[test]
fn line_ends_and_trailing_spaces_do_not_matter() {
    let crlf = parse(&offer("", "a=rtcp-mux\r\n"));
    let newline = parse(&offer("", "a=rtcp-mux\r\n").replace("\r\n", "\n"));
    let spaces = parse(&offer("", "a=rtcp-mux\r\n").replace("\r\n", " \t\r\n"));
    let no_end = parse(offer("", "a=rtcp-mux\r\n").trim_end());
    assert_eq!(crlf, newline);
    assert_eq!(crlf, spaces);
    assert_eq!(crlf, no_end);
    let empty = parse(&offer("", "a=rtcp-mux\r\n").replace("\r\n", "\r\n\r\n"));
    assert_eq!(crlf.without_lines(), empty.without_lines());
}

#[test]
fn group_member_without_section_is_ignored() {
    assert_eq!(parse(&offer("a=group:BUNDLE 0 1\r\n", "")).bundle, ["0"]);
    assert_eq!(parse(&offer("a=group:BUNDLE 7 0 0\r\n", "")).bundle, ["0"]);
    assert!(parse(&offer("a=group:BUNDLE 7\r\n", "")).bundle.is_empty());
    assert!(parse(&offer("a=group:BUNDLE\r\n", "")).bundle.is_empty());
}

#[test]
fn description_without_group_has_no_bundle() {
    assert!(parse(&offer("", "")).bundle.is_empty());
}

#[test]
fn other_groups_before_bundle_are_ignored() {
    let session = "a=group:LS 0 1\r\na=group:FID 0\r\na=group:BUNDLE 0\r\na=group:BUNDLE 1\r\n";
    assert_eq!(parse(&offer(session, "")).bundle, ["0"]);
}

#[test]
fn session_attributes_complete_a_section() {
    let session = "a=ice-ufrag:user\r\na=ice-pwd:password\r\na=ice-options:trickle ice2\r\n\
        a=fingerprint:SHA-1 00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13\r\n\
        a=setup:actpass\r\na=sendonly\r\na=extmap-allow-mixed\r\n\
        a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=extmap:2/recvonly urn:x\r\n";
    let description = parse(&offer(session, ""));
    assert!(description.extmap_allow_mixed);
    let section = section(session, "");
    let transport = &section.transport;
    assert_eq!(transport.ice_ufrag.as_deref(), Some("user"));
    assert_eq!(transport.ice_pwd.as_deref(), Some("password"));
    assert_eq!(transport.ice_options, ["trickle", "ice2"]);
    let fingerprint = transport.fingerprints.first().unwrap();
    assert_eq!(fingerprint.algorithm, "sha-1");
    assert_eq!(fingerprint.bytes, (0..20).collect::<Vec<u8>>());
    assert_eq!(transport.setup, Some(Setup::ActPass));
    assert_eq!(section.direction, Direction::SendOnly);
    let mid = section.extension("urn:ietf:params:rtp-hdrext:sdes:mid");
    assert_eq!(mid.unwrap().id, 1);
    let limited = section.extension("urn:x").unwrap();
    assert_eq!(limited.direction, Some(Direction::RecvOnly));
}

#[test]
fn section_attributes_override_session_attributes() {
    let session = "a=ice-ufrag:user\r\na=ice-pwd:password\r\na=setup:actpass\r\na=sendonly\r\n\
        a=fingerprint:x 00\r\na=ice-options:ice2\r\n\
        a=extmap:1 urn:a\r\na=extmap:2 urn:b\r\na=extmap:3 urn:c\r\n";
    let own = "a=ice-ufrag:mine\r\na=ice-pwd:secret\r\na=setup:active\r\na=recvonly\r\n\
        a=fingerprint:y 01\r\na=ice-options:trickle\r\n\
        a=extmap:1 urn:mine\r\na=extmap:5 urn:b\r\n";
    let section = section(session, own);
    assert_eq!(section.transport.ice_ufrag.as_deref(), Some("mine"));
    assert_eq!(section.transport.ice_pwd.as_deref(), Some("secret"));
    assert_eq!(section.transport.setup, Some(Setup::Active));
    assert_eq!(section.transport.ice_options, ["trickle"]);
    assert_eq!(section.transport.fingerprints.len(), 1);
    assert_eq!(section.direction, Direction::RecvOnly);
    let ids = section.extensions.iter().map(|e| (e.id, e.uri.as_str()));
    let ids: Vec<_> = ids.collect();
    assert_eq!(ids, [(1, "urn:mine"), (5, "urn:b"), (3, "urn:c")]);
}

#[test]
fn extmap_allow_mixed_counts_if_every_section_has_it() {
    let mixed = "a=extmap-allow-mixed\r\n";
    let second = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n";
    assert!(parse(&offer("", mixed)).extmap_allow_mixed);
    let one_of_two = offer("", mixed) + second;
    assert!(!parse(&one_of_two).extmap_allow_mixed);
    assert!(parse(&(one_of_two + mixed)).extmap_allow_mixed);
}

#[test]
fn payload_type_without_rtpmap_becomes_a_format() {
    let text = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 99 96 0\r\na=rtpmap:96 VP8/90000\r\n\
        a=fmtp:99 x=y\r\na=rtcp-fb:99 nack\r\na=rtpmap:100 H264/90000\r\n";
    let section = parse(text).sections.remove(0);
    let codecs: Vec<_> = section.codecs.iter().map(|c| c.payload_type).collect();
    assert_eq!(codecs, [96]);
    assert_eq!(section.formats, ["99", "0"]);
}

#[test]
fn static_payload_type_without_rtpmap_gets_its_name() {
    let text = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0 8 9 3 13\r\na=rtpmap:13 CN/8000\r\n";
    let section = parse(text).sections.remove(0);
    let names: Vec<_> = section.codecs.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["PCMU", "PCMA", "G722", "CN"]);
    assert!(section.codecs.iter().all(|codec| codec.clock_rate == 8_000));
    let other = parse("v=0\r\nm=audio 9 RTP/SAVPF 0\r\na=rtpmap:0 opus/48000/2\r\n");
    let codec = &other.sections.first().unwrap().codecs.first().unwrap();
    assert_eq!(codec.name, "opus");
}

#[test]
fn encoding_name_is_kept_and_compared_ignoring_case() {
    let text = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 OPUS/48000\r\n";
    let section = parse(text).sections.remove(0);
    let codec = section.codec(111).unwrap();
    assert_eq!(codec.name, "OPUS");
    assert!(codec.is("opus"));
    assert_eq!((codec.clock_rate, codec.channels), (48_000, None));
}

#[test]
fn malformed_rtpmap_describes_nothing() {
    for rtpmap in ["opus", "opus/", "opus/x", "opus/0", "/48000", "opus/-1", ""] {
        let text = format!("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 {rtpmap}\r\n");
        let section = parse(&text).sections.remove(0);
        assert!(section.codecs.is_empty(), "{rtpmap}");
        assert_eq!(section.formats, ["111"]);
    }
}

#[test]
fn parameters_and_feedback_belong_to_their_codec() {
    let text = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 102 103\r\n\
        a=rtcp-fb:* transport-cc\r\na=fmtp:103 apt=102\r\na=rtpmap:103 rtx/90000\r\n\
        a=rtpmap:102 H264/90000\r\na=rtcp-fb:102 nack\r\na=rtcp-fb:102 nack  pli\r\n\
        a=rtcp-fb:102 transport-cc\r\na=rtcp-fb:104 ccm fir\r\n\
        a=fmtp:102 profile-level-id=42e01f; Packetization-Mode = 1\r\na=fmtp:102 x\r\n";
    let section = parse(text).sections.remove(0);
    let h264 = section.codec(102).unwrap();
    assert_eq!(h264.feedback, ["nack", "nack pli", "transport-cc"]);
    assert!(h264.has_feedback("nack pli"));
    assert!(!h264.has_feedback("ccm fir"));
    assert_eq!(h264.parameter("profile-level-id"), Some("42e01f"));
    assert_eq!(h264.parameter("packetization-mode"), Some("1"));
    assert_eq!(h264.parameter("x"), Some(""));
    assert_eq!(h264.parameter("level"), None);
    let rtx = section.rtx_for(102).unwrap();
    assert_eq!(rtx.payload_type, 103);
    assert_eq!(rtx.feedback, ["transport-cc"]);
    assert_eq!(section.rtx_for(103), None);
}

#[test]
fn rid_and_mid_may_be_any_word() {
    let mid = "a-mid-of-more-than-16-bytes".repeat(9);
    let text = format!(
        "v=0\r\na=group:BUNDLE {mid}\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:{mid}\r\n\
         a=rid:hi_res send\r\na=rid:q-1 send pt=96;max-width=320\r\na=rid:back recv\r\n\
         a=rid:layer-of-the-same-8 send\r\na=rid:layer-of-the-same-9 send\r\n\
         a=simulcast:send hi_res;~q-1,hi_res;absent;layer-of-the-same-8 recv back\r\n"
    );
    let description = parse(&text);
    assert_eq!(description.bundle, [mid.as_str()]);
    let section = description.section(&mid).unwrap();
    assert_eq!(section.rids.len(), 5);
    let q1 = section.rids.get(1).unwrap();
    assert_eq!(q1.direction, RidDirection::Send);
    assert_eq!(q1.parameters, "pt=96;max-width=320");
    let simulcast = section.simulcast.as_ref().unwrap();
    assert_eq!(simulcast.send, ["hi_res", "q-1", "layer-of-the-same-8"]);
    assert_eq!(simulcast.receive, ["back"]);
}

#[test]
fn simulcast_of_old_firefox_is_read() {
    let section = section(
        "",
        "a=rid:f send\r\na=rid:h send\r\na=simulcast: send rid=f;h\r\n",
    );
    assert_eq!(section.simulcast.unwrap().send, ["f", "h"]);
}

#[test]
fn malformed_mid_is_refused() {
    let text = "v=0\r\nm=audio 9 RTP/SAVPF 0\r\n";
    for mid in ["", "a b", &"m".repeat(sdp::limits::NAME_MAX + 1)] {
        let error = Description::parse(&format!("{text}a=mid:{mid}\r\n")).unwrap_err();
        assert_eq!((error.line, error.reason), (3, Reason::Mid), "{mid}");
    }
}

#[test]
fn duplicate_mid_is_refused() {
    let section = "m=audio 9 RTP/SAVPF 0\r\na=mid:0\r\n";
    let error = Description::parse(&format!("v=0\r\n{section}{section}")).unwrap_err();
    assert_eq!((error.line, error.reason), (5, Reason::DuplicateMid));
}

#[test]
fn bad_port_is_refused_with_its_line() {
    for port in ["x", "-1", "65536", "+9", "9.0", "9/x"] {
        let text = offer("", &format!("m=video {port} UDP/TLS/RTP/SAVPF 96\r\n"));
        let error = Description::parse(&text).unwrap_err();
        assert_eq!((error.line, error.reason), (9, Reason::Port));
        let words = format!(
            "line 9 (`m=video {port} UDP/TLS/RTP/SAVPF 96`): \
             the port is not a number from 0 to 65535"
        );
        assert_eq!(error.to_string(), words);
    }
}

#[test]
fn port_count_is_ignored() {
    let description = parse("v=0\r\nm=audio 49170/2 RTP/AVP 0\r\n");
    assert_eq!(description.sections.first().unwrap().port, 49_170);
}

#[test]
fn incomplete_media_line_is_refused() {
    for line in ["m=", "m=audio", "m=audio 9", "m=audio 9 RTP/SAVPF"] {
        let error = Description::parse(&format!("v=0\n\n{line}\n")).unwrap_err();
        assert_eq!((error.line, error.reason), (3, Reason::MediaLine), "{line}");
    }
}

#[test]
fn text_without_version_is_refused() {
    for text in [
        "",
        "\r\n\r\n",
        "o=- 1 1 IN IP4 0.0.0.0\r\nv=0\r\n",
        "v=1\r\n",
    ] {
        let error = Description::parse(text).unwrap_err();
        assert_eq!(error.reason, Reason::NoVersion, "{text}");
    }
    let error = Description::parse("{\"type\":\"offer\"}").unwrap_err();
    assert_eq!(error.reason, Reason::NotSdp);
}

#[test]
fn malformed_transport_attribute_is_refused() {
    for (attribute, reason) in [
        ("ice-ufrag:", Reason::IceUfrag),
        ("ice-ufrag:a b", Reason::IceUfrag),
        ("ice-pwd:", Reason::IcePwd),
        ("ice-pwd:\u{e9}", Reason::IcePwd),
        ("fingerprint:sha-256", Reason::Fingerprint),
        ("fingerprint:sha-256 4", Reason::Fingerprint),
        ("fingerprint:sha-256 4A:+1", Reason::Fingerprint),
        ("fingerprint:sha-256 4A:AD", Reason::FingerprintLength),
        ("setup:both", Reason::Setup),
        ("sctp-port:x", Reason::SctpPort),
        ("rtcp-mux\u{0}", Reason::ControlCharacter),
        ("fmtp:111 a\rm=audio", Reason::ControlCharacter),
    ] {
        let text = offer("", &format!("a={attribute}\r\n"));
        let error = Description::parse(&text).unwrap_err();
        assert_eq!((error.line, error.reason), (9, reason), "{attribute}");
    }
}

#[test]
fn malformed_optional_attribute_is_ignored() {
    let plain = section("", "");
    for attribute in [
        "rtpmap:",
        "rtpmap:x opus/48000",
        "rtpmap:200 x/1",
        "fmtp:111",
        "rtcp-fb:111",
        "extmap:0 urn:x",
        "extmap:4096 urn:x",
        "extmap:1",
        "extmap:x urn:x",
        "msid:",
        "rid:",
        "rid:a",
        "rid:a both",
        "rid:a;b send",
        "simulcast:",
        "simulcast:send",
        "simulcast:send x",
        "ssrc:",
        "ssrc:x cname:y",
        "ssrc-group:FID",
        "ssrc-group:",
        "max-message-size:x",
        "sendrecv:x",
        "unknown",
        "unknown:x",
        ":",
        "",
        "ptime:20",
        "rtcp:9 IN IP4 0.0.0.0",
    ] {
        let same = section("", &format!("a={attribute}\r\n"));
        assert_eq!(same, plain, "{attribute}");
    }
}

#[test]
fn sources_and_their_groups_are_read() {
    let section = section(
        "",
        "a=ssrc-group:FID 1 4294967295\r\na=ssrc:1 cname:c\r\na=ssrc:1 msid:s t\r\n\
         a=ssrc:1 mslabel:s\r\na=ssrc:1 label:t\r\na=ssrc:4294967295 cname:c\r\n\
         a=ssrc:4294967296 cname:c\r\na=msid:s t\r\na=msid:s t\r\na=msid:- \r\n",
    );
    let [media, rtx] = section.sources.as_slice() else {
        panic!("two SSRCs")
    };
    assert_eq!((media.ssrc, media.cname.as_deref()), (1, Some("c")));
    assert_eq!(media.msid.as_ref().unwrap().to_string(), "s t");
    assert_eq!((rtx.ssrc, &rtx.msid), (u32::MAX, &None));
    assert_eq!(section.source_groups.first().unwrap().ssrcs, [1, u32::MAX]);
    let msids: Vec<_> = section.msids.iter().map(ToString::to_string).collect();
    assert_eq!(msids, ["s t", "-"]);
}

#[test]
fn port_zero_refuses_unless_bundle_only() {
    let section = |port: u16, attribute: &str| {
        parse(&format!(
            "v=0\r\nm=audio {port} RTP/SAVPF 0\r\na={attribute}\r\n"
        ))
        .sections
        .remove(0)
    };
    assert!(section(0, "sendrecv").is_refused());
    assert!(!section(0, "sendrecv").sends());
    assert!(!section(0, "bundle-only").is_refused());
    assert!(section(0, "bundle-only").receives());
    assert!(!section(9, "bundle-only").bundle_only);
    assert!(section(9, "sendonly").sends());
    assert!(!section(9, "sendonly").receives());
    assert!(!section(9, "inactive").sends());
}

#[test]
fn data_channel_section_is_parsed_in_old_and_new_syntax() {
    let new = parse(
        "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=sctp-port:5000\r\n\
         a=max-message-size:262144\r\n",
    );
    let old = parse(
        "v=0\r\nm=application 9 DTLS/SCTP 5001\r\na=sctpmap:5001 webrtc-datachannel 1024\r\n",
    );
    let (new, old) = (new.sections.first().unwrap(), old.sections.first().unwrap());
    assert_eq!(new.kind, MediaKind::Application);
    assert_eq!(new.formats, ["webrtc-datachannel"]);
    assert_eq!(new.sctp_port, Some(5_000));
    assert_eq!(new.max_message_size, Some(262_144));
    assert_eq!((old.sctp_port, old.max_message_size), (Some(5_001), None));
}

#[test]
fn transport_is_that_of_the_first_bundle_member() {
    let text = "v=0\r\na=group:BUNDLE b a\r\nm=audio 0 RTP/SAVPF 0\r\na=ice-ufrag:none\r\n\
        m=audio 9 RTP/SAVPF 0\r\na=mid:a\r\na=ice-ufrag:ofa\r\n\
        m=audio 9 RTP/SAVPF 0\r\na=mid:b\r\na=ice-ufrag:ofb\r\n";
    let ufrag = |text: &str| parse(text).transport().unwrap().ice_ufrag.clone().unwrap();
    assert_eq!(ufrag(text), "ofb");
    assert_eq!(ufrag(&text.replace("a=group:BUNDLE b a\r\n", "")), "ofa");
}

#[test]
fn error_quote_is_short_and_printable() {
    let line = format!("m=video \u{1b}[31m\u{202e} {}", "x".repeat(1_000));
    let error = Description::parse(&format!("v=0\r\n{line}")).unwrap_err();
    assert_eq!(error.reason, Reason::ControlCharacter);
    assert!(error.text.starts_with("m=video \\u{1b}[31m\\u{202e} xxx"));
    assert!(error.text.ends_with("x..."));
    assert!(error.text.len() < 90, "{}", error.text.len());
}

#[test]
fn line_break_in_a_field_injects_no_line() {
    let mut description = parse(&offer("", ""));
    let section = description.sections.first_mut().unwrap();
    section.mid = Some("0\r\na=ice-lite".into());
    let written = description.write();
    assert!(written.contains("a=mid:0\r\n"));
    assert!(!written.contains("ice-lite"));
}

#[test]
fn directions_are_reversed() {
    for (direction, other) in [
        (Direction::SendRecv, Direction::SendRecv),
        (Direction::SendOnly, Direction::RecvOnly),
        (Direction::RecvOnly, Direction::SendOnly),
        (Direction::Inactive, Direction::Inactive),
    ] {
        assert_eq!(direction.reversed(), other);
    }
}
