//! Media through the server: the host offers to it, and it offers to the viewers.

use serde_json::{Value, json};

use super::NOTHING;
use super::people::{Person, about, chat, create, join, of};
use crate::media::{Client, Line, Publisher, Viewer};
use crate::offer;
use crate::running::Running;
use crate::socket::Socket;

const MEDIA: (&str, &str) = ("HEADWATER_DIALECTS__LIVE_ROOM__MEDIA", "server");

fn described(event: &str, sdp: &str, to: &str) -> Value {
    let (field, kind) = match event {
        "_offer" => ("nameB", "offer"),
        _ => ("nameA", "answer"),
    };
    json!({ "event": event, "data": { "sdp": { "type": kind, "sdp": sdp }, field: to } })
}

/// The names of all streams.
fn streams(server: &Running) -> Vec<String> {
    let list = server.ask("GET /api/v1/streams", "").json();
    let names = list["streams"].as_array().expect("a list").iter();
    names
        .map(|stream| stream["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn host_publishes_to_the_server_and_viewers_wait_for_it() {
    let server = Running::start(&[MEDIA]);
    let (mut host, name) = Person::hosts_for(&server, "late show");
    assert_eq!(host.count(), 1);
    host.wire
        .send(&described("_offer", &offer::publishing(), &name));
    let answer = host.wire.until(|frame| frame["event"] == "_answer");
    let data = &answer["data"];
    assert_eq!(
        (&data["nameA"], &data["nameB"]),
        (&json!("late show"), &json!(name))
    );
    assert_eq!(data["sdp"]["type"], "answer");
    let sdp = data["sdp"]["sdp"].as_str().expect("a description");
    assert_eq!(sdp.matches("a=recvonly").count(), 2, "{sdp}");
    assert_eq!(streams(&server), ["late~20show"]);

    let mut lin = Person::views(&server, "late show", "lin");
    assert_eq!(host.told(), [about("joinHint", "lin")]);
    assert_eq!(host.count(), 2);
    // The API lists both as participants of the room with this name.
    server.until(|server| {
        let inside = server.ask("GET /api/v1/rooms/late~20show", "").json();
        let people = inside["participants"].as_array().expect("a list");
        let names: Vec<&Value> = people.iter().map(|person| &person["name"]).collect();
        names == ["late show", "lin"]
    });
    let candidate = json!({ "candidate": "candidate:1 1 udp 1 127.0.0.1 9 typ host" });
    for (person, to) in [(&mut host, &*name), (&mut lin, "late show")] {
        let data = json!({ "candidate": candidate, "to": to });
        let frame = json!({ "event": "_ice_candidate", "data": data });
        assert_eq!(person.says(&frame), NOTHING, "{to}");
    }
    assert_eq!(host.says(&of("closeRoom")), NOTHING);
    assert_eq!(lin.told(), [of("roomClosed")]);
    server.until(|server| streams(server).is_empty());
    server.until(|server| {
        let inside = server.ask("GET /api/v1/rooms/late~20show", "").json();
        inside["participants"] == json!(NOTHING)
    });
}

#[test]
fn second_offer_replaces_the_first_but_an_invalid_one_does_not() {
    let server = Running::start(&[MEDIA]);
    let (mut host, name) = Person::hosts_for(&server, "cooking");
    for _ in 0..2 {
        host.wire
            .send(&described("_offer", &offer::publishing(), &name));
        host.wire.until(|frame| frame["event"] == "_answer");
        assert_eq!(streams(&server), ["cooking"]);
    }
    for sdp in [
        json!("v=0"),
        json!(7),
        Value::Null,
        json!("x".repeat(70_000)),
    ] {
        let data = json!({ "nameB": name, "sdp": { "type": "offer", "sdp": sdp } });
        host.wire.send(&json!({ "event": "_offer", "data": data }));
    }
    host.wire
        .send(&described("_offer", &offer::publishing(), &name));
    host.wire.until(|frame| frame["event"] == "_answer");
    let mut lin = Person::views(&server, "cooking", "lin");
    assert_eq!(
        lin.says(&chat("cooking", "hi")),
        [json!({ "event": "chat", "msg": "hi", "name": "lin" })]
    );
    assert_eq!(lin.says(&described("_answer", "v=0", "cooking")), NOTHING);
}

#[test]
fn name_in_use_by_another_dialect_is_refused() {
    let server = Running::start(&[MEDIA]);
    server.publish("garden");
    let _dan = Socket::join(&server, "attic", "attic");
    let mut host = Person::comes(&server);
    for room in ["garden", "attic"] {
        assert_eq!(host.says(&create(room)), [of("createRoomFailed")], "{room}");
    }
    // This name is too long once it is escaped.
    let long = "\u{e4}".repeat(40);
    assert_eq!(host.says(&create(&long)), [of("createRoomFailed")]);
    assert_eq!(host.list(), [] as [String; 0]);
    // Other participants in a room of this name do not prevent its creation.
    let _eve = Socket::join(&server, "cellar", "eve");
    host.wire.send(&create("cellar"));
    host.wire.until(|frame| *frame == of("createRoomOk"));
}

#[test]
fn participant_removed_by_the_api_is_told_and_gone() {
    let server = Running::start(&[MEDIA]);
    let (mut host, _) = Person::hosts_for(&server, "cooking");
    let mut lin = Person::views(&server, "cooking", "lin");
    let mut bob = Person::views(&server, "cooking", "bob");
    let participants = "/api/v1/rooms/cooking/participants";
    let mut id = None;
    server.until(|server| {
        let list = server.ask(&format!("GET {participants}"), "").json();
        let people = list["participants"].as_array().expect("a list");
        let found = people.iter().find(|person| person["name"] == "lin");
        id = found.map(|person| person["id"].as_str().expect("an id").to_owned());
        id.is_some()
    });
    let id = id.expect("it is in the list");
    host.told();
    let kicked = server.ask(&format!("DELETE {participants}/{id}"), "");
    assert_eq!(kicked.status, 204, "{kicked:?}");
    lin.wire.until(|frame| *frame == of("joinRoomFailed"));
    host.wire.until(|frame| *frame == about("quitHint", "lin"));
    let kicked = server.ask(&format!("DELETE {participants}/cooking"), "");
    assert_eq!(kicked.status, 204, "{kicked:?}");
    host.wire.until(|frame| *frame == of("createRoomFailed"));
    bob.wire.until(|frame| *frame == of("roomClosed"));
    assert_eq!(host.list(), [] as [String; 0]);
}

#[test]
fn locked_room_refuses_viewers() {
    let server = Running::start(&[MEDIA]);
    let (_host, _) = Person::hosts_for(&server, "cooking");
    let locked = json!({ "locked": true });
    server.until(|server| {
        let answer = server.ask_json("PATCH /api/v1/rooms/cooking", &locked);
        answer.status == 200
    });
    let mut lin = Person::comes(&server);
    lin.wire.send(&join("cooking", "lin"));
    lin.wire.until(|frame| *frame == of("joinRoomFailed"));
}

#[test]
fn closed_room_can_be_opened_again_at_once() {
    let server = Running::start(&[MEDIA]);
    let (mut host, mut name) = Person::hosts_for(&server, "cooking");
    for _ in 0..20 {
        let offer = described("_offer", &offer::publishing(), &name);
        host.wire.send(&offer);
        host.wire.until(|frame| frame["event"] == "_answer");
        host.wire.send(&of("closeRoom"));
        host.wire.send(&create("cooking"));
        let answer = host
            .wire
            .until(|frame| frame["event"] != "roomsInfo" && frame["event"] != "count");
        assert_eq!(answer, of("createRoomOk"));
        let asks = host.wire.until(|frame| frame["event"] == "joinRoom");
        assert_ne!(asks["name"], name);
        name = asks["name"].as_str().expect("a name").to_owned();
    }
    // The same without waiting for any answer.
    for _ in 0..20 {
        host.wire.send(&of("closeRoom"));
        host.wire.send(&create("cooking"));
        host.wire.until(|frame| *frame == of("createRoomOk"));
    }
    assert_eq!(streams(&server), [] as [String; 0]);
}

#[test]
fn viewer_that_answers_twice_is_offered_the_stream_anew() {
    let server = Running::start(&[MEDIA]);
    let (mut host, name) = Person::hosts_for(&server, "cooking");
    let mut camera = Client::new();
    host.wire
        .send(&described("_offer", &camera.offer(&[Line::Sent]), &name));
    let answer = host.wire.until(|frame| frame["event"] == "_answer");
    camera.accept(answer["data"]["sdp"]["sdp"].as_str().expect("a text"));
    let _publisher = Publisher::begin(camera);

    let mut lin = Person::comes(&server);
    lin.wire.send(&join("cooking", "lin"));
    let offered = |lin: &mut Person| {
        let offer = lin.wire.until(|frame| frame["event"] == "_offer");
        let mut screen = Client::new();
        let sdp = offer["data"]["sdp"]["sdp"].as_str().expect("a text");
        let answer = described("_answer", &screen.answer(sdp), "cooking");
        (screen, answer)
    };
    let (_, stale) = offered(&mut lin);
    lin.wire.send(&stale);
    lin.wire.send(&stale);
    let (screen, answer) = offered(&mut lin);
    lin.wire.send(&answer);
    Viewer::begin(screen).loses_packets();
}
