//! Which tracks each participant is offered.

use std::time::{Duration, Instant};

use super::person::{Person, mids, streams, tracks};
use crate::running::Running;
use crate::socket::Socket;

/// The longest time until the others learn that a participant is gone.
const GONE_MAX: Duration = Duration::from_secs(2);

/// Interval between two publishers, of which the later one takes over.
const AGAIN: Duration = Duration::from_millis(300);

#[test]
fn lone_publisher_is_not_offered_its_own_tracks() {
    let server = Running::start(&[]);
    let mut mia = Person::joins(&server, "attic", "mia");
    let answer = mia.publish();
    assert!(
        !answer.contains("a=sendonly") && !answer.contains("a=sendrecv"),
        "{answer}"
    );
    mia.hears_nothing();
}

#[test]
fn new_publisher_is_offered_once_under_its_own_track_names() {
    let server = Running::start(&[]);
    let mut mia = Person::publishes(&server, "attic", "mia");
    let _leo = Person::publishes(&server, "attic", "leo");
    let offer = mia.comes_next("offer");
    let expected = [("leo-stream", "leo-audio"), ("leo-stream", "leo-video")];
    let mut shown = tracks(&offer);
    shown.sort();
    assert_eq!(shown, expected.map(|(s, t)| (s.to_owned(), t.to_owned())));
    mia.answer(&offer);
    mia.hears_nothing();
}

#[test]
fn late_participant_is_offered_all_tracks() {
    let server = Running::start(&[]);
    let _others = ["leo", "mia", "nora"].map(|id| Person::publishes(&server, "attic", id));
    let mut late = Person::publishes(&server, "attic", "late");
    late.sees(&["leo-stream", "mia-stream", "nora-stream"]);
    late.hears_nothing();
}

#[test]
fn lost_participant_leaves_the_offers_of_others_within_2s() {
    let server = Running::start(&[]);
    let mut mia = Person::publishes(&server, "attic", "mia");
    let leo = Person::publishes(&server, "attic", "leo");
    mia.sees(&["leo-stream"]);
    let start = Instant::now();
    // The socket ends without a close frame.
    drop(leo);
    mia.sees(&[]);
    assert!(start.elapsed() < GONE_MAX, "{:?}", start.elapsed());
}

#[test]
fn leaving_participant_may_rejoin_over_the_same_socket() {
    let server = Running::start(&[]);
    let mut mia = Person::publishes(&server, "attic", "mia");
    let mut leo = Person::publishes(&server, "attic", "leo");
    mia.sees(&["leo-stream"]);
    leo.sees(&["mia-stream"]);
    let start = Instant::now();
    leo.leave();
    mia.sees(&[]);
    assert!(start.elapsed() < GONE_MAX, "{:?}", start.elapsed());
    leo.join();
    leo.publish();
    mia.sees(&["leo-stream"]);
    leo.sees(&["mia-stream"]);
}

#[test]
fn returning_publisher_is_offered_on_new_m_lines() {
    let server = Running::start(&[]);
    let mut mia = Person::publishes(&server, "attic", "mia");
    let mut leo = Person::publishes(&server, "attic", "leo");
    let before = mia.comes_next("offer");
    mia.answer(&before);
    leo.sees(&["mia-stream"]);
    leo.leave();
    mia.sees(&[]);
    leo.join();
    leo.offer = super::person::publishing("again", "again");
    leo.publish();
    let after = mia.comes_next("offer");
    let mut shown = tracks(&after);
    shown.sort();
    let expected = [("again", "again-audio"), ("again", "again-video")];
    assert_eq!(shown, expected.map(|(s, t)| (s.to_owned(), t.to_owned())));
    let (before, after) = (mids(&before), mids(&after));
    assert!(after.starts_with(&before), "{before:?} {after:?}");
    assert_eq!(after.len(), before.len() + 2);
}

#[test]
fn room_ends_with_its_last_participant() {
    let server = Running::start(&[("HEADWATER_ROOMS__EMPTY_GRACE_S", "0")]);
    let status = |server: &Running| server.ask("GET /api/v1/rooms/attic", "").status;
    let mut mia = Person::publishes(&server, "attic", "mia");
    let leo = Person::publishes(&server, "attic", "leo");
    mia.leave();
    assert_eq!(status(&server), 200);
    drop(leo);
    server.until(|server| status(server) == 404);
}

#[test]
fn second_join_resets_the_participant() {
    let server = Running::start(&[]);
    let mut mia = Person::publishes(&server, "attic", "mia");
    let mut leo = Person::publishes(&server, "attic", "leo");
    mia.sees(&["leo-stream"]);
    leo.sees(&["mia-stream"]);
    leo.join();
    mia.sees(&[]);
    leo.publish();
    mia.sees(&["leo-stream"]);
    leo.sees(&["mia-stream"]);
}

