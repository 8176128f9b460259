//! Whose turn it is to offer.

use serde_json::json;

use super::person::{Person, streams};
use crate::running::Running;

#[test]
fn an_offer_names_who_it_is_for_and_answers_with_or_without_these_names_are_taken() {
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
    // Both were taken, or there would be no third.
    leo.join();
    leo.publish();
    mia.sees(&["leo-stream"]);
}

#[test]
fn changes_while_an_offer_waits_come_together_after_its_answer() {
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
fn who_never_answers_keeps_nobody_else_waiting() {
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
fn who_offers_instead_of_answering_is_answered_and_then_offered_all_again() {
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
fn who_takes_its_offer_back_for_the_servers_is_asked_for_what_was_in_it() {
    let server = Running::start(&[]);
    let mut mia = Person::publishes(&server, "attic", "mia");
    let mut leo = Person::publishes(&server, "attic", "leo");
    let offer = mia.comes_next("offer");
    leo.sees(&["mia-stream"]);
    // Another camera, which crosses the server's offer.
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
fn an_answer_to_nothing_and_one_by_somebody_else_change_nothing() {
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
