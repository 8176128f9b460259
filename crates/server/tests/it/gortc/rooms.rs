//! Users join, leave and send messages.

use serde_json::{Value, json};

use super::user::{User, refusal};
use crate::running::Running;
use crate::socket::Socket;
use crate::wire::Wire;

const OFFER: &str = "protoo";

pub(super) fn told(method: &str, data: Value) -> (String, Value) {
    (method.to_owned(), data)
}

#[test]
fn subprotocol_is_answered_only_when_offered() {
    let server = Running::start(&[]);
    let header = [("sec-websocket-protocol", OFFER)];
    let offering = Wire::open_with(&server.address, "/ws?peer=u1", &header).expect("a socket");
    assert_eq!(offering.subprotocol.as_deref(), Some(OFFER));
    let plain = Wire::open(&server.address, "/ws?peer=u1");
    assert_eq!(plain.subprotocol, None);
}

#[test]
fn socket_without_a_user_is_refused() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let own = listener.local_addr().expect("its address").to_string();
    drop(listener);
    let server = Running::start(&[("HEADWATER_DIALECTS__GORTC__LISTEN", &own)]);
    let refused = |address: &str, path: &str| Wire::open_with(address, path, &[]).err();
    let long = format!("/ws?peer={}", "x".repeat(65));
    for path in ["/ws?peer=", &long] {
        assert_eq!(refused(&server.address, path), Some(400), "{path}");
        assert_eq!(refused(&own, path), Some(400), "{path}");
    }
    // On the main port these are for another protocol.
    for path in ["/ws", "/ws?other=u1"] {
        assert_eq!(refused(&own, path), Some(400), "{path}");
    }
}

#[test]
fn first_peer_in_the_query_names_the_user() {
    let server = Running::start(&[]);
    let mut ada = User::join(&server, "ada", "dojo");
    let mut bob = User::at(&server.address, "bob&peer=ada");
    let joined = bob.done("join", &json!({ "rid": "dojo" }));
    assert_eq!(joined["users"][0]["uid"], "ada");
    assert_eq!(ada.told().1["uid"], "bob");
}

#[test]
fn joining_user_gets_the_users_and_is_announced() {
    let server = Running::start(&[]);
    let mut kai = User::open(&server, "kai");
    let joined = kai.done("join", &json!({ "rid": "dojo" }));
    assert_eq!(joined, json!({ "users": [], "pubs": [] }));
    let mut rio = User::open(&server, "rio");
    let joined = rio.done("join", &json!({ "rid": "dojo" }));
    let here = json!({ "rid": "dojo", "uid": "kai", "signalid": "local_signal_1" });
    assert_eq!(joined, json!({ "users": [here], "pubs": [] }));
    let rio_came =
        json!({ "rid": "dojo", "uid": "rio", "bizid": "", "signalid": "local_signal_1" });
    assert_eq!(kai.all_told(), [told("peer-join", rio_came)]);
    assert_eq!(rio.all_told(), []);
}

#[test]
fn underscore_notification_names_are_used_when_set() {
    let server = Running::start(&[
        (
            "HEADWATER_DIALECTS__GORTC__NOTIFICATION_NAMES",
            "underscore",
        ),
        ("HEADWATER_DIALECTS__GORTC__DC", "eu"),
    ]);
    let mut kai = User::join(&server, "kai", "dojo");
    let _rio = User::join(&server, "rio", "dojo");
    let (method, data) = kai.told();
    assert_eq!(method, "peer_join");
    assert_eq!(data["signalid"], "eu_signal_1");
}

#[test]
fn request_without_a_room_is_refused_by_code_and_reason() {
    let server = Running::start(&[]);
    let mut kai = User::open(&server, "kai");
    for method in [
        "join",
        "leave",
        "keepalive",
        "publish",
        "unpublish",
        "subscribe",
        "unsubscribe",
        "broadcast",
        "getusers",
        "getpubs",
    ] {
        for data in [
            json!({}),
            json!({ "rid": 7 }),
            json!({ "rid": "" }),
            json!({ "rid": null }),
        ] {
            let refused = kai.refused(method, &data);
            assert_eq!(refused, (2, "rid not found".to_owned()), "{method} {data}");
        }
    }
}

