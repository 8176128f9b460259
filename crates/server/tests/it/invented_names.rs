//! Offers to invented names: which rooms they leave behind.

use std::time::{Duration, Instant};

use crate::media::{Client, Line, Publisher};
use crate::offer;
use crate::running::Running;

const CONNECT_MAX: (&str, &str) = ("HEADWATER_MEDIA__CONNECT_TIMEOUT_S", "1");

/// Empty rooms stay for longer than any of these tests takes.
const GRACE: (&str, &str) = ("HEADWATER_ROOMS__EMPTY_GRACE_S", "600");

/// The connect timeout, with a margin for a busy machine.
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
fn session_deleted_before_connecting_keeps_no_room() {
    let server = Running::start(&[GRACE]);
    for number in 0..20 {
        let session = server.publish(&format!("invented-{number}"));
        assert_eq!(server.ask(&format!("DELETE {session}"), "").status, 200);
        assert_eq!(rooms(&server), 0);
    }
}

#[test]
fn refused_offers_and_viewer_offers_create_no_room() {
    let server = Running::start(&[GRACE]);
    assert_eq!(post(&server, "/whip/invented", "v=0"), 400);
    assert_eq!(post(&server, "/whip/invented", &offer::watching()), 400);
    assert_eq!(post(&server, "/whep/invented", &offer::watching()), 201);
    assert_eq!(rooms(&server), 0);
}

#[test]
fn offers_beyond_the_rate_create_no_room() {
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
fn rooms_of_invented_names_are_freed_after_the_timeout() {
    let server = Running::start(&[CONNECT_MAX, GRACE, ("HEADWATER_ROOMS__ROOMS_MAX", "3")]);
    for number in 0..3 {
        server.publish(&format!("invented-{number}"));
    }
    server.until(|server| post(server, "/whip/garden", &offer::publishing()) == 201);
}

#[test]
fn room_of_a_connected_publisher_stays_for_its_grace() {
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
