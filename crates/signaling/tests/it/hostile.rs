//! Hostile requests: each is answered or refused, nothing panics, and no text breaks out of a
//! header.

use bytes::Bytes;
use headwater_signaling::dialect::{whep, whip};
use headwater_signaling::{IceServer, Problem, ice_fragment};
use http::Request;
use model::{Opened, SessionId, StreamName, StreamStatus};
use proptest::prelude::*;

fn method() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "OPTIONS", "GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "BREW",
    ])
}

fn media_type() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "application/sdp",
        "APPLICATION/SDP;x=y",
        "application/trickle-ice-sdpfrag",
        "application/json",
        "",
        ";;",
    ])
}

fn path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        Just("session".to_owned()),
        Just("0123456789abcdef0123456789abcdef".to_owned()),
        Just("events".to_owned()),
        Just("layer".to_owned()),
        "[a-z0-9._~%-]{0,5}",
    ];
    prop::collection::vec(segment, 0..6).prop_map(|segments| segments.join("/"))
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "(a=(ice-ufrag|ice-pwd|candidate|mid|end-of-candidates):?[ -~]{0,30}\r?\n){0,6}"
            .prop_map(String::into_bytes),
        r#"[\[{"]{0,3}(mediaId|rid|active|:|,|"|1|null){0,6}[\]}]{0,3}"#
            .prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn any_request_is_read_or_refused_with_a_client_error(
        method in method(),
        path in path(),
        query in "[a-z=&%+0-9,]{0,30}",
        media_type in media_type(),
        if_match in "[ -~]{0,20}",
        authorization in "[ -~]{0,20}",
        body in body(),
    ) {
        let request = Request::builder()
            .method(method)
            .uri(format!("/x/{path}?{query}"))
            .header("content-type", media_type)
            .header("if-match", if_match)
            .header("authorization", authorization)
            .body(Bytes::from(body))
            .expect("a request");
        let problems = [whip::call(&path, &request).err(), whep::call(&path, &request).err()];
        for problem in problems.into_iter().flatten() {
            prop_assert!(problem.status.is_client_error(), "{problem:?}");
            prop_assert!(!problem.detail.is_empty());
        }
    }

    #[test]
    fn readable_fragment_survives_write_and_read(text in "(a=(ice-ufrag|ice-pwd|candidate|end-of-candidates)(:[!-~]{1,30})?\n){1,6}") {
        if let Ok(fragment) = ice_fragment::parse(&text)
            && fragment.ufrag.is_some() == fragment.pwd.is_some()
        {
            prop_assert_eq!(ice_fragment::parse(&ice_fragment::write(&fragment, None)), Ok(fragment));
        }
    }

    #[test]
    fn ice_server_never_breaks_out_of_its_header(url in "\\PC{0,20}", username in ".{0,20}", credential in ".{0,20}") {
        let server = IceServer { url, username: Some(username), credential: Some(credential) };
        if let Some(link) = server.link() {
            prop_assert!(!link.as_bytes().iter().any(|b| matches!(b, b'\r' | b'\n')));
        }
    }

    #[test]
    fn answer_of_any_text_becomes_a_response(answer in ".{0,200}", ice_tag in ".{0,20}") {
        let stream = StreamName::new("room/cam").expect("a good name");
        let opened = Opened { session: SessionId(7), answer, ice_tag };
        for response in [whip::created(&stream, &opened, &[]), whep::created(&stream, &opened, &[])] {
            prop_assert_eq!(response.status(), 201);
            prop_assert!(response.headers().contains_key("location"));
        }
    }

    #[test]
    fn problem_of_any_text_is_one_json_object(status in 400u16..600, detail in ".{0,80}") {
        let status = http::StatusCode::from_u16(status).expect("in range");
        let response = Problem::new(status, detail.clone()).into_response();
        let body: serde_json::Value = serde_json::from_slice(response.body()).expect("JSON");
        prop_assert_eq!(&body["detail"], &detail);
        prop_assert_eq!(&body["status"], status.as_u16());
    }
}

#[test]
fn stream_that_is_not_live_sends_no_first_inactive_event() {
    let names: Vec<_> = whep::changes(None, &StreamStatus::default(), None)
        .into_iter()
        .map(|(kind, _)| kind.name())
        .collect();
    assert!(!names.contains(&"inactive"), "{names:?}");
}