#[test]
fn incomplete_request_is_refused_by_code_and_reason() {
    let server = Running::start(&[]);
    let mut kai = User::open(&server, "kai");
    for (frame, code, reason) in [
        (
            json!({ "request": true, "id": 1, "data": {} }),
            -1,
            "method not found",
        ),
        (
            json!({ "request": true, "id": 1, "method": 7, "data": {} }),
            -1,
            "method not found",
        ),
        (
            json!({ "request": true, "id": 1, "method": "join" }),
            -1,
            "data not found",
        ),
        (
            json!({ "request": true, "id": 1, "method": "join", "data": [] }),
            -1,
            "data not found",
        ),
        (
            json!({ "request": true, "id": 1, "method": "fly", "data": {} }),
            14,
            "unknown error",
        ),
    ] {
        kai.wire.send(&frame);
        let response = kai.response(&json!(1));
        assert_eq!(refusal(&response), (code, reason.to_owned()), "{frame}");
    }
    let without_id = json!({ "request": true, "method": "join", "data": { "rid": "dojo" } });
    kai.wire.send(&without_id);
    assert_eq!(kai.response(&Value::Null)["ok"], true);
}

#[test]
fn frame_that_is_no_request_is_ignored_and_counted() {
    let server = Running::start(&[]);
    let mut kai = User::open(&server, "kai");
    for frame in [
        "",
        "hello",
        "[]",
        "{}",
        "7",
        "{\"request\":false,\"id\":1}",
        "{\"response\":true,\"id\":1}",
    ] {
        kai.wire.send_text(frame);
    }
    kai.done("join", &json!({ "rid": "dojo" }));
    assert_eq!(kai.all_told(), []);
    assert_eq!(
        server.counted("headwater_dialect_frames_total{dialect=\"gortc\",outcome=\"refused\"}"),
        7
    );
}

#[test]
fn method_sent_as_notification_gets_no_response() {
    let server = Running::start(&[]);
    let mut kai = User::join(&server, "kai", "dojo");
    let mut rio = User::open(&server, "rio");
    let join = json!({ "notification": true, "method": "join", "data": { "rid": "dojo" } });
    rio.wire.send(&join);
    assert_eq!(kai.told().0, "peer-join");
    assert_eq!(rio.all_told(), []);
}

#[test]
fn leaving_user_keeps_its_socket_and_is_announced() {
    let server = Running::start(&[]);
    let mut kai = User::join(&server, "kai", "dojo");
    let mut rio = User::join(&server, "rio", "dojo");
    kai.all_told();
    assert_eq!(rio.done("leave", &json!({ "rid": "dojo" })), json!({}));
    let gone = json!({ "rid": "dojo", "uid": "rio" });
    assert_eq!(kai.all_told(), [told("peer-leave", gone)]);
    assert_eq!(rio.done("leave", &json!({ "rid": "dojo" })), json!({}));
    rio.done("join", &json!({ "rid": "dojo" }));
    assert_eq!(kai.all_told()[0].0, "peer-join");
}

#[test]
fn broadcast_reaches_the_others_unchanged() {
    let server = Running::start(&[]);
    let mut kai = User::join(&server, "kai", "dojo");
    let mut rio = User::join(&server, "rio", "dojo");
    let mut out = User::join(&server, "out", "other");
    kai.all_told();
    for data in [
        json!({ "a": [1, { "b": null }] }),
        json!("osu"),
        json!(7.5),
        json!(null),
        json!(true),
    ] {
        let said = rio.done("broadcast", &json!({ "rid": "dojo", "data": data }));
        assert_eq!(said, json!({}));
        let heard = json!({ "rid": "dojo", "uid": "rio", "data": data });
        assert_eq!(kai.told(), told("broadcast", heard));
    }
    assert_eq!(kai.all_told(), []);
    assert_eq!(rio.all_told(), []);
    assert_eq!(out.all_told(), []);
    let outside = json!({ "rid": "dojo", "data": 1 });
    assert_eq!(out.refused("broadcast", &outside).0, 2);
}

