//! What there is too much of is refused, and nothing changes.

use super::*;

#[test]
fn one_broadcast_more_than_there_may_be_is_refused() {
    let mut world = World::new(|limits| limits.broadcasts_max = 1);
    world.start(OWNER, "derby").expect("it begins");
    let limit = "broadcasts_max";
    assert_eq!(world.start(ADA, "gala"), Err(Error::Full { limit }));
}

#[test]
fn one_member_more_than_there_may_be_is_refused() {
    let mut world = World::new(|limits| limits.members_max = 2);
    world.start(OWNER, "derby").expect("it begins");
    world.arrive(ADA);
    let limit = "members_max";
    assert_eq!(world.join(BOB), Err(Error::Full { limit }));
    assert_eq!(world.join(ADA), Ok(()), "she is one of them");
}

#[test]
fn one_watched_tree_more_than_there_may_be_is_refused() {
    let mut world = World::new(|limits| limits.watched_max = 1);
    world.start(OWNER, "derby").expect("it begins");
    world.start(ADA, "gala").expect("it begins");
    let limit = "watched_max";
    assert_eq!(world.broadcasts.watch(EVE, "derby"), Ok(()));
    assert_eq!(world.broadcasts.watch(EVE, "derby"), Ok(()), "once more");
    assert_eq!(
        world.broadcasts.watch(EVE, "gala"),
        Err(Error::Full { limit })
    );
}

#[test]
fn a_name_that_is_too_long_is_refused() {
    let mut world = World::new(|limits| limits.name_bytes_max = 5);
    world.start(OWNER, "derby").expect("five bytes");
    let too_long = Err(Error::TooLong { max: 5 });
    assert_eq!(world.start(ADA, "derbys"), too_long);
    assert_eq!(world.join_as(ADA, "derby", Some("Adelaide")), too_long);
    assert_eq!(world.tree(), "1");
}

#[test]
fn a_socket_that_was_never_opened_does_nothing() {
    let mut world = World::derby(2);
    let nobody = PeerId(99);
    assert_eq!(world.join(nobody), Err(Error::UnknownPeer));
    assert_eq!(world.start(nobody, "gala"), Err(Error::UnknownPeer));
    assert_eq!(
        world.broadcasts.watch(nobody, "derby"),
        Err(Error::UnknownPeer)
    );
    world.close(nobody);
    assert_eq!(world.take(), []);
}
