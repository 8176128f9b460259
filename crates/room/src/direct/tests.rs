//! Rooms without a dialect, in short notation. The transcripts of the dialect have the same
//! conversations at full length.

mod properties;
mod serving;
mod stage;

use std::time::{Duration, Instant};

use super::*;
use crate::Grants;
use stage::Stage;

/// The beginning of virtual time.
fn beginning() -> Instant {
    Instant::now()
}

#[test]
fn joining_viewer_is_announced_and_waits_for_an_offer() {
    let mut stage = Stage::with_room(&["lin"]);
    stage.join("bob", "cooking", "Bob").expect("room for all");
    assert_eq!(stage.told("ada"), "Wanted(Bob) Joined(Bob)");
    assert_eq!(stage.told("lin"), "Joined(Bob)");
    assert_eq!(stage.told("bob"), "");
}

#[test]
fn name_is_free_again_once_its_room_or_viewer_is_gone() {
    let mut stage = Stage::with_room(&["lin"]);
    assert_eq!(stage.join("bob", "cooking", "lin"), Err(Refusal::Taken));
    stage.lose("lin");
    assert_eq!(stage.join("bob", "cooking", "lin"), Ok(()));
    assert_eq!(stage.create("bob", "cooking"), Err(Refusal::Taken));
    stage.lose("ada");
    assert_eq!(stage.create("bob", "cooking"), Ok(()));
}

#[test]
fn viewer_refused_by_another_room_stays_in_its_own() {
    let mut stage = Stage::with_room(&["lin"]);
    let refused = stage.join("lin", "chess", "lin");
    assert_eq!(refused, Err(Refusal::NoRoom));
    assert_eq!(stage.told("lin"), "JoinFailed");
    assert_eq!(stage.told("ada"), "");
    assert_eq!(stage.chat("lin", Some("cooking"), "still here"), Ok(()));
}

#[test]
fn viewer_may_reenter_its_room_even_when_it_is_full() {
    let limits = Limits {
        viewers_max: 1,
        ..Limits::default()
    };
    let mut stage = Stage::limited(limits);
    stage.create("ada", "cooking").expect("a room");
    stage.join("lin", "cooking", "lin").expect("room for one");
    let refused = stage.join("bob", "cooking", "bob");
    assert_eq!(refused, Err(Refusal::Full("viewers_max")));
    stage.told("ada");
    assert_eq!(stage.join("lin", "cooking", "lin"), Ok(()));
    assert_eq!(stage.told("ada"), "Left(lin) Wanted(lin) Joined(lin)");
}

#[test]
fn first_of_two_clicks_only_leaves_the_room() {
    let mut stage = Stage::with_room(&["lin"]);
    stage.create("bob", "chess").expect("a room");
    stage.told("bob");
    stage.rooms.switch = Switch::TwoClicks;
    assert_eq!(stage.join("lin", "chess", "lin"), Ok(()));
    assert_eq!(stage.told("ada"), "Left(lin)");
    assert_eq!(stage.told("bob") + &stage.told("lin"), "");
    assert_eq!(stage.join("lin", "chess", "lin"), Ok(()));
    assert_eq!(stage.told("bob"), "Wanted(lin) Joined(lin)");
}

#[test]
fn request_beyond_each_limit_is_refused() {
    let limits = Limits {
        rooms_max: 2,
        rooms_per_host_max: 1,
        viewers_max: 0,
        name_bytes_max: 4,
        chat_bytes_max: 2,
    };
    let mut stage = Stage::limited(limits);
    stage.create("ada", "1234").expect("a room");
    let full = |limit| Err(Refusal::Full(limit));
    assert_eq!(stage.create("ada", "2"), full("rooms_per_host_max"));
    stage.create("bob", "2").expect("a room");
    assert_eq!(stage.create("lin", "3"), full("rooms_max"));
    let long = Err(Refusal::Name(NameError::TooLong(4)));
    assert_eq!(stage.create("lin", "12345"), long);
    assert_eq!(stage.join("lin", "2", "12345"), long);
    assert_eq!(stage.join("lin", "2", "lin"), full("viewers_max"));
    assert_eq!(stage.chat("ada", None, "123"), full("chat_bytes_max"));
    assert_eq!(stage.chat("ada", None, "12"), Ok(()));
}

