//! Which peer feeds which, and which peers are told when that ends.

use super::*;

#[test]
fn offer_goes_to_the_parent_and_its_answer_back() {
    let mut world = World::derby(2);
    world.join(ADA).expect("it joins");
    assert_eq!(world.take(), [(OWNER, relay(ADA))]);
    world.answer(OWNER, ADA);
    assert_eq!(world.take(), [(ADA, joined(OWNER))]);
}

#[test]
fn places_are_given_breadth_first_in_the_order_of_joining() {
    let mut world = World::derby(2);
    let parents = [ADA, BOB, CID, DEE, EVE].map(|peer| world.arrive(peer));
    assert_eq!(parents, [OWNER, OWNER, ADA, ADA, BOB]);
}

#[test]
fn offer_waits_until_a_parent_has_media() {
    let mut world = World::derby(1);
    world.join(ADA).expect("it joins");
    world.join(BOB).expect("it joins");
    world.take();
    world.answer(OWNER, ADA);
    world.pass(READY_AFTER - MS);
    assert_eq!(world.take(), [(ADA, joined(OWNER))]);
    world.pass(MS);
    assert_eq!(world.take(), [(ADA, relay(BOB))]);
}

#[test]
fn unanswered_offer_goes_to_another_parent() {
    let mut world = World::derby(2);
    world.arrive(ADA);
    world.arrive(BOB);
    world.join(CID).expect("it joins");
    assert_eq!(world.take(), [(ADA, relay(CID))]);
    world.pass(ANSWER_MAX);
    assert_eq!(world.take(), [(BOB, relay(CID))]);
    world.answer(ADA, CID);
    assert_eq!(world.take(), [], "too late");
    world.answer(BOB, CID);
    assert_eq!(world.take(), [(CID, joined(BOB))]);
    world.pass(10 * SECOND);
    assert_eq!(world.take(), [], "nobody else is asked");
}

#[test]
fn parent_that_left_an_offer_unanswered_is_asked_last() {
    let mut world = World::derby(2);
    world.arrive(ADA);
    world.arrive(BOB);
    world.join(CID).expect("it joins");
    world.pass(ANSWER_MAX);
    world.answer(BOB, CID);
    world.take();
    assert_eq!(world.arrive(DEE), BOB, "and not Ada, who came before");
}

#[test]
fn offer_that_no_parent_answers_raises_no_risk() {
    let mut world = World::derby(2);
    world.arrive(ADA);
    world.arrive(BOB);
    world.join(CID).expect("it joins");
    world.pass(10 * ANSWER_MAX);
    world.leave(CID);
    world.take();
    assert_eq!(world.arrive(DEE), ADA);
}

#[test]
fn sole_parent_may_answer_late() {
    let mut world = World::derby(2);
    world.join(ADA).expect("it joins");
    world.pass(10 * ANSWER_MAX);
    assert_eq!(world.take(), [(OWNER, relay(ADA))], "it is asked once");
    world.answer(OWNER, ADA);
    assert_eq!(world.take(), [(ADA, joined(OWNER))]);
}

#[test]
fn offer_is_given_up_after_the_maximum_of_parents() {
    let mut world = World::new(|limits| limits.listeners_max = 20);
    world.start(OWNER, "derby").expect("it begins");
    for number in 100..120 {
        world.broadcasts.opened(PeerId(number));
        world.arrive(PeerId(number));
    }
    world.join(ADA).expect("it joins");
    world.pass(60 * SECOND);
    let mut asked = world.take();
    assert_eq!(asked.pop(), Some((ADA, Event::Unanswered)));
    assert_eq!(asked.len(), ASKED_MAX);
    let mut parents: Vec<_> = asked.iter().map(|(to, _)| *to).collect();
    parents.dedup();
    assert_eq!(parents.len(), ASKED_MAX, "each another one");
}

#[test]
fn unanswered_offer_does_not_keep_other_joiners_out() {
    let mut world = World::derby(1);
    world.join(ADA).expect("it joins");
    world.join(BOB).expect("it waits");
    world.pass(ANSWER_MAX);
    assert_eq!(world.take(), [(OWNER, relay(ADA)), (OWNER, relay(BOB))]);
    world.answer(OWNER, BOB);
    world.pass(READY_AFTER);
    assert_eq!(world.take(), [(BOB, joined(OWNER)), (BOB, relay(ADA))]);
}

#[test]
fn peers_below_a_leaver_are_told_to_rejoin_and_placed_anew() {
    let mut world = World::derby(1);
    for peer in [ADA, BOB, CID, DEE] {
        world.arrive(peer);
    }
    assert_eq!(world.tree(), "1(2(3(4(5))))");
    world.leave(ADA);
    let told = world.take();
    let expected = [
        (ADA, Event::Left),
        (BOB, reconnect()),
        (CID, reconnect()),
        (DEE, reconnect()),
    ];
    assert_eq!(told, expected);
    assert_eq!(world.tree(), "1");
    for peer in [CID, BOB, DEE] {
        world.join(peer).expect("again");
    }
    assert_eq!(world.take(), [(OWNER, relay(CID))], "the others wait");
    world.answer(OWNER, CID);
    world.pass(READY_AFTER);
    assert_eq!(world.asked_for(BOB), Some(CID));
}

