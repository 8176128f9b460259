//! Offers to names that nobody has asked for: what stays of them.

use std::time::{Duration, Instant};

use crate::media::{Client, Line, Publisher};
use crate::offer;
use crate::running::Running;

const CONNECT_MAX: (&str, &str) = ("HEADWATER_MEDIA__CONNECT_TIMEOUT_S", "1");

/// Rooms in which nobody is stay for longer than any of these tests.
const GRACE: (&str, &str) = ("HEADWATER_ROOMS__EMPTY_GRACE_S", "600");

/// The time to connect, and some for a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);

fn rooms(server: &Running) -> usize {
    let rooms = server.ask("GET /api/v1/rooms", "").json();
    rooms["rooms"].as_array().expect("a list").len()
}

fn post(server: &Running, path: &str, offer: &str) -> u16 {
    let head = format!("POST {path}\r\nContent-Type: application/sdp");
    server.ask(&head, offer).status
}

#[test]
fn offer_that_never_connects_keeps_no_room() {
    let server = Running::start(&[CONNECT_MAX, GRACE]);
    let start = Instant::now();
    for number in 0..20 {
        server.publish(&format!("invented-{number}/camera"));
    }
    assert!(rooms(&server) > 0);
    server.until(|server| rooms(server) == 0);
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
}

#[test]
fn offer_that_is_taken_back_keeps_no_room() {
    let server = Running::start(&[GRACE]);
    for number in 0..20 {
        let session = server.publish(&format!("invented-{number}"));
        assert_eq!(server.ask(&format!("DELETE {session}"), "").status, 200);
        assert_eq!(rooms(&server), 0);
    }
}

#[test]
fn refused_offers_and_those_of_viewers_make_no_room() {
    let server = Running::start(&[GRACE]);
    assert_eq!(post(&server, "/whip/invented", "v=0"), 400);
    assert_eq!(post(&server, "/whip/invented", &offer::watching()), 400);
    assert_eq!(post(&server, "/whep/invented", &offer::watching()), 201);
    assert_eq!(rooms(&server), 0);
}

#[test]
fn offers_beyond_the_rate_make_no_room() {
    let server = Running::start(&[GRACE, ("HEADWATER_LIMITS__SESSIONS_PER_SECOND", "1")]);
    let statuses = (0..5).map(|number| {
        let path = format!("/whip/invented-{number}");
        post(&server, &path, &offer::publishing())
    });
    let refused = statuses.filter(|status| *status == 429).count();
    assert!(refused >= 2, "{refused}");
    assert_eq!(rooms(&server), 5 - refused);
}

#[test]
fn rooms_taken_by_invented_names_are_free_after_the_timeout() {
    let server = Running::start(&[CONNECT_MAX, GRACE, ("HEADWATER_ROOMS__ROOMS_MAX", "3")]);
    for number in 0..3 {
        server.publish(&format!("invented-{number}"));
    }
    server.until(|server| post(server, "/whip/garden", &offer::publishing()) == 201);
}

#[test]
fn room_of_a_publisher_that_was_connected_stays_for_its_grace() {
    let server = Running::start(&[CONNECT_MAX, GRACE]);
    let mut client = Client::new();
    let head = "POST /whip/garden\r\nContent-Type: application/sdp";
    let answer = server.ask(head, &client.offer(&[Line::Sent]));
    client.accept(&answer.body);
    let publisher = Publisher::begin(client);
    server.until(|server| server.counted("headwater_packets_in_total") > 9);
    let session = answer.header("location").expect("a session");
    assert_eq!(server.ask(&format!("DELETE {session}"), "").status, 200);
    drop(publisher);
    assert_eq!(rooms(&server), 1);
}