#[test]
fn messages_cross_between_dialects() {
    let server = Running::start(&[]);
    let mut kai = User::join(&server, "kai", "dojo");
    let mut ada = Socket::join(&server, "dojo", "ada");
    assert_eq!(kai.told().1["uid"], "ada");
    kai.done("broadcast", &json!({ "rid": "dojo", "data": { "x": 1 } }));
    let message = ada.event("message");
    assert_eq!(message["message"]["from"], "kai");
    assert_eq!(message["message"]["body"], "{\"x\":1}");
    ada.ask(2, "send", &json!({ "kind": "chat", "body": "{\"hi\"" }));
    let heard = json!({ "rid": "dojo", "uid": "ada", "data": "{\"hi\"" });
    assert_eq!(kai.told(), told("broadcast", heard));
}

#[test]
fn broadcast_of_128_kib_reaches_the_others() {
    let server = Running::start(&[]);
    let mut kai = User::join(&server, "kai", "dojo");
    let mut rio = User::join(&server, "rio", "dojo");
    let mut ada = Socket::join(&server, "dojo", "ada");
    kai.all_told();
    for bytes in [102_400, 131_072] {
        let data = "x".repeat(bytes - 2);
        rio.done("broadcast", &json!({ "rid": "dojo", "data": data }));
        let heard = json!({ "rid": "dojo", "uid": "rio", "data": data });
        assert_eq!(kai.told(), told("broadcast", heard));
        let message = ada.event("message");
        assert_eq!(message["message"]["body"], format!("\"{data}\""));
    }
}

#[test]
fn too_large_or_too_frequent_broadcast_is_refused() {
    let server = Running::start(&[]);
    let mut kai = User::join(&server, "kai", "dojo");
    // A JSON string has two quotes around its text.
    let long = |bytes: usize| json!({ "rid": "dojo", "data": "x".repeat(bytes - 2) });
    for bytes in [131_073, 200_000] {
        let (code, reason) = kai.refused("broadcast", &long(bytes));
        assert_eq!(code, 413);
        assert!(reason.contains("131072"), "{reason}");
    }
    let said = json!({ "rid": "dojo", "data": 1 });
    let refused = (0..40)
        .map(|_| kai.ask("broadcast", &said))
        .find(|answer| answer["ok"] == false);
    assert_eq!(refusal(&refused.expect("a limit")).0, 429);
}