#[test]
fn tokens_decide_who_may_create_and_view_rooms() {
    let mut stage = Stage::with_room(&[]);
    for (name, publish, view) in [("viewer", false, true), ("host", true, false)] {
        let id = stage.id(name);
        stage.rooms.closed(id);
        let grants = Grants { publish, view };
        stage.rooms.opened(stage.now, id, grants);
    }
    assert_eq!(stage.create("viewer", "chess"), Err(Refusal::Forbidden));
    assert_eq!(stage.told("viewer"), "CreateFailed");
    assert_eq!(stage.join("viewer", "cooking", "v"), Ok(()));
    let refused = stage.join("host", "cooking", "h");
    assert_eq!(refused, Err(Refusal::Forbidden));
    assert_eq!(stage.told("host"), "JoinFailed");
    assert_eq!(stage.create("host", "chess"), Ok(()));
}

#[test]
fn signals_to_one_client_arrive_in_order() {
    let mut stage = Stage::with_room(&["lin"]);
    stage.signal("ada", Signal::Offer, "lin", "o");
    for body in ["1", "2"] {
        stage.signal("ada", Signal::Candidate, "lin", body);
    }
    let told = "Offer(cooking o) Candidate(cooking 1) Candidate(cooking 2)";
    assert_eq!(stage.told("lin"), told);
    stage.signal("lin", Signal::Answer, "cooking", "a");
    stage.signal("lin", Signal::Candidate, "cooking", "3");
    assert_eq!(stage.told("ada"), "Answer(lin a) Candidate(lin 3)");
}

#[test]
fn host_that_views_another_room_is_connected_with_both() {
    let mut stage = Stage::with_room(&["lin"]);
    stage.create("bob", "chess").expect("a room");
    stage.join("ada", "chess", "Ada").expect("a place");
    stage.told("ada");
    stage.told("bob");
    stage.signal("ada", Signal::Candidate, "lin", "1");
    stage.signal("ada", Signal::Candidate, "chess", "2");
    assert_eq!(stage.told("lin"), "Candidate(cooking 1)");
    assert_eq!(stage.told("bob"), "Candidate(Ada 2)");
    stage
        .chat("ada", Some("chess"), "as viewer")
        .expect("in it");
    assert_eq!(stage.told("bob"), "Chat(Ada as viewer)");
    stage.chat("ada", None, "as host").expect("in it");
    assert_eq!(stage.told("lin"), "Chat(cooking as host)");
}

#[test]
fn host_that_views_its_own_room_is_told_each_event_once() {
    let mut stage = Stage::with_room(&[]);
    stage.join("ada", "cooking", "me").expect("a place");
    stage.told("ada");
    stage.chat("ada", Some("cooking"), "hi").expect("in it");
    assert_eq!(stage.told("ada"), "Chat(me hi)");
    stage.lose("ada");
    assert!(stage.rooms.poll_output().is_none());
}

#[test]
fn chat_and_signals_from_outside_a_room_are_refused() {
    let mut stage = Stage::with_room(&["lin"]);
    assert_eq!(
        stage.chat("bob", Some("cooking"), "x"),
        Err(Refusal::NoRoom)
    );
    assert_eq!(stage.chat("bob", None, "x"), Err(Refusal::NoRoom));
    for (signal, to) in [
        (Signal::Offer, "lin"),
        (Signal::Answer, "cooking"),
        (Signal::Candidate, "lin"),
        (Signal::Candidate, "cooking"),
        (Signal::Candidate, "nobody"),
    ] {
        let refused = stage.try_signal("bob", signal, to, "x");
        assert_eq!(refused, Err(Refusal::NoPeer), "{signal:?} {to}");
    }
    assert_eq!(stage.told("ada") + &stage.told("lin"), "");
}

