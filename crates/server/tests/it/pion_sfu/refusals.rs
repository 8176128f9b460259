//! Malformed frames, and requests beyond the limits.

use std::time::{Duration, Instant};

use serde_json::json;

use super::person::Person;
use crate::running::Running;
use crate::storm::{Chance, storm};
use crate::wire::Wire;

/// The longest time that participants outside the storm may wait.
const DISTURBED_MAX: Duration = Duration::from_secs(5);

const REFUSED: &str = "headwater_dialect_frames_total{dialect=\"pion-sfu\",outcome=\"refused\"}";

#[test]
fn frames_that_crashed_the_original_are_dropped_and_counted() {
    let server = Running::start(&[]);
    let mut mia = Person::publishes(&server, "attic", "mia");
    let mut leo = Person::joins(&server, "attic", "leo");
    let frames = [
        r#"{"event":"joinRoom","data":{}}"#,
        r#"{"event":"joinRoom","data":{"self_id":7,"room_id":null}}"#,
        r#"{"event":"joinRoom","data":{"self_id":"","room_id":"attic"}}"#,
        r#"{"event":"leaveRoom","data":{"self_id":{},"room_id":[]}}"#,
        r#"{"event":"offer","data":{}}"#,
        r#"{"event":"offer","data":{"offer":null}}"#,
        r#"{"event":"offer","data":{"offer":{"sdp":7}}}"#,
        r#"{"event":"offer","data":{"offer":{"sdp":"nonsense"}}}"#,
        r#"{"event":"answer","data":{"answer":"v=0"}}"#,
        r#"{"event":"answer","data":{"answer":{"type":"answer"}}}"#,
        r#"{"event":"ice-candidate","data":{}}"#,
        r#"{"event":"ice-candidate","data":{"candidate":null}}"#,
        r#"{"event":"ice-candidate","data":{"candidate":{"sdpMid":null}}}"#,
        r#"{"event":"offer","data":"{}"}"#,
        r#"{"event":"candidate","data":{}}"#,
        r#"{"event":null}"#,
        r#"[]"#,
        r#"1e999"#,
    ];
    for frame in frames {
        leo.wire.send_text(frame);
    }
    // It is still in the room, and so are the others.
    leo.publish();
    leo.sees(&["mia-stream"]);
    mia.sees(&["leo-stream"]);
    assert_eq!(server.counted(REFUSED), frames.len() as u64);
}

#[test]
fn frames_before_joining_are_refused() {
    let server = Running::start(&[]);
    let mut mia = Person::comes(&server, "attic", "mia");
    let offer = mia.offer.clone();
    mia.send_offer(&offer);
    mia.leave();
    mia.hears_nothing();
    mia.join();
    mia.publish();
    assert_eq!(server.counted(REFUSED), 2);
}

#[test]
fn invalid_json_closes_only_its_own_socket() {
    let server = Running::start(&[]);
    let mut mia = Person::publishes(&server, "attic", "mia");
    let mut leo = Person::publishes(&server, "attic", "leo");
    mia.sees(&["leo-stream"]);
    leo.wire.send_text("{\"event\":");
    assert_eq!(leo.wire.closed(), Some(1008));
    mia.sees(&[]);
}

#[test]
fn refused_join_closes_its_socket() {
    let server = Running::start(&[("HEADWATER_ROOMS__PARTICIPANTS_MAX", "1")]);
    let _mia = Person::publishes(&server, "attic", "mia");
    server.until(|server| server.ask("GET /api/v1/rooms/attic", "").status == 200);
    let long = "x".repeat(65);
    for (room, id) in [
        ("attic", "leo"),
        (&*"x".repeat(200), "leo"),
        ("cellar", &*long),
    ] {
        let mut person = Person::joins(&server, room, id);
        assert_eq!(person.wire.closed(), Some(1008), "{room} {id}");
    }
}

#[test]
fn too_long_frame_closes_its_socket() {
    let server = Running::start(&[]);
    let mut mia = Person::publishes(&server, "attic", "mia");
    let mut leo = Person::publishes(&server, "attic", "leo");
    mia.sees(&["leo-stream"]);
    let long = format!("{}a=x:{}\r\n", leo.offer, "x".repeat(262_144));
    leo.send_offer(&long);
    assert_eq!(leo.wire.closed(), Some(1008));
    mia.sees(&[]);
}

