use super::*;

fn world() -> (World, ParticipantKey, ParticipantKey, StreamName) {
    let mut world = World::new(|_| ());
    let ada = world.join("ada", Role::Publisher);
    let mut join = world.join_request("bob", Role::Viewer);
    join.auto_subscribe = false;
    let bob = join.key;
    world.rooms.join(world.now, join).expect("may join");
    world.publish(ada, "garden/ada", &[Kind::Audio]);
    (world, ada, bob, stream("garden/ada"))
}

fn kinds(orders: Vec<Output>) -> Vec<(&'static str, Kind)> {
    let name = |order| match order {
        Output::View { kind, .. } => ("view", kind),
        Output::Drop { kind, .. } => ("drop", kind),
        Output::TrackSettings { kind, .. } => ("settings", kind),
        other => panic!("{other:?}"),
    };
    orders.into_iter().map(name).collect()
}

#[test]
fn participant_without_auto_gets_what_it_asks_for_once() {
    let (mut world, ada, bob, name) = world();
    assert_eq!(world.orders(), []);
    assert_eq!(world.rooms.subscribe(bob, &name, None), Ok(()));
    assert_eq!(world.rooms.subscribe(bob, &name, None), Ok(()));
    assert_eq!(kinds(world.orders()), [("view", Kind::Audio)]);
    world.publish(ada, "garden/ada", &[Kind::Audio, Kind::Video]);
    assert_eq!(
        kinds(world.orders()),
        [("view", Kind::Video)],
        "was asked for"
    );
    let audio = Some(&[Kind::Audio][..]);
    assert_eq!(world.rooms.unsubscribe(bob, &name, audio), Ok(()));
    assert_eq!(world.rooms.unsubscribe(bob, &name, audio), Ok(()));
    assert_eq!(kinds(world.orders()), [("drop", Kind::Audio)]);
}

#[test]
fn declined_track_stays_away_until_the_stream_ends() {
    let (mut world, ada, _, name) = world();
    let cid = world.join("cid", Role::Viewer);
    world.forget();
    assert_eq!(world.rooms.unsubscribe(cid, &name, None), Ok(()));
    world.publish(ada, "garden/ada", &[Kind::Video]);
    assert_eq!(kinds(world.orders()), [("drop", Kind::Audio)]);
    let end = world.rooms.unpublish(world.now, ada, &name);
    assert_eq!(end, Ok(()));
    world.forget();
    world.publish(ada, "garden/ada", &[Kind::Video]);
    assert_eq!(kinds(world.orders()), [("view", Kind::Video)]);
}

#[test]
fn settings_apply_only_to_tracks_that_are_given() {
    let (mut world, _, bob, name) = world();
    let adjust = |world: &mut World, paused, size| {
        world
            .rooms
            .set_track_settings(bob, &name, Kind::Audio, paused, size)
    };
    let refused = adjust(&mut world, Some(true), None);
    assert_eq!(refused, Err(StreamError::NotSubscribed));
    assert_eq!(world.rooms.subscribe(bob, &name, None), Ok(()));
    world.forget();
    assert_eq!(adjust(&mut world, Some(true), None), Ok(()));
    assert_eq!(adjust(&mut world, None, Some((320, 180))), Ok(()));
    assert_eq!(adjust(&mut world, Some(true), None), Ok(()));
    let settings = |order: &Output| match order {
        Output::TrackSettings { settings, .. } => *settings,
        other => panic!("{other:?}"),
    };
    let expected = [(0, 0), (320, 180)].map(|(width, height)| TrackSettings {
        paused: true,
        width,
        height,
    });
    let settings: Vec<_> = world.orders().iter().map(settings).collect();
    assert_eq!(settings, expected);
}

#[test]
fn own_and_unknown_streams_cannot_be_viewed() {
    let (mut world, ada, bob, name) = world();
    world.forget();
    let rooms = &mut world.rooms;
    assert_eq!(rooms.subscribe(ada, &name, None), Err(StreamError::Own));
    let elsewhere = rooms.subscribe(bob, &stream("garden/x"), None);
    assert_eq!(elsewhere, Err(StreamError::NotFound));
    let nobody = rooms.subscribe(ParticipantKey(99), &name, None);
    assert_eq!(nobody, Err(StreamError::Unknown));
    assert_eq!(world.orders(), []);
}

#[test]
fn external_viewers_count_before_and_after_the_room() {
    let mut world = World::new(|_| ());
    for (name, viewers) in [("garden", 2), ("garden/ada", 3), ("garden-2", 5)] {
        world.rooms.set_viewers(world.now, &stream(name), viewers);
    }
    let (ada, joined) = world.try_join("ada", Role::Viewer).expect("may join");
    assert_eq!(joined.room.viewers, 5);
    world.pass(2 * SECOND);
    world.forget();
    for viewers in 0..100 {
        let name = stream("garden/ada");
        world.rooms.set_viewers(world.now, &name, viewers);
    }
    world.pass(2 * SECOND);
    assert!(matches!(
        &world.told(ada)[..],
        [Event::RoomChanged(room)] if room.viewers == 101
    ));
}