#[test]
fn closing_a_client_twice_or_an_unknown_one_does_nothing() {
    let mut stage = Stage::with_room(&["lin", "bob"]);
    stage.lose("lin");
    assert_eq!(stage.told("bob"), "Left(lin)");
    stage.lose("lin");
    stage.rooms.closed(ClientId(u128::MAX));
    assert_eq!(stage.told("ada"), "Left(lin)");
    assert_eq!(stage.told("bob"), "");
    assert_eq!(stage.create("lin", "chess"), Err(Refusal::Gone));
    stage.pass(PUSH_EVERY);
    assert_eq!(stage.told("bob"), "Rooms(cooking) Count(2)");
}

#[test]
fn close_ends_the_oldest_room_and_a_lost_host_ends_all() {
    let mut stage = Stage::with_room(&["lin"]);
    for room in ["chess", "music"] {
        stage.create("ada", room).expect("a room");
    }
    stage.join("bob", "music", "bob").expect("a place");
    stage.close("ada").expect("a room");
    assert_eq!(stage.told("lin"), "Closed");
    stage.lose("ada");
    assert_eq!(stage.told("bob"), "Closed");
    assert_eq!(stage.close("bob"), Err(Refusal::NoRoom));
}

#[test]
fn lists_and_counts_come_every_500_ms_while_clients_exist() {
    let mut stage = Stage::empty();
    assert_eq!(stage.rooms.poll_timeout(), None);
    stage.open("ada");
    stage.open("lin");
    stage.create("ada", "cooking").expect("a room");
    stage.told("ada");
    stage.pass(3 * PUSH_EVERY);
    let pushed = "Rooms(cooking) Count(1) ".repeat(3);
    assert_eq!(stage.told("ada"), pushed.trim());
    assert_eq!(stage.told("lin"), ["Rooms(cooking)"; 3].join(" "));
    stage.lose("ada");
    stage.lose("lin");
    assert_eq!(stage.rooms.poll_timeout(), None);
}

#[test]
fn missed_pushes_are_not_made_up_for() {
    let mut stage = Stage::empty();
    stage.open("ada");
    let late = stage.now + Duration::from_secs(60);
    stage.rooms.handle_timeout(late);
    assert_eq!(stage.told("ada"), "Rooms()");
    stage.rooms.handle_timeout(late);
    assert_eq!(stage.told("ada"), "");
    let due = stage.rooms.poll_timeout().expect("somebody is there");
    assert!(due > late && due <= late + PUSH_EVERY, "{:?}", due - late);
}

#[test]
fn rooms_are_listed_in_the_order_of_their_creation() {
    let mut stage = Stage::empty();
    for host in ["ada", "bob", "lin"] {
        stage.open(host);
    }
    for (host, room) in [("ada", "zoo"), ("bob", "art"), ("lin", "music")] {
        stage.create(host, room).expect("a room");
    }
    stage.close("bob").expect("a room");
    stage.create("bob", "art").expect("a room");
    stage.told("ada");
    stage.pass(PUSH_EVERY);
    assert_eq!(stage.told("ada"), "Rooms(zoo,music,art) Count(1)");
}

#[test]
fn list_is_one_output_for_all_and_count_one_per_room() {
    let mut stage = Stage::empty();
    for room in 0..200 {
        let (host, room) = (format!("host {room}"), format!("room {room}"));
        stage.open(&host);
        stage.create(&host, &room).expect("a room");
        for viewer in 0..10 {
            let viewer = format!("viewer {viewer} of {room}");
            stage.open(&viewer);
            stage.join(&viewer, &room, &viewer).expect("a place");
        }
    }
    while stage.rooms.poll_output().is_some() {}
    stage.pass(PUSH_EVERY);
    let outputs: Vec<_> = std::iter::from_fn(|| stage.rooms.poll_output()).collect();
    assert_eq!(outputs.len(), 1 + 200);
    let told: usize = outputs.iter().map(|output| output.to.len()).sum();
    assert_eq!(told, 2 * 200 * 11);
}
