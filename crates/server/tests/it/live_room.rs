//! The live room at its socket: what `docs/protocol/live-room.md` promises.

mod crowd;
mod people;
mod refusals;
mod relay;
mod server;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::running::Running;
use crate::wire::Wire;
use people::{Person, about, create, join, of};

const NOTHING: [Value; 0] = [];

/// An address on which nothing listens.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").to_string()
}

#[test]
fn own_port_takes_any_path_and_origin_and_shares_rooms() {
    let address = free_address();
    let server = Running::start(&[("HEADWATER_DIALECTS__LIVE_ROOM__LISTEN", &address)]);
    let mut host = Person::hosts(&server, "cooking");
    for path in ["/", "/rtc", "/any/other?x=1"] {
        let origin = [("origin", "https://elsewhere.example")];
        let mut wire = Wire::open_with(&address, path, &origin).expect("a socket");
        assert_eq!(wire.subprotocol, None, "{path}");
        let list = wire.until(|frame| frame["event"] == "roomsInfo");
        assert_eq!(list["info"], json!(["cooking"]), "{path}");
        wire.send(&join("cooking", path));
        assert_eq!(host.wire.until(|f| f["event"] == "joinRoom")["name"], path);
    }
}

#[test]
fn plain_request_to_the_own_port_gets_404_at_once() {
    let address = free_address();
    let _server = Running::start(&[("HEADWATER_DIALECTS__LIVE_ROOM__LISTEN", &address)]);
    let mut stream = TcpStream::connect(&address).expect("the port is open");
    let patience = Some(Duration::from_secs(5));
    stream.set_read_timeout(patience).expect("a socket");
    let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request).expect("the port is open");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .expect("an answer in time");
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(answer.ends_with("Cannot GET /\n"), "{answer}");
}

#[test]
fn room_list_comes_within_600_ms_and_then_every_500_ms() {
    let server = Running::start(&[]);
    let mut wire = Wire::open(&server.address, "/rtc");
    let opened = Instant::now();
    let next = |wire: &mut Wire| {
        let frame = wire.next();
        assert_eq!(frame, json!({ "event": "roomsInfo", "info": [] }));
        Instant::now()
    };
    let first = next(&mut wire);
    assert!(
        first - opened < Duration::from_millis(600),
        "{:?}",
        first - opened
    );
    let mut last = first;
    for _ in 0..6 {
        last = next(&mut wire);
    }
    let mean = (last - first) / 6;
    let (least, most) = (Duration::from_millis(400), Duration::from_millis(600));
    assert!(mean > least && mean < most, "every {mean:?}");
}

#[test]
fn new_room_is_in_the_next_list_of_every_socket() {
    let server = Running::start(&[]);
    let mut other = Person::comes(&server);
    let mut host = Person::hosts(&server, "cooking");
    let _chess = Person::hosts(&server, "chess");
    assert_eq!(host.list(), ["cooking", "chess"]);
    assert_eq!(other.list(), ["cooking", "chess"]);
}

#[test]
fn room_count_reaches_only_its_host_and_viewers() {
    let server = Running::start(&[]);
    let mut host = Person::hosts(&server, "cooking");
    let mut stranger = Person::comes(&server);
    assert_eq!(host.count(), 1);
    let mut lin = Person::views(&server, "cooking", "lin");
    let mut bob = Person::views(&server, "cooking", "bob");
    for person in [&mut host, &mut lin, &mut bob] {
        assert_eq!(person.count(), 3);
    }
    // Lists and counts alternate, so a count would come between two lists.
    stranger.told();
    for _ in 0..3 {
        assert_eq!(stranger.wire.next()["event"], "roomsInfo");
    }
}

#[test]
fn new_viewer_makes_the_host_offer_and_is_announced() {
    let server = Running::start(&[]);
    let mut host = Person::hosts(&server, "cooking");
    let mut lin = Person::views(&server, "cooking", "lin");
    host.told();
    let mut bob = Person::comes(&server);
    assert_eq!(bob.says(&join("cooking", "bob")), NOTHING);
    let told = [about("joinRoom", "bob"), about("joinHint", "bob")];
    assert_eq!(host.told(), told);
    assert_eq!(lin.told(), [about("joinHint", "bob")]);
}

#[test]
fn closed_room_tells_only_its_viewers_and_leaves_the_list() {
    let server = Running::start(&[]);
    let mut host = Person::hosts(&server, "cooking");
    let mut lin = Person::views(&server, "cooking", "lin");
    let mut stranger = Person::comes(&server);
    host.told();
    assert_eq!(host.says(&of("closeRoom")), NOTHING);
    assert_eq!(lin.told(), [of("roomClosed")]);
    assert_eq!(stranger.told(), NOTHING);
    assert_eq!(stranger.list(), [] as [String; 0]);
    assert_eq!(lin.says(&create("cooking")), [of("createRoomOk")]);
}

#[test]
fn lost_host_closes_all_of_its_rooms() {
    let server = Running::start(&[]);
    let mut host = Person::hosts(&server, "cooking");
    assert_eq!(host.says(&create("chess")), [of("createRoomOk")]);
    let mut lin = Person::views(&server, "cooking", "lin");
    let mut bob = Person::views(&server, "chess", "bob");
    drop(host);
    for viewer in [&mut lin, &mut bob] {
        viewer.wire.until(|frame| frame["event"] == "roomClosed");
    }
    assert_eq!(lin.list(), [] as [String; 0]);
}