#[test]
fn unanswered_joiner_moves_on_when_its_parent_is_gone() {
    let mut world = World::derby(2);
    for peer in [ADA, BOB] {
        world.arrive(peer);
    }
    world.join(CID).expect("it joins");
    assert_eq!(world.take(), [(ADA, relay(CID))]);
    world.close(ADA);
    assert_eq!(
        world.take(),
        [(OWNER, relay(CID))],
        "with the offer that it made"
    );
}

#[test]
fn peer_that_rejoins_gives_up_its_place_and_children() {
    let mut world = World::derby(1);
    for peer in [ADA, BOB] {
        world.arrive(peer);
    }
    world.join(ADA).expect("anew");
    assert_eq!(world.take(), [(BOB, reconnect()), (OWNER, relay(ADA))]);
}

#[test]
fn peer_that_left_may_join_and_begin_a_broadcast() {
    let mut world = World::derby(2);
    world.arrive(ADA);
    world.leave(ADA);
    world.arrive(ADA);
    world.leave(ADA);
    assert_eq!(world.start(ADA, "own"), Ok(()));
}

#[test]
fn peer_that_begins_a_broadcast_leaves_its_present_one() {
    let mut world = World::derby(1);
    world.arrive(ADA);
    world.arrive(BOB);
    assert_eq!(world.start(ADA, "own"), Ok(()));
    assert_eq!(world.take(), [(BOB, reconnect()), (ADA, Event::Started)]);
    assert_eq!(world.tree(), "1");
}

#[test]
fn peer_that_joins_another_broadcast_leaves_the_first() {
    let mut world = World::derby(1);
    world.start(EVE, "gala").expect("it begins");
    world.arrive(ADA);
    world.arrive(BOB);
    world.join_as(ADA, "gala", None).expect("it joins");
    assert_eq!(world.take(), [(BOB, reconnect()), (EVE, relay(ADA))]);
}

#[test]
fn owner_can_neither_join_nor_begin_another_broadcast() {
    let mut world = World::derby(2);
    world.start(EVE, "gala").expect("it begins");
    assert_eq!(world.join(OWNER), Err(Error::Broadcasting));
    assert_eq!(world.join_as(OWNER, "gala", None), Err(Error::Broadcasting));
    assert_eq!(world.start(OWNER, "third"), Err(Error::Broadcasting));
}

#[test]
fn end_is_told_to_all_before_the_owner_gets_its_answer() {
    let mut world = World::derby(1);
    for peer in [ADA, BOB] {
        world.arrive(peer);
    }
    world.join(CID).expect("it waits");
    world.take();
    assert_eq!(
        world.broadcasts.end(world.now, ADA, "derby"),
        Err(Error::NotOwner)
    );
    world
        .broadcasts
        .end(world.now, OWNER, "derby")
        .expect("its own");
    world.drain();
    let name: Arc<str> = "derby".into();
    let mut expected: Vec<_> = [OWNER, ADA, BOB, CID].map(|peer| (peer, ended())).into();
    expected.push((OWNER, Event::Ended { name }));
    assert_eq!(world.take(), expected);
    world.pass(10 * SECOND);
    assert_eq!(world.take(), [], "and nothing comes after");
    assert_eq!(world.start(BOB, "derby"), Ok(()), "the name is free");
}

#[test]
fn broadcast_ends_when_its_owner_leaves_or_is_gone() {
    let mut world = World::derby(2);
    world.arrive(ADA);
    world.leave(OWNER);
    let expected = [(OWNER, Event::Left), (OWNER, ended()), (ADA, ended())];
    assert_eq!(world.take(), expected);
    world.start(OWNER, "derby").expect("again");
    world.arrive(ADA);
    world.close(OWNER);
    assert_eq!(world.take(), [(ADA, ended())]);
}

#[test]
fn name_is_taken_until_its_broadcast_ends() {
    let mut world = World::derby(2);
    assert_eq!(world.start(ADA, "derby"), Err(Error::Taken));
    assert_eq!(world.start(ADA, "Derby"), Ok(()), "case counts");
    assert_eq!(world.start(BOB, ""), Ok(()), "any text is a name");
}

#[test]
fn leave_without_broadcast_and_join_of_unknown_are_refused() {
    let mut world = World::derby(2);
    assert_eq!(
        world.broadcasts.leave(world.now, ADA),
        Err(Error::NotMember)
    );
    world.arrive(ADA);
    assert_eq!(
        world.join_as(ADA, "none", None),
        Err(Error::UnknownBroadcast)
    );
    assert_eq!(world.tree(), "1(2)", "and nothing has changed");
}
