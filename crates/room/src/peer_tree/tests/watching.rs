//! When watchers see which tree.

use super::*;

/// The peers in each tree that a watcher was told.
fn trees(told: &[(PeerId, Event)], to: PeerId) -> Vec<Vec<u128>> {
    let trees = told.iter().filter_map(|(peer, event)| match event {
        Event::Tree(nodes) if *peer == to => Some(nodes.iter().map(|node| node.peer.0).collect()),
        _ => None,
    });
    trees.collect()
}

#[test]
fn watcher_sees_the_tree_at_once_and_with_each_change() {
    let mut world = World::derby(2);
    world.broadcasts.watch(EVE, "derby").expect("it watches");
    world.drain();
    let told = world.take();
    assert_eq!(told[0], (EVE, Event::Watching));
    assert_eq!(trees(&told, EVE), [[1]]);
    world.join(ADA).expect("it joins");
    assert_eq!(trees(&world.take(), EVE), [[1, 2]]);
    world.leave(ADA);
    assert_eq!(trees(&world.take(), EVE), [[1]]);
    world.broadcasts.unwatch(EVE, "derby").expect("it watched");
    world.join(ADA).expect("it joins");
    let told = world.take();
    assert_eq!(told[0], (EVE, Event::NotWatching));
    assert_eq!(trees(&told, EVE).len(), 0);
}

#[test]
fn tree_shows_the_names_that_peers_gave() {
    let mut world = World::derby(2);
    world.join_as(ADA, "derby", Some("Ada")).expect("it joins");
    world.join_as(BOB, "derby", None).expect("it joins");
    // A peer that joins again without a name keeps its last one.
    world.join_as(ADA, "derby", None).expect("again");
    let view = world.broadcasts.broadcasts["derby"].view();
    let names: Vec<_> = view.iter().map(|node| &*node.name).collect();
    assert_eq!(names, ["Mona", "Anonymous", "Ada"]);
}

#[test]
fn watchers_of_an_ended_broadcast_see_the_next_of_its_name() {
    let mut world = World::derby(2);
    world.broadcasts.watch(EVE, "derby").expect("it watches");
    world
        .broadcasts
        .end(world.now, OWNER, "derby")
        .expect("its own");
    world.drain();
    world.take();
    assert_eq!(
        world.broadcasts.watch(BOB, "derby"),
        Err(Error::UnknownBroadcast)
    );
    world.start(ADA, "derby").expect("the name is free");
    assert_eq!(trees(&world.take(), EVE), [[2]]);
}

#[test]
fn ended_broadcast_can_be_unwatched_only_by_its_watchers() {
    let mut world = World::derby(2);
    world.broadcasts.watch(EVE, "derby").expect("it watches");
    world
        .broadcasts
        .end(world.now, OWNER, "derby")
        .expect("its own");
    assert_eq!(world.broadcasts.unwatch(EVE, "derby"), Ok(()));
    assert_eq!(
        world.broadcasts.unwatch(EVE, "derby"),
        Err(Error::UnknownBroadcast)
    );
}

#[test]
fn watcher_that_is_gone_is_forgotten() {
    let mut world = World::derby(2);
    world.broadcasts.watch(EVE, "derby").expect("it watches");
    world.close(EVE);
    world.take();
    world.join(ADA).expect("it joins");
    assert_eq!(trees(&world.take(), EVE).len(), 0);
    assert!(world.broadcasts.watchers.is_empty());
}

#[test]
fn changes_of_a_large_watched_tree_are_gathered() {
    const WATCHERS: u128 = 150;
    let mut world = World::new(|limits| limits.listeners_max = 1_000);
    world.start(OWNER, "derby").expect("it begins");
    for number in 100..100 + WATCHERS {
        let peer = PeerId(number);
        world.broadcasts.opened(peer);
        world.join(peer).expect("it joins");
        world.broadcasts.watch(peer, "derby").expect("it watches");
    }
    world.pass(SECOND);
    world.take();
    // Some 150 times 150: gathered for 225 ms.
    for peer in [ADA, BOB, CID, DEE] {
        world.join(peer).expect("it joins");
        world.pass(10 * MS);
    }
    assert_eq!(
        trees(&world.take(), PeerId(100)).len(),
        1,
        "the first at once"
    );
    world.pass(SECOND);
    let told = trees(&world.take(), PeerId(100));
    assert_eq!(told.len(), 1, "the others together");
    let last = told[0].iter().rev().take(4).copied();
    assert!(last.eq([5, 4, 3, 2]), "{told:?}");
}
