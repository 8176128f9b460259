//! A call that exceeds a limit is refused, and changes nothing.

use super::*;

#[test]
fn broadcast_beyond_the_limit_is_refused() {
    let mut world = World::new(|limits| limits.broadcasts_max = 1);
    world.start(OWNER, "derby").expect("it begins");
    let limit = "broadcasts_max";
    assert_eq!(world.start(ADA, "gala"), Err(Error::Full { limit }));
}

#[test]
fn member_beyond_the_limit_is_refused() {
    let mut world = World::new(|limits| limits.members_max = 2);
    world.start(OWNER, "derby").expect("it begins");
    world.arrive(ADA);
    let limit = "members_max";
    assert_eq!(world.join(BOB), Err(Error::Full { limit }));
    assert_eq!(world.join(ADA), Ok(()), "she is one of them");
}

#[test]
fn watched_tree_beyond_the_limit_is_refused() {
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
fn too_long_name_is_refused() {
    let mut world = World::new(|limits| limits.name_bytes_max = 5);
    world.start(OWNER, "derby").expect("five bytes");
    let too_long = Err(Error::TooLong { max: 5 });
    assert_eq!(world.start(ADA, "derbys"), too_long);
    assert_eq!(world.join_as(ADA, "derby", Some("Adelaide")), too_long);
    assert_eq!(world.tree(), "1");
}

#[test]
fn calls_of_a_peer_without_socket_are_refused() {
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
