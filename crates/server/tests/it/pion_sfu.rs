//! Clients of Pion_SFU at their sockets: what `docs/protocol/pion-sfu.md` promises. Media is tested
//! in `web/e2e`, except for packet loss.

mod lost;
mod person;
mod refusals;
mod rooms;
mod turns;

use std::net::TcpListener;

use serde_json::json;

use crate::running::{Answer, Running};
use crate::wire::Wire;
use person::{Person, said};

/// An address on which nothing listens.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").to_string()
}

/// Sends a plain GET of `/`. Returns the status.
fn plain_get(address: &str) -> u16 {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).expect("the port is open");
    let request = format!("GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer[9..12].parse().expect("a status")
}

#[test]
fn main_port_serves_socket_and_page_at_one_path() {
    let server = Running::start(&[]);
    let origin = [("origin", "https://elsewhere.example")];
    let mut wire = Wire::open_with(&server.address, "/", &origin).expect("a socket");
    wire.send(&json!({ "event": "joinRoom", "data": { "room_id": "attic", "self_id": "mia" } }));
    server.until(|server| server.ask("GET /api/v1/rooms/attic", "").status == 200);
    let page = |head: &str| -> Answer { server.ask(head, "") };
    // A build without the pages says so with 503.
    for head in [
        "GET /",
        "GET /\r\nUpgrade: h2c",
        "GET /\r\nUpgrade: nothing",
    ] {
        let status = page(head).status;
        assert!(matches!(status, 200 | 503), "{head}: {status}");
    }
    assert_eq!(page("GET /\r\nUpgrade: websocket").status, 426);
}

#[test]
fn own_port_takes_any_path_and_refuses_plain_requests() {
    let address = free_address();
    let server = Running::start(&[
        ("HEADWATER_DIALECTS__PION_SFU__LISTEN", &address),
        ("HEADWATER_ROOMS__EMPTY_GRACE_S", "0"),
    ]);
    for path in ["/", "/any/other?x=1", "/ws"] {
        let mut wire = Wire::open(&address, path);
        let data = json!({ "room_id": "attic", "self_id": path });
        wire.send(&json!({ "event": "joinRoom", "data": data }));
        let people = |server: &Running| {
            let people = server.ask("GET /api/v1/rooms/attic/participants", "").body;
            people.contains(&format!("\"{path}\""))
        };
        server.until(people);
        assert_eq!(plain_get(&address), 426);
    }
    // Participants whose socket is closed leave at once, and the empty room ends.
    server.until(|server| server.ask("GET /api/v1/rooms/attic", "").status == 404);
}

#[test]
fn offer_gets_one_answer_then_candidates_as_json_text() {
    let server = Running::start(&[]);
    let mut mia = Person::joins(&server, "attic", "mia");
    mia.hears_nothing();
    let offer = mia.offer.clone();
    mia.send_offer(&offer);
    let answer = mia.wire.next();
    assert_eq!(answer["event"], "answer");
    let answer = said(&answer);
    assert_eq!(answer["type"], "answer");
    let sdp = answer["sdp"].as_str().expect("a description");
    let candidates: Vec<&str> = sdp
        .lines()
        .filter(|l| l.starts_with("a=candidate:"))
        .collect();
    let first = mia.wire.next();
    assert_eq!(first["event"], "candidate");
    let candidate = said(&first);
    let text = candidate["candidate"].as_str().expect("a candidate");
    assert!(
        candidates.contains(&format!("a={text}").as_str()),
        "{text}\n{sdp}"
    );
    assert!(sdp.contains(&format!(
        "a=mid:{}\r\n",
        candidate["sdpMid"].as_str().expect("a mid")
    )));
    assert_eq!(candidate["sdpMLineIndex"], 0);
    assert!(candidate["usernameFragment"].is_null());
    mia.hears_nothing();
}

#[test]
fn frames_of_one_socket_are_taken_in_order_even_binary_ones() {
    let server = Running::start(&[("HEADWATER_ROOMS__EMPTY_GRACE_S", "0")]);
    let mut mia = Person::comes(&server, "attic", "mia");
    let join = json!({ "event": "joinRoom", "data": mia.ids() });
    mia.wire.send_binary(join.to_string().as_bytes());
    // Candidates before the offer, with fields that clients leave out.
    for more in [
        json!({}),
        json!({ "sdpMid": null, "sdpMLineIndex": null, "usernameFragment": null }),
        json!({ "sdpMid": "0", "sdpMLineIndex": 0 }),
    ] {
        let mut data = mia.ids();
        data["candidate"] = more;
        data["candidate"]["candidate"] = json!("candidate:1 1 udp 2122194687 127.0.0.1 9 typ host");
        mia.tell("ice-candidate", data);
    }
    let end = json!({ "candidate": { "candidate": "", "sdpMid": "0", "sdpMLineIndex": 0 } });
    mia.tell("ice-candidate", end);
    mia.publish();
    mia.leave();
    server.until(|server| server.ask("GET /api/v1/rooms/attic", "").status == 404);
    let counted = |outcome: &str| {
        let labels = format!("{{dialect=\"pion-sfu\",outcome=\"{outcome}\"}}");
        server.counted(&format!("headwater_dialect_frames_total{labels}"))
    };
    assert_eq!((counted("taken"), counted("refused")), (7, 0));
}