#[test]
fn newer_socket_with_the_same_id_takes_over() {
    let server = Running::start(&[]);
    let mut mia = Person::publishes(&server, "attic", "mia");
    let mut old = Person::publishes(&server, "attic", "leo");
    mia.sees(&["leo-stream"]);
    old.sees(&["mia-stream"]);
    let mut new = Person::joins(&server, "attic", "leo");
    mia.sees(&[]);
    new.publish();
    mia.sees(&["leo-stream"]);
    new.sees(&["mia-stream"]);
    // The old socket stays open, but its client is no longer a participant.
    let offer = old.offer.clone();
    old.send_offer(&offer);
    old.hears_nothing();
    mia.hears_nothing();
    "nora".clone_into(&mut old.id);
    old.join();
    old.publish();
    // Both streams have the same name.
    mia.sees(&["leo-stream", "leo-stream-nora"]);
}

#[test]
fn equal_msids_of_two_publishers_are_told_apart() {
    let server = Running::start(&[]);
    let mut mia = Person::publishes(&server, "attic", "mia");
    for id in ["leo", "nora"] {
        let mut person = Person::joins(&server, "attic", id);
        person.offer = super::person::publishing("same", "same");
        person.publish();
        // Its socket stays open.
        std::mem::forget(person);
    }
    let mut offer = mia.comes_next("offer");
    while tracks(&offer).len() < 4 {
        mia.answer(&offer);
        offer = mia.comes_next("offer");
    }
    // Two tracks keep their names, and all names differ.
    let mut names: Vec<String> = tracks(&offer).into_iter().map(|(_, name)| name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 4, "{names:?}");
    let kept = names.iter().filter(|name| name.starts_with("same-"));
    assert!(kept.count() >= 2, "{names:?}");
    assert_eq!(streams(&offer).len(), 2);
}

#[test]
fn rooms_do_not_see_each_other() {
    let server = Running::start(&[]);
    let mut mia = Person::publishes(&server, "attic", "mia");
    let mut leo = Person::publishes(&server, "cellar", "leo");
    mia.hears_nothing();
    leo.hears_nothing();
}

#[test]
fn room_and_participant_ids_may_hold_any_characters() {
    let server = Running::start(&[]);
    let mut mia = Person::publishes(&server, "a/b #1 \u{e4}", "mia?");
    let _leo = Person::publishes(&server, "a/b #1 \u{e4}", "leo/1~2");
    assert_eq!(mia.is_shown().len(), 1);
}

#[test]
fn equal_track_names_in_two_streams_are_told_apart() {
    let server = Running::start(&[]);
    let mut mia = Person::publishes(&server, "attic", "mia");
    let mut others = ["leo", "nora"].map(|id| Person::joins(&server, "attic", id));
    for person in &mut others {
        person.offer = super::person::publishing(&format!("{}-stream", person.id), "camera");
        person.publish();
    }
    let mut offer = mia.comes_next("offer");
    while tracks(&offer).len() < 4 {
        mia.answer(&offer);
        offer = mia.comes_next("offer");
    }
    let mut shown = tracks(&offer);
    shown.sort();
    let expected = [
        ("leo-stream", "camera-audio"),
        ("leo-stream", "camera-video"),
        ("nora-stream", "attic/nora-audio"),
        ("nora-stream", "attic/nora-video"),
    ];
    assert_eq!(shown, expected.map(|(s, t)| (s.to_owned(), t.to_owned())));
}

#[test]
fn lost_participant_removes_only_its_own_streams() {
    let server = Running::start(&[("HEADWATER_MEDIA__CONNECT_TIMEOUT_S", "2")]);
    let mut eve = Socket::join(&server, "attic", "eve");
    let head =
        "POST /whip/attic/garden\r\nContent-Type: application/sdp\r\nAuthorization: Bearer t";
    let offer = crate::offer::publishing();
    let post = || assert_eq!(server.ask(head, &offer).status, 201);
    post();
    let mut mia = Person::publishes(&server, "attic", "mia");
    mia.sees(&["attic|garden"]);
    let left = std::thread::scope(|scope| {
        let (over, is_over) = std::sync::mpsc::channel::<()>();
        // The WHIP publisher never connects either: another one takes over before it times out.
        scope.spawn(move || {
            while is_over.recv_timeout(AGAIN).is_err() {
                post();
            }
        });
        let left = eve.event("participantLeft");
        over.send(()).expect("it goes on");
        left
    });
    assert_eq!(left["id"], "mia", "{left}");
}
