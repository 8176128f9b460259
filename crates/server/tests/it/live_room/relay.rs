//! What the server passes on between the people of a room.

use serde_json::{Value, json};

use super::NOTHING;
use super::people::{Person, chat, create, join, of};
use crate::running::Running;

/// A host, two viewers and a stranger. The frames that they were sent so far are consumed.
fn company(server: &Running) -> [Person; 4] {
    let host = Person::hosts(server, "cooking");
    let lin = Person::views(server, "cooking", "lin");
    let bob = Person::views(server, "cooking", "bob");
    let mut all = [host, lin, bob, Person::comes(server)];
    for person in &mut all {
        person.told();
    }
    all
}

#[test]
fn offer_reaches_the_named_viewer_with_the_room_name() {
    let server = Running::start(&[]);
    let [mut host, mut lin, mut bob, mut stranger] = company(&server);
    let sdp = json!({ "type": "offer", "sdp": "v=0\r\na=x:\u{e9}\r\n", "more": [1.0, null] });
    let offer = json!({ "event": "_offer", "seq": 7, "data": { "sdp": sdp, "nameB": "lin" } });
    assert_eq!(host.says(&offer), NOTHING);
    let data = json!({ "sdp": sdp, "nameB": "lin", "nameA": "cooking" });
    let passed = json!({ "event": "_offer", "seq": 7, "data": data });
    assert_eq!(lin.told(), [passed]);
    assert_eq!(bob.told(), NOTHING);
    assert_eq!(stranger.told(), NOTHING);
}

#[test]
fn answer_reaches_the_host_with_the_viewer_name() {
    let server = Running::start(&[]);
    let [mut host, mut lin, mut bob, _stranger] = company(&server);
    let sdp = json!({ "type": "answer", "sdp": "v=0\r\n" });
    let data = json!({ "sdp": sdp, "nameA": "cooking", "nameB": "bob" });
    let answer = json!({ "event": "_answer", "data": data });
    assert_eq!(lin.says(&answer), NOTHING);
    let data = json!({ "sdp": sdp, "nameA": "cooking", "nameB": "lin" });
    assert_eq!(host.told(), [json!({ "event": "_answer", "data": data })]);
    assert_eq!(bob.told(), NOTHING);
}

#[test]
fn candidates_go_both_ways_with_their_sender() {
    let server = Running::start(&[]);
    let [mut host, mut lin, mut bob, _stranger] = company(&server);
    let line = "candidate:4 1 udp 2122194687 10.0.0.8 54133 typ host generation 0";
    let candidate = json!({ "candidate": line, "sdpMid": "0", "sdpMLineIndex": 0 });
    let frame = |data: Value| json!({ "event": "_ice_candidate", "data": data });
    let to_lin = json!({ "candidate": candidate, "to": "lin" });
    assert_eq!(host.says(&frame(to_lin)), NOTHING);
    let from_host = json!({ "candidate": candidate, "to": "lin", "from": "cooking" });
    assert_eq!(lin.told(), [frame(from_host)]);
    let to_host = json!({ "candidate": candidate, "to": "cooking" });
    assert_eq!(bob.says(&frame(to_host)), NOTHING);
    let from_bob = json!({ "candidate": candidate, "to": "cooking", "from": "bob" });
    assert_eq!(host.told(), [frame(from_bob)]);
    assert_eq!(lin.told(), NOTHING);
}

#[test]
fn candidates_for_an_unknown_name_are_dropped() {
    let server = Running::start(&[]);
    let [mut host, mut lin, bob, mut stranger] = company(&server);
    drop(bob);
    host.wire.until(|frame| frame["event"] == "quitHint");
    lin.told();
    for to in [json!("bob"), json!("nobody"), json!(7), Value::Null] {
        let data = json!({ "candidate": {}, "to": to });
        let candidate = json!({ "event": "_ice_candidate", "data": data });
        assert_eq!(host.says(&candidate), NOTHING, "{to}");
        assert_eq!(stranger.says(&candidate), NOTHING, "{to}");
    }
    let nameless = json!({ "event": "_ice_candidate", "data": { "candidate": {} } });
    assert_eq!(host.says(&nameless), NOTHING);
    assert_eq!(host.says(&of("_ice_candidate")), NOTHING);
    assert_eq!(lin.told(), NOTHING);
}

