//! Whose turn it is to offer, the server's or the client's.

use serde_json::json;

use super::person::{Person, streams};
use crate::running::Running;

#[test]
fn offer_names_its_participant_and_answers_need_no_names() {
    let server = Running::start(&[]);
    let mut mia = Person::publishes(&server, "attic", "mia");
    let mut leo = Person::publishes(&server, "attic", "leo");
    leo.sees(&["mia-stream"]);
    let offer = mia.comes_next("offer");
    assert_eq!(
        (&offer["self_id"], &offer["room_id"]),
        (&json!("mia"), &json!("attic"))
    );
    mia.answer(&offer);
    leo.leave();
    let offer = mia.comes_next("offer");
    let mut data = json!({ "self_id": offer["self_id"], "room_id": offer["room_id"] });
    data["answer"] = mia.answer_to(&offer);
    mia.tell("answer", data);
    // Both answers were accepted, or there would be no third offer.
    leo.join();
    leo.publish();
    mia.sees(&["leo-stream"]);
}

#[test]
fn changes_during_an_offer_come_together_after_its_answer() {
    let server = Running::start(&[]);
    let mut mia = Person::publishes(&server, "attic", "mia");
    let _leo = Person::publishes(&server, "attic", "leo");
    let first = mia.comes_next("offer");
    let _others = ["nora", "oli"].map(|id| Person::publishes(&server, "attic", id));
    mia.hears_nothing();
    mia.answer(&first);
    let second = mia.comes_next("offer");
    assert_eq!(
        streams(&second),
        ["leo-stream", "nora-stream", "oli-stream"]
    );
    mia.hears_nothing();
}

#[test]
fn participant_that_never_answers_delays_nobody() {
    let server = Running::start(&[]);
    let mut dead = Person::publishes(&server, "attic", "dead");
    let mut mia = Person::publishes(&server, "attic", "mia");
    dead.comes_next("offer");
    mia.sees(&["dead-stream"]);
    let mut leo = Person::publishes(&server, "attic", "leo");
    mia.sees(&["dead-stream", "leo-stream"]);
    leo.sees(&["dead-stream", "mia-stream"]);
    dead.hears_nothing();
}

#[test]
fn crossing_offer_is_answered_and_the_own_offer_repeated() {
    let server = Running::start(&[]);
    let mut mia = Person::publishes(&server, "attic", "mia");
    let _leo = Person::publishes(&server, "attic", "leo");
    let unanswered = mia.comes_next("offer");
    assert_eq!(streams(&unanswered), ["leo-stream"]);
    mia.publish();
    mia.sees(&["leo-stream"]);
    mia.hears_nothing();
}

#[test]
fn tracks_of_a_rolled_back_offer_are_asked_for() {
    let server = Running::start(&[]);
    let mut mia = Person::publishes(&server, "attic", "mia");
    let mut leo = Person::publishes(&server, "attic", "leo");
    let offer = mia.comes_next("offer");
    leo.sees(&["mia-stream"]);
    // An offer with another camera, which crosses the server's offer.
    let video = mia.offer.find("m=video").expect("an m-line");
    let camera = mia.offer[video..].replace("mid:", "mid:another");
    let crossed = format!("{}{camera}", mia.offer);
    mia.send_offer(&crossed);
    mia.answer(&offer);
    let asked = mia.comes_next("offer");
    let sections = asked["sdp"].as_str().expect("a description").split("\nm=");
    let last = sections.last().expect("m-lines");
    assert!(
        last.starts_with("video") && last.contains("a=recvonly"),
        "{last}"
    );
    mia.answer(&asked);
    let streams = |server: &Running| server.ask("GET /api/v1/streams", "").body;
    server.until(|server| streams(server).contains("\"attic/mia~2\""));
}

#[test]
fn unexpected_and_foreign_answers_change_nothing() {
    let server = Running::start(&[]);
    let mut mia = Person::publishes(&server, "attic", "mia");
    let mut leo = Person::publishes(&server, "attic", "leo");
    let offer = mia.comes_next("offer");
    leo.sees(&["mia-stream"]);
    let mut eve = Person::joins(&server, "attic", "eve");
    for person in [&mut leo, &mut eve] {
        let mut data = json!({ "self_id": "mia", "room_id": "attic" });
        data["answer"] = mia.answer_to(&offer);
        person.tell("answer", data.clone());
        data["candidate"] = json!({ "candidate": "candidate:1 1 udp 1 127.0.0.1 9 typ host" });
        person.tell("ice-candidate", data);
        person.tell("leaveRoom", json!({ "self_id": "mia", "room_id": "attic" }));
    }
    let answer = leo.answer_to(&offer);
    leo.tell("answer", json!({ "answer": answer }));
    leo.hears_nothing();
    mia.hears_nothing();
    mia.answer(&offer);
    let refused = "headwater_dialect_frames_total{dialect=\"pion-sfu\",outcome=\"refused\"}";
    assert_eq!(server.counted(refused), 7);
    leo.leave();
    mia.sees(&[]);
}
