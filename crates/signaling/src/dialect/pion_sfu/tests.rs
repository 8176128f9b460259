use proptest::prelude::*;

use super::*;

const JOIN: &str = r#"{"event":"joinRoom","data":{"room_id":"attic","self_id":"mia"}}"#;

fn mia() -> Identity {
    Identity {
        room: "attic".to_owned(),
        peer: "mia".to_owned(),
    }
}

#[test]
fn request_fits_without_ids_but_not_with_wrong_ones() {
    let named = |ids: &str| {
        let frame = format!(r#"{{"event":"answer","data":{{{ids}"answer":{{"sdp":"v=0"}}}}}}"#);
        read(&frame).expect("an answer").named
    };
    for ids in [
        "",
        r#""room_id":null,"#,
        r#""room_id":"attic","#,
        r#""self_id":"mia","#,
        r#""self_id":"mia","room_id":"attic","#,
    ] {
        assert!(named(ids).fits(&mia()), "{ids}");
    }
    for ids in [
        r#""room_id":"cellar","#,
        r#""self_id":"leo","#,
        r#""self_id":"","#,
        r#""self_id":"mia","room_id":"Attic","#,
    ] {
        assert!(!named(ids).fits(&mia()), "{ids}");
    }
}

#[test]
fn invalid_json_is_told_apart_from_invalid_fields() {
    for frame in ["", "{", "joinRoom", r#"{"event":joinRoom}"#, "{} {}"] {
        let error = read(frame).expect_err(frame);
        assert!(matches!(error, Unreadable::NoJson(_)), "{frame}: {error}");
    }
    for (frame, said) in [
        ("7", "the frame is missing or not a valid object"),
        ("[]", "the frame is missing or not a valid object"),
        ("{}", "event is missing or not a valid text"),
        (
            r#"{"event":7,"data":{}}"#,
            "event is missing or not a valid text",
        ),
        (
            r#"{"event":"joinRoom"}"#,
            "data is missing or not a valid object",
        ),
        (
            r#"{"event":"joinRoom","data":"{}"}"#,
            "data is missing or not a valid object",
        ),
        (
            r#"{"event":"joinRoom","data":{"self_id":"mia"}}"#,
            "room_id is missing or not a valid text",
        ),
        (
            r#"{"event":"joinRoom","data":{"room_id":"attic","self_id":""}}"#,
            "self_id is missing or not a valid text",
        ),
        (
            r#"{"event":"joinRoom","data":{"room_id":7,"self_id":"mia"}}"#,
            "room_id is missing or not a valid text",
        ),
        (
            r#"{"event":"leaveRoom","data":{"self_id":[]}}"#,
            "self_id is missing or not a valid text",
        ),
        (
            r#"{"event":"offer","data":{"offer":"v=0"}}"#,
            "offer is missing or not a valid object",
        ),
        (
            r#"{"event":"offer","data":{"offer":{"sdp":null}}}"#,
            "sdp is missing or not a valid text",
        ),
        (
            r#"{"event":"ice-candidate","data":{"candidate":null}}"#,
            "candidate is missing or not a valid object",
        ),
        (
            r#"{"event":"ice-candidate","data":{"candidate":{"sdpMid":"0"}}}"#,
            "candidate is missing or not a valid text",
        ),
        (
            r#"{"event":"candidate","data":{}}"#,
            "unknown event \"candidate\"",
        ),
    ] {
        assert_eq!(read(frame).expect_err(frame).to_string(), said, "{frame}");
    }
}

#[test]
fn candidate_needs_no_m_line() {
    for more in [
        "",
        r#","sdpMid":null,"sdpMLineIndex":null,"usernameFragment":null"#,
        r#","sdpMid":"","sdpMLineIndex":0"#,
        r#","sdpMid":7,"sdpMLineIndex":"x""#,
    ] {
        let candidate = format!(r#"{{"candidate":"candidate:1 1 udp 1 ::1 9 typ host"{more}}}"#);
        let frame = format!(r#"{{"event":"ice-candidate","data":{{"candidate":{candidate}}}}}"#);
        let call = Call::Candidate("candidate:1 1 udp 1 ::1 9 typ host".to_owned());
        assert_eq!(read(&frame).expect("a candidate").call, call, "{frame}");
    }
}

#[test]
fn candidates_come_from_the_first_m_line_with_any() {
    let sdp = "v=0\r\na=candidate:0\r\nm=audio 9 X 1\r\na=mid:a\r\nm=video 9 X 2\r\n\
               a=candidate:1 1 udp 5 192.0.2.7 9 typ host\r\na=mid:v\r\na=candidate:2\r\n\
               m=video 9 X 2\r\na=mid:w\r\na=candidate:1\r\n";
    let frame = |candidate: &str| {
        format!(
            r#"{{"event":"candidate","data":"{{\"candidate\":\"{candidate}\",\"sdpMid\":\"v\",\"sdpMLineIndex\":1,\"usernameFragment\":null}}"}}"#
        )
    };
    let all = [
        frame("candidate:1 1 udp 5 192.0.2.7 9 typ host"),
        frame("candidate:2"),
    ];
    assert_eq!(candidates(sdp), all);
    assert!(candidates("v=0\r\n").is_empty());
}

proptest! {
    #[test]
    fn arbitrary_frames_never_panic(frame in any::<String>(), cut in 0..JOIN.len()) {
        read(&frame).ok();
        read(&JOIN[..cut]).expect_err("it is not whole");
    }

    #[test]
    fn offer_of_any_text_is_json_inside_json(sdp in any::<String>(), peer in any::<String>()) {
        let me = Identity { peer: peer.clone(), ..mia() };
        let frame: serde_json::Value = serde_json::from_str(&offer(&sdp, &me)).expect("JSON");
        let data = frame["data"].as_str().expect("a text");
        let data: serde_json::Value = serde_json::from_str(data).expect("JSON again");
        let expected = serde_json::json!({
            "type": "offer", "sdp": sdp, "self_id": peer, "room_id": "attic",
        });
        prop_assert_eq!(data, expected);
    }
}
