//! Invalid names, malformed messages, and broken sockets.

use serde_json::json;

use super::NOTHING;
use super::people::{Person, about, chat, create, join, of};
use crate::running::Running;

#[test]
fn room_with_a_taken_or_invalid_name_is_refused() {
    let server = Running::start(&[]);
    let _host = Person::hosts(&server, "cooking");
    let mut other = Person::comes(&server);
    for frame in [
        create("cooking"),
        create(""),
        create(" \t "),
        of("createRoom"),
        json!({ "event": "createRoom", "roomName": 7 }),
        json!({ "event": "createRoom", "roomName": null }),
        json!({ "event": "createRoom", "roomName": ["a"] }),
        create(&"x".repeat(129)),
    ] {
        assert_eq!(other.says(&frame), [of("createRoomFailed")], "{frame}");
    }
    assert_eq!(other.list(), ["cooking"]);
}

#[test]
fn names_with_html_characters_are_refused() {
    let server = Running::start(&[]);
    let _host = Person::hosts(&server, "cooking");
    let mut other = Person::comes(&server);
    for name in ["<b>", "a>b", "\"", "it's", "a\\b", "a&b", "a\nb", "\u{0}"] {
        let refused = other.says(&create(name));
        assert_eq!(refused, [of("createRoomFailed")], "{name:?}");
        let refused = other.says(&join("cooking", name));
        assert_eq!(refused, [of("joinRoomFailed")], "{name:?}");
    }
}

#[test]
fn failed_join_is_told_once_and_only_to_the_viewer() {
    let server = Running::start(&[]);
    let mut host = Person::hosts(&server, "cooking");
    let mut lin = Person::views(&server, "cooking", "lin");
    host.told();
    let mut bob = Person::comes(&server);
    for frame in [
        join("chess", "bob"),
        join("cooking", "cooking"),
        join("cooking", "lin"),
        join("cooking", "  "),
        json!({ "event": "joinRoom", "roomName": "cooking" }),
        json!({ "event": "joinRoom", "name": "bob" }),
        json!({ "event": "joinRoom", "name": 7, "roomName": "cooking" }),
    ] {
        assert_eq!(bob.says(&frame), [of("joinRoomFailed")], "{frame}");
    }
    assert_eq!(host.told(), NOTHING);
    assert_eq!(lin.told(), NOTHING);
}

#[test]
fn names_are_compared_exactly() {
    let server = Running::start(&[]);
    let mut host = Person::hosts(&server, "cooking");
    for room in ["Cooking", " cooking", "cooking "] {
        assert_eq!(host.says(&create(room)), [of("createRoomOk")], "{room:?}");
    }
    assert_eq!(host.list(), ["cooking", "Cooking", " cooking", "cooking "]);
    let mut stranger = Person::comes(&server);
    assert_eq!(
        stranger.says(&join("COOKING", "lin")),
        [of("joinRoomFailed")]
    );
    let _viewers = ["lin", "Lin", "lin ", "Cooking"].map(|name| {
        let viewer = Person::views(&server, "cooking", name);
        assert_eq!(host.told()[0], about("joinRoom", name));
        viewer
    });
}

#[test]
fn javascript_property_names_are_ordinary_names() {
    let server = Running::start(&[]);
    for name in ["__proto__", "constructor", "toString", "hasOwnProperty"] {
        let mut host = Person::hosts(&server, name);
        let mut viewer = Person::views(&server, name, "valueOf");
        let told = [about("joinRoom", "valueOf"), about("joinHint", "valueOf")];
        assert_eq!(host.told(), told);
        let mut other = Person::comes(&server);
        assert_eq!(other.says(&create(name)), [of("createRoomFailed")]);
        assert_eq!(host.says(&of("closeRoom")), NOTHING);
        assert_eq!(viewer.told(), [of("roomClosed")]);
    }
}

#[test]
fn frames_that_crashed_the_original_disturb_nobody() {
    let server = Running::start(&[]);
    let mut host = Person::hosts(&server, "cooking");
    let mut lin = Person::views(&server, "cooking", "lin");
    host.told();
    let mut stranger = Person::comes(&server);
    let candidate = json!({ "event": "_ice_candidate", "data": { "candidate": {}, "to": "x" } });
    for (frame, reply) in [
        ("{\"event\":\"createRoom\"".to_owned(), None),
        (chat("nowhere", "hi").to_string(), None),
        (
            json!({ "event": "chatSend", "msg": "hi" }).to_string(),
            None,
        ),
        (of("closeRoom").to_string(), None),
        (of("createRoom").to_string(), Some("createRoomFailed")),
        (
            json!({ "event": "joinRoom", "roomName": "cooking" }).to_string(),
            Some("joinRoomFailed"),
        ),
        (
            r#"{"event":"_offer","data":{"sdp":{},"nameB":"lin"}}"#.to_owned(),
            None,
        ),
        (
            r#"{"event":"_answer","data":{"sdp":{},"nameA":"x"}}"#.to_owned(),
            None,
        ),
        (candidate.to_string(), None),
    ] {
        stranger.wire.send_text(&frame);
        let reply: Vec<_> = reply.map(of).into_iter().collect();
        assert_eq!(stranger.told(), reply, "{frame}");
    }
    // A host's offer to an unknown viewer crashed the original, too.
    let offer = json!({ "event": "_offer", "data": { "sdp": {}, "nameB": "nobody" } });
    assert_eq!(host.says(&offer), NOTHING);
    let read = [json!({ "event": "chat", "msg": "hi", "name": "lin" })];
    assert_eq!(lin.says(&chat("cooking", "hi")), read);
    assert_eq!(host.told(), read);
    assert_eq!(host.count(), 2);
}

#[test]
fn unknown_events_and_non_objects_are_dropped_and_counted() {
    let server = Running::start(&[]);
    let mut person = Person::comes(&server);
    let frames = [
        "null",
        "[]",
        "7",
        "{}",
        r#"{"event":7}"#,
        r#"{"event":"dance"}"#,
    ];
    for frame in frames {
        person.wire.send_text(frame);
    }
    assert_eq!(person.told(), NOTHING);
    let counted = "headwater_dialect_frames_total{dialect=\"live-room\",outcome=\"refused\"}";
    // The two that `told` sends are refused as well.
    let refused = frames.len() as u64 + 2;
    server.until(|server| server.counted(counted) == refused);
}

#[test]
fn broken_and_closed_sockets_disturb_no_other_pushes() {
    let server = Running::start(&[]);
    let mut others = [(); 4].map(|()| Person::comes(&server));
    let mut broken = Person::hosts(&server, "cooking");
    let lin = Person::views(&server, "cooking", "lin");
    // Invalid UTF-8 is an error, and ends the socket.
    broken.wire.send_binary(&[0xff, 0xfe]);
    assert!(broken.wire.closed().is_some());
    lin.wire.close();
    drop(Person::comes(&server));
    for other in &mut others {
        for _ in 0..3 {
            other.list();
        }
        assert_eq!(other.list(), [] as [String; 0]);
    }
}