#[test]
fn messages_from_one_sender_arrive_in_order() {
    let server = Running::start(&[]);
    let [mut host, mut lin, _bob, _stranger] = company(&server);
    for n in 0..200 {
        let event = if n % 5 == 0 {
            "_offer"
        } else {
            "_ice_candidate"
        };
        let data = json!({ "nameB": "lin", "to": "lin", "n": n });
        host.wire.send(&json!({ "event": event, "data": data }));
        lin.wire.send(&chat("cooking", &n.to_string()));
    }
    host.told();
    let told = lin.told();
    let sent_by_host = told.iter().filter_map(|frame| frame["data"]["n"].as_u64());
    assert_eq!(
        sent_by_host.collect::<Vec<_>>(),
        (0..200).collect::<Vec<_>>()
    );
    let own_words = told.iter().filter_map(|frame| frame["msg"].as_str());
    let expected: Vec<_> = (0..200).map(|n| n.to_string()).collect();
    assert_eq!(own_words.collect::<Vec<_>>(), expected);
}

#[test]
fn viewer_chat_reaches_the_room_under_its_name() {
    let server = Running::start(&[]);
    let [mut host, mut lin, mut bob, mut stranger] = company(&server);
    let text = "it's \"done\"\n\u{1f600} caf\u{e9}; 100% \\o/";
    let read = [json!({ "event": "chat", "msg": text, "name": "lin" })];
    assert_eq!(lin.says(&chat("cooking", text)), read);
    assert_eq!(host.told(), read);
    assert_eq!(bob.told(), read);
    assert_eq!(stranger.told(), NOTHING);
}

#[test]
fn host_chat_reaches_the_room_under_the_room_name() {
    let server = Running::start(&[]);
    let [mut host, mut lin, mut bob, _stranger] = company(&server);
    let read = [json!({ "event": "chat", "msg": "soon", "name": "cooking" })];
    let said = host.says(&json!({ "event": "chatSend", "msg": "soon" }));
    assert_eq!(said, read);
    assert_eq!(lin.told(), read);
    assert_eq!(bob.told(), read);
}

#[test]
fn chat_from_outside_the_room_reaches_nobody() {
    let server = Running::start(&[]);
    let [mut host, mut lin, _bob, mut stranger] = company(&server);
    for frame in [
        chat("cooking", "hi"),
        chat("nowhere", "hi"),
        json!({ "event": "chatSend", "msg": "hi" }),
        json!({ "event": "chatSend", "msg": "hi", "roomName": 7 }),
        json!({ "event": "chatSend", "roomName": "cooking" }),
    ] {
        assert_eq!(stranger.says(&frame), NOTHING, "{frame}");
    }
    assert_eq!(host.told(), NOTHING);
    assert_eq!(lin.told(), NOTHING);
}

#[test]
fn html_in_chat_arrives_escaped() {
    let server = Running::start(&[]);
    let [mut host, mut lin, _bob, _stranger] = company(&server);
    let image = "<img src=x onerror=alert(1)> & more";
    let shown = "&lt;img src=x onerror=alert(1)&gt; &amp; more";
    let read = [json!({ "event": "chat", "msg": shown, "name": "lin" })];
    assert_eq!(lin.says(&chat("cooking", image)), read);
    assert_eq!(host.told(), read);
}

#[test]
fn host_that_views_another_room_reaches_both_rooms() {
    let server = Running::start(&[]);
    let [mut host, mut lin, _bob, mut other] = company(&server);
    assert_eq!(other.says(&create("chess")), [of("createRoomOk")]);
    assert_eq!(host.says(&join("chess", "Ada")), NOTHING);
    other.told();
    for to in ["lin", "chess"] {
        let data = json!({ "candidate": {}, "to": to });
        host.says(&json!({ "event": "_ice_candidate", "data": data }));
    }
    assert_eq!(lin.told()[0]["data"]["from"], "cooking");
    assert_eq!(other.told()[0]["data"]["from"], "Ada");
}
