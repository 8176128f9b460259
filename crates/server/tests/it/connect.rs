//! The sockets of participants.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::running::Running;
use crate::socket::Socket;

/// What is promised.
const NOTICED: Duration = Duration::from_secs(6);

#[test]
fn a_socket_more_than_there_may_be_gets_503() {
    let server = Running::start(&[("HEADWATER_LIMITS__SOCKETS_MAX", "1")]);
    let _ada = Socket::join(&server, "talk", "ada");
    let (status, body) = Socket::refused(&server);
    assert_eq!(status, 503, "{body}");
    assert!(body.contains("limits.sockets_max"), "{body}");
}

#[test]
fn a_request_that_is_no_websocket_is_told_so() {
    let server = Running::start(&[]);
    let answer = server.ask("GET /api/v1/connect", "");
    assert_eq!(answer.status, 426, "{answer:?}");
    assert!(answer.body.contains("WebSockets"), "{answer:?}");
}

#[test]
fn others_see_who_falls_silent_as_lost_and_who_comes_back_as_connected() {
    let server = Running::start(&[]);
    let mut ada = Socket::join(&server, "talk", "ada");
    // Nobody reads for it, so it answers no ping.
    let mut silent = Socket::join(&server, "talk", "silent");
    let start = Instant::now();
    let lost = ada.event("participantChanged");
    assert!(start.elapsed() < NOTICED, "{:?}", start.elapsed());
    assert_eq!(lost["participant"]["id"], "silent");
    assert_eq!(lost["participant"]["state"], "lost");
    let secret = silent.secret();
    let mut back = Socket::open(&server);
    let answer = back.ask(7, "resume", &json!({ "session": secret, "seen": 1 }));
    assert_eq!(answer["result"]["received"], 1, "{answer}");
    let event = ada.event("participantChanged");
    assert_eq!(event["participant"]["state"], "connected");
}

#[test]
fn who_was_replaced_while_it_was_away_learns_why() {
    let server = Running::start(&[]);
    let mut first = Socket::join(&server, "talk", "ada");
    let secret = first.secret();
    drop(first);
    let _second = Socket::join(&server, "talk", "ada");
    let mut back = Socket::open(&server);
    back.ask(2, "resume", &json!({ "session": secret, "seen": 1 }));
    let event = back.event("ended");
    assert_eq!(event["reason"], "replaced");
}

#[test]
fn roles_need_the_tokens_that_are_set() {
    let server = Running::start(&[
        ("HEADWATER_AUTH__HOST_TOKEN", "host"),
        ("HEADWATER_AUTH__PUBLISH_TOKEN", "publish"),
    ]);
    for (role, token, code) in [
        ("host", None, Some("tokenMissing")),
        ("host", Some("publish"), Some("tokenWrong")),
        ("host", Some("host"), None),
        ("publisher", Some("publish"), None),
        ("publisher", None, Some("tokenMissing")),
        ("viewer", None, None),
    ] {
        let mut socket = Socket::open(&server);
        let mut params = json!({ "room": "talk", "role": role });
        if let Some(token) = token {
            params["token"] = json!(token);
        }
        let answer = socket.ask(1, "join", &params);
        let refused = answer["error"]["code"].as_str();
        assert_eq!(refused, code, "{role} {token:?}: {answer}");
    }
}

#[test]
fn a_role_allows_what_the_protocol_says() {
    let server = Running::start(&[]);
    let mut socket = Socket::open(&server);
    socket.ask(1, "join", &json!({ "room": "talk", "role": "viewer" }));
    let sdp = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n";
    let publish = json!({ "tracks": [{ "mid": "0" }], "sdp": sdp });
    let answer = socket.ask(2, "publish", &publish);
    assert_eq!(answer["error"]["code"], "forbidden", "{answer}");
    let answer = socket.ask(3, "host", &json!({ "action": "lock" }));
    assert_eq!(answer["error"]["code"], "forbidden", "{answer}");
    let answer = socket.ask(4, "send", &json!({ "body": "hello" }));
    assert_eq!(answer["result"]["number"], 1, "{answer}");
}

#[test]
fn an_offer_that_makes_no_sense_is_refused_by_its_field() {
    let server = Running::start(&[]);
    let mut socket = Socket::join(&server, "talk", "ada");
    let garbage = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n";
    for (id, params, field) in [
        (2, json!({ "tracks": [], "sdp": garbage }), "params.tracks"),
        (
            3,
            json!({ "tracks": [{ "mid": "7" }], "sdp": garbage }),
            "params.tracks[0].mid",
        ),
        (
            4,
            json!({ "tracks": [{ "mid": "0" }], "sdp": garbage }),
            "params.sdp",
        ),
        (5, json!({ "tracks": [{ "mid": "0" }] }), "params"),
    ] {
        let answer = socket.ask(id, "publish", &params);
        assert_eq!(answer["error"]["field"], field, "{answer}");
    }
    let answer = socket.ask(6, "answer", &json!({ "offer": 1, "sdp": garbage }));
    assert_eq!(answer["error"]["field"], "params.offer", "{answer}");
}
