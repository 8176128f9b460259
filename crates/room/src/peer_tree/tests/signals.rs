//! Signalling between peers.

use super::*;

fn candidates(from: PeerId, text: &str) -> Event {
    let candidates = text.into();
    Event::Candidates { from, candidates }
}

#[test]
fn candidates_and_their_receipts_pass_both_ways() {
    let mut world = World::derby(2);
    world.arrive(ADA);
    let broadcasts = &mut world.broadcasts;
    broadcasts.candidates(OWNER, ADA, "[]").expect("passed");
    broadcasts.candidates(ADA, OWNER, "[1]").expect("passed");
    broadcasts.candidates_received(OWNER, ADA).expect("passed");
    world.drain();
    let received = Event::CandidatesReceived { from: OWNER };
    let expected = [
        (ADA, candidates(OWNER, "[]")),
        (OWNER, candidates(ADA, "[1]")),
        (ADA, received),
    ];
    assert_eq!(world.take(), expected);
}

#[test]
fn signals_between_different_broadcasts_are_refused() {
    let mut world = World::derby(2);
    world.arrive(ADA);
    world.start(BOB, "gala").expect("it begins");
    world.take();
    let now = world.now;
    let broadcasts = &mut world.broadcasts;
    for (from, to) in [
        (ADA, CID),
        (CID, ADA),
        (BOB, ADA),
        (ADA, PeerId(99)),
        (ADA, ADA),
    ] {
        let unknown = Err(Error::UnknownPeer);
        assert_eq!(broadcasts.candidates(from, to, "[]"), unknown);
        assert_eq!(broadcasts.candidates_received(from, to), unknown);
        assert_eq!(broadcasts.answer(now, from, to, "{}"), unknown);
    }
    world.drain();
    assert_eq!(world.take(), []);
}

#[test]
fn only_the_parents_first_answer_is_passed_on() {
    let mut world = World::derby(2);
    world.arrive(ADA);
    world.join(BOB).expect("it joins");
    world.take();
    world.answer(ADA, BOB);
    assert_eq!(world.take(), [], "she was not asked");
    world.answer(OWNER, BOB);
    world.answer(OWNER, BOB);
    assert_eq!(world.take(), [(BOB, joined(OWNER))]);
}

#[test]
fn candidates_of_a_passed_over_parent_are_dropped() {
    let mut world = World::derby(2);
    world.arrive(ADA);
    world.arrive(BOB);
    world.join(CID).expect("it joins");
    world.pass(ANSWER_MAX);
    world.take();
    world
        .broadcasts
        .candidates(ADA, CID, "[]")
        .expect("no error");
    world.broadcasts.candidates(BOB, CID, "[]").expect("passed");
    world.drain();
    assert_eq!(world.take(), [(CID, candidates(BOB, "[]"))]);
}
