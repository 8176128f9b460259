//! Invalid commands get the exact text of the original, and change nothing.

use super::*;

#[test]
fn invalid_command_gets_an_error_and_its_socket_stays_open() {
    let server = server(3);
    let mut per = Peer::comes(&server, "per");
    for (frame, text) in [
        ("[]", "Message is not a JSON object"),
        ("\"FETCH_CONFIG\"", "Message is not a JSON object"),
        ("{}", "Message is lacking a command property"),
        ("{\"command\":7}", "Message is lacking a command property"),
        ("{\"command\":\"DANCE\"}", "Unknown command: DANCE"),
    ] {
        per.wire.send_text(frame);
        assert_eq!(per.wire.next(), error(text), "{frame}");
    }
    per.hears_nothing();
    let counted = "headwater_dialect_frames_total{dialect=\"tributary\",outcome=\"refused\"}";
    server.until(|server| server.counted(counted) == 5);
}

#[test]
fn unknown_broadcast_is_named_and_the_tree_unchanged() {
    let server = server(3);
    let mut mona = Peer::broadcasts(&server, "mona");
    let mut per = Peer::comes(&server, "per");
    per.arrives(&mut mona);
    per.says(&json!({ "command": "JOIN_BROADCAST", "name": "gala", "offer": {} }));
    assert_eq!(per.wire.next(), error("Unknown broadcast: gala"));
    assert_eq!(mona.tree(), "mona(per)");
}

#[test]
fn unknown_peer_is_named_in_the_error() {
    let server = server(3);
    let mut mona = Peer::broadcasts(&server, "mona");
    let absent = "5c0f1b2a-0000-4000-8000-000000000000";
    for frame in [
        json!({ "command": "ICE_CANDIDATES", "peer": absent, "candidates": [] }),
        json!({ "command": "ICE_CANDIDATES_RECEIVED", "peer": absent }),
        json!({ "command": "RELAY_BROADCAST_RECEIVED", "peer": absent, "answer": {} }),
    ] {
        mona.says(&frame);
        assert_eq!(mona.wire.next(), error(&format!("Unknown peer: {absent}")));
    }
}

#[test]
fn only_the_owner_ends_a_broadcast() {
    let server = server(3);
    let mut mona = Peer::broadcasts(&server, "mona");
    let mut per = Peer::comes(&server, "per");
    let (id, _) = per.arrives(&mut mona);
    let end = |name: &str| json!({ "command": "END_BROADCAST", "name": name });
    per.says(&end("derby"));
    let text = format!("Peer \"{id}\" did not start broadcast \"derby\"");
    assert_eq!(per.wire.next(), error(&text));
    per.says(&end("gala"));
    assert_eq!(per.wire.next(), error("Broadcast \"gala\" does not exist"));
    mona.hears_nothing();
}

#[test]
fn peer_outside_the_tree_cannot_leave_it() {
    let server = server(3);
    let mut mona = Peer::broadcasts(&server, "mona");
    let mut per = Peer::comes(&server, "per");
    let (id, _) = per.arrives(&mut mona);
    per.leaves();
    per.says(&json!({ "command": "LEAVE_BROADCAST", "name": "derby" }));
    let text = format!("Unable to find peer \"{id}\" in LEAVE_BROADCAST message");
    assert_eq!(per.wire.next(), error(&text));
}
