use super::*;

fn world() -> (World, ParticipantKey, ParticipantKey) {
    let mut world = World::new(|_| ());
    let ada = world.join("ada", Role::Host);
    let bob = world.join("bob", Role::Publisher);
    world.join("eve", Role::Hidden);
    world.publish(bob, "garden/bob", &[Kind::Audio]);
    world.forget();
    (world, ada, bob)
}

#[test]
fn only_hosts_act_on_others() {
    let (mut world, _, bob) = world();
    let (rooms, now) = (&mut world.rooms, world.now);
    let name = stream("garden/bob");
    for result in [
        rooms.request_mute(bob, &name, Kind::Audio),
        rooms.kick_by(now, bob, &id("ada"), None),
        rooms.lock(now, bob, true),
        rooms.close_by(bob, None),
    ] {
        assert_eq!(result, Err(HostError::Forbidden));
    }
    let nobody = rooms.lock(now, ParticipantKey(99), true);
    assert_eq!(nobody, Err(HostError::Unknown));
    world.drain();
    assert!(world.told.is_empty() && world.orders.is_empty());
}

#[test]
fn mute_request_of_a_host_reaches_only_the_publisher() {
    let (mut world, ada, bob) = world();
    let name = stream("garden/bob");
    let ask = |world: &mut World, kind| world.rooms.request_mute(ada, &name, kind);
    assert_eq!(ask(&mut world, Kind::Video), Err(HostError::NotFound));
    assert_eq!(ask(&mut world, Kind::Audio), Ok(()));
    let asked = Event::MuteRequested {
        stream: name,
        kind: Kind::Audio,
        by: id("ada"),
    };
    assert_eq!(world.told(bob), [asked]);
    assert_eq!(world.told(ada), []);
}

#[test]
fn kicked_participant_is_told_why_and_others_are_told() {
    let (mut world, ada, bob) = world();
    let kick = |world: &mut World, name: &str| {
        let text = Some("enough".to_owned());
        world.rooms.kick_by(world.now, ada, &id(name), text)
    };
    assert_eq!(kick(&mut world, "ada"), Err(HostError::BadTarget));
    assert_eq!(kick(&mut world, "nobody"), Err(HostError::NotFound));
    assert_eq!(kick(&mut world, "eve"), Err(HostError::NotFound), "hidden");
    assert_eq!(kick(&mut world, "bob"), Ok(()));
    let told = world.told(bob);
    assert_eq!(told.last(), Some(&ended(EndReason::Kicked, Some("enough"))));
    let told = world.told(ada);
    assert_eq!(told.last(), Some(&left("bob", EndReason::Kicked)));
    assert!(world.rooms.stream(&stream("garden/bob")).is_none());
}

#[test]
fn api_kicks_participants_and_closes_rooms() {
    let (mut world, ada, _) = world();
    let (garden, yard) = (room("garden"), room("yard"));
    let now = world.now;
    assert!(world.rooms.kick(now, &garden, &id("eve"), None));
    assert!(!world.rooms.kick(now, &garden, &id("eve"), None));
    assert!(!world.rooms.close(&yard, None));
    assert!(world.rooms.close(&garden, Some("night".to_owned())));
    let told = world.told(ada);
    assert_eq!(told, [ended(EndReason::Closed, Some("night"))]);
    assert!(world.is_clean());
}

#[test]
fn lock_is_told_at_once_and_only_on_change() {
    let (mut world, ada, bob) = world();
    for locked in [true, true, false] {
        assert_eq!(world.rooms.lock(world.now, ada, locked), Ok(()));
    }
    let locks = |event| match event {
        Event::RoomChanged(room) => room.locked,
        other => panic!("{other:?}"),
    };
    let told: Vec<_> = world.told(bob).into_iter().map(locks).collect();
    assert_eq!(told, [true, false]);
}

#[test]
fn api_locks_a_room_without_a_host() {
    let (mut world, _, bob) = world();
    assert!(world.rooms.set_locked(world.now, &room("garden"), true));
    assert!(!world.rooms.set_locked(world.now, &room("nowhere"), true));
    assert!(world.rooms.room(&room("garden")).is_some_and(|r| r.locked));
    assert!(matches!(&world.told(bob)[..], [Event::RoomChanged(room)] if room.locked));
}

#[test]
fn closed_room_ends_everything_in_it() {
    let (mut world, ada, bob) = world();
    assert_eq!(world.rooms.close_by(ada, None), Ok(()));
    for key in [ada, bob] {
        assert_eq!(world.told(key), [ended(EndReason::Closed, None)]);
        assert!(world.rooms.participant(key).is_none());
    }
    assert_eq!(
        world.webhook_events.last(),
        Some(&WebhookEvent::RoomEnded {
            room: room("garden")
        })
    );
    let drops = |o: &&Output| matches!(o, Output::Drop { .. });
    let orders = world.orders();
    assert_eq!(orders.iter().filter(drops).count(), 2);
    assert!(world.is_clean());
}

#[test]
fn stopping_server_ends_all_rooms() {
    let (mut world, ada, _) = world();
    world.rooms.stop();
    assert_eq!(world.told(ada), [ended(EndReason::Stopping, None)]);
    assert!(world.is_clean());
}
