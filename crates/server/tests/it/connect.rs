//! The sockets of participants.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::running::Running;
use crate::socket::Socket;

/// Time within which a silent participant is announced as lost.
const NOTICED: Duration = Duration::from_secs(6);

#[test]
fn socket_beyond_sockets_max_gets_503() {
    let server = Running::start(&[("HEADWATER_LIMITS__SOCKETS_MAX", "1")]);
    let _ada = Socket::join(&server, "talk", "ada");
    let (status, body) = Socket::refused(&server);
    assert_eq!(status, 503, "{body}");
    assert!(body.contains("limits.sockets_max"), "{body}");
}

#[test]
fn plain_request_to_the_socket_route_gets_426() {
    let server = Running::start(&[]);
    let answer = server.ask("GET /api/v1/connect", "");
    assert_eq!(answer.status, 426, "{answer:?}");
    assert!(answer.body.contains("WebSockets"), "{answer:?}");
}

#[test]
fn silent_participant_is_lost_and_connected_once_resumed() {
    let server = Running::start(&[]);
    let mut ada = Socket::join(&server, "talk", "ada");
    // This socket is not read, so it answers no ping.
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
fn participant_replaced_while_away_is_told_on_resume() {
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
fn role_needs_the_token_that_is_set_for_it() {
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
fn viewer_may_send_messages_but_neither_publish_nor_host() {
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
fn invalid_offer_is_refused_with_its_field() {
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