#[test]
fn url_token_decides_who_publishes_and_who_only_watches() {
    let server = Running::start(&[
        ("HEADWATER_AUTH__PUBLISH_TOKEN", "up"),
        ("HEADWATER_AUTH__VIEW_TOKEN", "down"),
    ]);
    assert_eq!(Wire::open_with(&server.address, "/", &[]).err(), Some(401));
    let with = |token: &str, id: &str| {
        let mut person = Person {
            wire: Wire::open(&server.address, &format!("/?token={token}")),
            room: "attic".to_owned(),
            id: id.to_owned(),
            offer: super::person::publishing(&format!("{id}-stream"), id),
        };
        person.join();
        person.publish();
        person
    };
    let mut publisher = with("up", "mia");
    let mut viewer = with("down", "leo");
    viewer.sees(&["mia-stream"]);
    publisher.hears_nothing();
}

#[test]
fn frame_storm_leaves_two_others_undisturbed() {
    let server = Running::start(&[("HEADWATER_ROOMS__EMPTY_GRACE_S", "0")]);
    let mut mia = Person::publishes(&server, "quiet", "mia");
    let mut leo = Person::joins(&server, "quiet", "leo");
    let mut chance = Chance::printed();
    let offers: Vec<String> = (0..4).map(|_| crate::offer::publishing()).collect();
    let address = server.address.clone();
    let storm = std::thread::spawn(move || {
        let frame = |_: usize, chance: &mut Chance| frame(chance, &offers);
        storm(&address, &mut chance, |_| "/".to_owned(), frame);
    });
    let mut rounds = 0_u32;
    while !storm.is_finished() {
        let start = Instant::now();
        leo.publish();
        mia.sees(&["leo-stream"]);
        leo.sees(&["mia-stream"]);
        leo.leave();
        mia.sees(&[]);
        leo.join();
        assert!(
            start.elapsed() < DISTURBED_MAX,
            "round {rounds}: {:?}",
            start.elapsed()
        );
        rounds += 1;
    }
    storm.join().expect("the storm itself does not fail");
    assert!(
        rounds > 0,
        "the storm was over before anybody could be disturbed"
    );
    // No client of the storm is left.
    for room in ["one", "two", "a~2Fb"] {
        let rooms = format!("GET /api/v1/rooms/{room}");
        server.until(|server| server.ask(&rooms, "").status == 404);
    }
}

/// A frame that a client might send, or one with nonsense in it.
fn frame(chance: &mut Chance, offers: &[String]) -> String {
    let events = [
        "joinRoom",
        "leaveRoom",
        "offer",
        "answer",
        "ice-candidate",
        "candidate",
    ];
    let event = json!(chance.one_of(&events)).to_string();
    // Invalid JSON closes the socket: one frame in two hundred is invalid.
    if chance.below(200) == 0 {
        return event[1..].to_owned();
    }
    let field = |chance: &mut Chance, good: String| match chance.below(8) {
        0 => chance.nonsense().to_owned(),
        _ => good,
    };
    // Offers are slow to answer: one in thirty is a real one.
    let sdp = json!(match chance.below(30) {
        0 => &offers[chance.below(offers.len())],
        _ => "v=0",
    });
    let room = json!(chance.one_of(&["one", "two", "a/b"])).to_string();
    let peer = json!(chance.one_of(&["u1", "u2", "u3", "u4", "#"])).to_string();
    let candidate = json!("candidate:1 1 udp 2122194687 127.0.0.1 9 typ host");
    let description = json!({ "type": "offer", "sdp": sdp }).to_string();
    let candidate = json!({ "candidate": candidate, "sdpMid": "0" }).to_string();
    let data = format!(
        "{{\"room_id\":{},\"self_id\":{},\"offer\":{},\"answer\":{},\"candidate\":{}}}",
        field(chance, room),
        field(chance, peer),
        field(chance, description.clone()),
        field(chance, description),
        field(chance, candidate),
    );
    format!("{{\"event\":{event},\"data\":{}}}", field(chance, data))
}