#[test]
fn lost_viewer_leaves_and_frees_its_name() {
    let server = Running::start(&[]);
    let mut host = Person::hosts(&server, "cooking");
    let mut lin = Person::views(&server, "cooking", "lin");
    let bob = Person::views(&server, "cooking", "bob");
    drop(bob);
    for person in [&mut host, &mut lin] {
        let left = person.wire.until(|frame| frame["event"] == "quitHint");
        assert_eq!(left, about("quitHint", "bob"));
        assert_eq!(person.count(), 2);
    }
    let mut other = Person::comes(&server);
    assert_eq!(other.says(&join("cooking", "bob")), NOTHING);
}

#[test]
fn viewer_joining_another_room_leaves_the_first() {
    let server = Running::start(&[]);
    let mut ada = Person::hosts(&server, "cooking");
    let mut bob = Person::hosts(&server, "chess");
    let mut lin = Person::views(&server, "cooking", "lin");
    ada.told();
    assert_eq!(lin.says(&join("chess", "lin")), NOTHING);
    assert_eq!(ada.told(), [about("quitHint", "lin")]);
    let told = [about("joinRoom", "lin"), about("joinHint", "lin")];
    assert_eq!(bob.told(), told);
    assert_eq!(ada.count(), 1);
    let mut other = Person::comes(&server);
    assert_eq!(other.says(&join("cooking", "lin")), NOTHING);
}

#[test]
fn two_clicks_switch_leaves_first_and_enters_on_the_next() {
    let setting = ("HEADWATER_DIALECTS__LIVE_ROOM__SWITCH", "two-clicks");
    let server = Running::start(&[setting]);
    let mut ada = Person::hosts(&server, "cooking");
    let mut bob = Person::hosts(&server, "chess");
    let mut lin = Person::comes(&server);
    for click in ["cooking", "chess"] {
        lin.wire.send(&join(click, "lin"));
    }
    ada.wire.until(|frame| *frame == about("quitHint", "lin"));
    assert_eq!(bob.told(), NOTHING);
    lin.wire.send(&join("chess", "lin"));
    bob.wire.until(|frame| *frame == about("joinRoom", "lin"));
}

#[test]
fn json_in_a_binary_frame_is_taken() {
    let server = Running::start(&[]);
    let mut person = Person::comes(&server);
    person
        .wire
        .send_binary(create("cooking").to_string().as_bytes());
    assert_eq!(person.told(), [of("createRoomOk")]);
}

#[test]
fn url_token_decides_who_hosts_and_who_views() {
    let server = Running::start(&[
        ("HEADWATER_AUTH__PUBLISH_TOKEN", "p"),
        ("HEADWATER_AUTH__VIEW_TOKEN", "v"),
    ]);
    let mut host = Person::comes_with(&server, "p");
    let mut viewer = Person::comes_with(&server, "v");
    assert_eq!(viewer.says(&create("chess")), [of("createRoomFailed")]);
    assert_eq!(host.says(&create("cooking")), [of("createRoomOk")]);
    assert_eq!(viewer.says(&join("cooking", "lin")), NOTHING);
    assert_eq!(host.told()[0], about("joinRoom", "lin"));
    for (path, status) in [("/rtc", 401), ("/rtc?token=wrong", 403)] {
        let refused = Wire::open_with(&server.address, path, &[]);
        assert_eq!(refused.err(), Some(status), "{path}");
    }
}

#[test]
fn room_of_a_host_is_in_the_directory_and_the_metrics() {
    let server = Running::start(&[]);
    let forwarded = server.ask_json("POST /api/v1/rooms", &json!({ "name": "cooking" }));
    assert_eq!(forwarded.status, 201);
    let mut host = Person::hosts(&server, "cooking");
    let viewer = Person::views(&server, "cooking", "ada");
    host.wire.until(|frame| frame["event"] == "joinRoom");

    let listed = server.ask("GET /api/v1/rooms", "").json();
    let counts = listed["rooms"].as_array().expect("rooms").iter();
    let counts: Vec<_> = counts
        .map(|room| json!([room["name"], room["topology"], room["participants"]]))
        .collect();
    let expected = [
        json!(["cooking", "sfu", 0]),
        json!(["cooking", "direct", 2]),
    ];
    assert_eq!(counts, expected, "{listed}");
    let direct = |of: &str| format!("headwater_peer_to_peer_{of}{{topology=\"direct\"}}");
    assert_eq!(server.counted(&direct("rooms")), 1);
    assert_eq!(server.counted(&direct("participants")), 2);

    // The forwarded room is what the name alone means, as long as it is there.
    let inside = || server.ask("GET /api/v1/rooms/cooking", "");
    assert_eq!(inside().json()["room"]["topology"], "sfu");
    assert_eq!(server.ask("DELETE /api/v1/rooms/cooking", "").status, 204);
    let content = inside().json();
    assert_eq!(content["room"]["topology"], "direct", "{content}");
    let people = content["participants"].as_array().expect("participants");
    assert_eq!((people.len(), &people[0]["role"]), (2, &json!("host")));
    assert_eq!(people[1]["name"], "ada");
    assert_eq!(content["streams"], json!([]));

    drop((host, viewer));
    server.until(|server| server.counted(&direct("rooms")) == 0);
    assert_eq!(inside().status, 404);
}