#[test]
fn getusers_and_getpubs_match_the_join_response() {
    let server = Running::start(&[]);
    let _kai = User::join(&server, "kai", "dojo");
    let _ada = Socket::join(&server, "dojo", "ada");
    let mut rio = User::open(&server, "rio");
    let rid = json!({ "rid": "dojo" });
    let joined = rio.done("join", &rid);
    assert_eq!(joined["users"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        rio.done("getusers", &rid),
        json!({ "users": joined["users"] })
    );
    assert_eq!(rio.done("getpubs", &rid), json!({ "pubs": [] }));
    let nowhere = json!({ "rid": "nowhere" });
    assert_eq!(rio.done("getusers", &nowhere), json!({ "users": [] }));
}

#[test]
fn keepalive_is_refused_for_a_room_not_joined() {
    let server = Running::start(&[]);
    let mut kai = User::join(&server, "kai", "dojo");
    assert_eq!(kai.done("keepalive", &json!({ "rid": "dojo" })), json!({}));
    let refused = kai.refused("keepalive", &json!({ "rid": "other" }));
    assert_eq!(refused, (2, "rid not found".to_owned()));
}

#[test]
fn one_socket_joins_up_to_16_rooms() {
    let server = Running::start(&[]);
    let mut kai = User::join(&server, "kai", "one");
    kai.done("join", &json!({ "rid": "two" }));
    let _one = User::join(&server, "ada", "one");
    let _two = User::join(&server, "bob", "two");
    let mut told: Vec<_> = (0..2).map(|_| kai.told().1).collect();
    told.sort_by_key(|data| data["rid"].to_string());
    assert_eq!(
        (&told[0]["uid"], &told[0]["rid"]),
        (&json!("ada"), &json!("one"))
    );
    assert_eq!(
        (&told[1]["uid"], &told[1]["rid"]),
        (&json!("bob"), &json!("two"))
    );
    for n in 3..=16 {
        kai.done("join", &json!({ "rid": format!("room{n}") }));
    }
    assert_eq!(
        kai.refused("join", &json!({ "rid": "one too many" })).0,
        503
    );
    kai.done("keepalive", &json!({ "rid": "room16" }));
}

#[test]
fn names_with_any_characters_stay_distinct() {
    let server = Running::start(&[]);
    let names = [
        "a/b",
        "a*",
        "*",
        "a#b",
        "a b",
        "[a]?",
        "a~2Fb",
        "k\u{e4}se \u{1f9c0}",
        "..",
    ];
    let mut first = User::join(&server, "watcher", "a");
    let mut users: Vec<User> = names
        .iter()
        .map(|rid| {
            let mut user = User::open(&server, "u%2F*%23%20%C3%A4");
            assert_eq!(
                user.done("join", &json!({ "rid": rid }))["users"],
                json!([]),
                "{rid}"
            );
            user
        })
        .collect();
    for (user, rid) in users.iter_mut().zip(names) {
        let mut other = User::join(&server, "second", rid);
        let (method, data) = user.told();
        assert_eq!((method.as_str(), &data["rid"]), ("peer-join", &json!(rid)));
        let users = other.done("getusers", &json!({ "rid": rid }))["users"].clone();
        assert_eq!(users[0]["uid"], "u/*# \u{e4}");
        assert_eq!(users.as_array().map(Vec::len), Some(1));
        assert_eq!(user.all_told(), [], "{rid}");
    }
    assert_eq!(first.all_told(), []);
    let long = json!({ "rid": "#".repeat(43) });
    assert_eq!(first.refused("join", &long).0, 413);
}

#[test]
fn user_names_are_case_sensitive() {
    let server = Running::start(&[]);
    let mut kai = User::join(&server, "kai", "dojo");
    let mut other = User::join(&server, "Kai", "dojo");
    assert_eq!(kai.told().1["uid"], "Kai");
    kai.done("keepalive", &json!({ "rid": "dojo" }));
    other.done("keepalive", &json!({ "rid": "dojo" }));
}

#[test]
fn too_long_message_closes_only_its_own_socket() {
    let server = Running::start(&[]);
    let mut kai = User::join(&server, "kai", "dojo");
    let mut rio = User::join(&server, "rio", "dojo");
    let pad = |length: usize| {
        let frame = json!({ "request": true, "id": 1, "method": "keepalive", "data": { "rid": "dojo", "pad": "" } });
        frame.to_string().replace(
            "\"pad\":\"\"",
            &format!("\"pad\":\"{}\"", "x".repeat(length)),
        )
    };
    let room = 262_144 - pad(0).len();
    rio.wire.send_text(&pad(room));
    assert_eq!(rio.response(&json!(1))["ok"], true);
    rio.wire.send_text(&pad(room + 1));
    rio.wire.closed();
    kai.done("keepalive", &json!({ "rid": "dojo" }));
}

#[test]
fn own_port_shares_rooms_with_the_main_port() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = port.local_addr().expect("its address").to_string();
    drop(port);
    let server = Running::start(&[("HEADWATER_DIALECTS__GORTC__LISTEN", &address)]);
    let mut kai = User::join(&server, "kai", "dojo");
    let mut rio = User::at(&address, "rio");
    rio.done("join", &json!({ "rid": "dojo" }));
    assert_eq!(kai.told().1["uid"], "rio");
}

#[test]
fn url_token_decides_who_joins_and_who_publishes() {
    let server = Running::start(&[
        ("HEADWATER_AUTH__PUBLISH_TOKEN", "pub"),
        ("HEADWATER_AUTH__VIEW_TOKEN", "view"),
    ]);
    let path = |token| format!("/ws?peer=kai&token={token}");
    assert_eq!(
        Wire::open_with(&server.address, "/ws?peer=kai", &[]).err(),
        Some(401)
    );
    assert!(Wire::open_with(&server.address, &path("wrong"), &[]).is_err());
    let mut kai = User::at(&server.address, "kai&token=view");
    kai.done("join", &json!({ "rid": "dojo" }));
    let publish = json!({ "rid": "dojo", "jsep": { "sdp": "v=0" }, "minfo": {} });
    assert_eq!(kai.refused("publish", &publish).0, 403);
    let mut rio = User::at(&server.address, "rio&token=pub");
    rio.done("join", &json!({ "rid": "dojo" }));
    assert_eq!(
        rio.refused("publish", &publish).0,
        403,
        "refused for the offer, not for the token"
    );
}
