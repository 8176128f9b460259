use super::*;

#[test]
fn new_participant_gets_the_others_and_they_are_told() {
    let mut world = World::new(|_| ());
    let (ada, first) = world.try_join("ada", Role::Host).expect("may join");
    assert!(first.participants.is_empty() && first.room.participants == 1);
    let (bob, joined) = world.try_join("bob", Role::Viewer).expect("may join");
    assert_eq!(joined.participants, [first.participant]);
    assert_eq!(joined.participant.name, "bob");
    let told = world.told(ada);
    assert_eq!(told, [Event::ParticipantJoined(joined.participant)]);
    assert_eq!(world.told(bob), []);
}

#[test]
fn hidden_participants_see_and_are_not_seen() {
    let mut world = World::new(|_| ());
    let ada = world.join("ada", Role::Host);
    let (eve, joined) = world.try_join("eve", Role::Hidden).expect("may join");
    assert_eq!(joined.room.participants, 1);
    let (_, joined) = world.try_join("bob", Role::Viewer).expect("may join");
    assert_eq!(joined.participants.len(), 1);
    assert!(matches!(
        &world.told(eve)[..],
        [Event::ParticipantJoined(p)] if p.id == id("bob")
    ));
    world.forget();
    world
        .rooms
        .set_quality(world.now, eve, model::Quality::Poor);
    assert!(matches!(
        world.told(eve)[..],
        [Event::ParticipantChanged(_)]
    ));
    world.rooms.leave(world.now, eve, EndReason::Left);
    assert_eq!(world.told(ada), []);
    assert_eq!(world.told(eve), [ended(EndReason::Left, None)]);
    assert_eq!(world.webhook_events, []);
    let seen = world.rooms.participants(&room("garden")).expect("is there");
    assert_eq!((seen.len(), world.rooms.len()), (2, 2));
}

#[test]
fn second_join_with_an_id_replaces_the_first() {
    let mut world = World::new(|_| ());
    let (ada, bob) = (
        world.join("ada", Role::Publisher),
        world.join("bob", Role::Viewer),
    );
    world.publish(ada, "garden/ada", &[Kind::Audio]);
    world.forget();
    let last = world.stream("garden/ada");
    let (again, joined) = world.try_join("ada", Role::Publisher).expect("may join");
    assert!(joined.streams.is_empty() && joined.participants.len() == 1);
    assert_eq!(
        world.told(bob),
        [
            Event::StreamRemoved(last),
            left("ada", EndReason::Replaced),
            Event::ParticipantJoined(joined.participant),
        ]
    );
    let told = world.told(ada);
    assert_eq!(told.last(), Some(&ended(EndReason::Replaced, None)));
    assert_eq!(world.rooms.key(&room("garden"), &id("ada")), Some(again));
    assert!(!world.rooms.found(world.now, ada));
    assert_eq!(world.told(again), []);
}

#[test]
fn participation_ends_in_order_and_its_own_end_is_last() {
    let mut world = World::new(|_| ());
    let (ada, bob) = (
        world.join("ada", Role::Publisher),
        world.join("bob", Role::Publisher),
    );
    world.publish(ada, "garden/ada", &[Kind::Video]);
    world.publish(bob, "garden/bob", &[Kind::Audio]);
    world.forget();
    let last = world.stream("garden/ada");
    world.rooms.leave(world.now, ada, EndReason::Slow);
    let (a, b) = (stream("garden/ada"), stream("garden/bob"));
    let outputs: Vec<_> = std::iter::from_fn(|| world.rooms.poll_output()).collect();
    let deliver = |to: &[ParticipantKey], event: Event| Output::Deliver {
        to: to.to_vec(),
        events: [event].into(),
    };
    let (name, id) = (room("garden"), id("ada"));
    let expected = [
        Output::EndStream {
            participant: ada,
            stream: a.clone(),
        },
        deliver(&[ada, bob], Event::StreamRemoved(last)),
        Output::Drop {
            participant: bob,
            stream: a.clone(),
            kind: Kind::Video,
        },
        Output::Webhook(WebhookEvent::StreamEnded {
            room: name.clone(),
            stream: a,
        }),
        Output::Drop {
            participant: ada,
            stream: b,
            kind: Kind::Audio,
        },
        deliver(&[bob], left("ada", EndReason::Slow)),
        Output::Webhook(WebhookEvent::ParticipantLeft {
            room: name,
            participant: id,
            reason: EndReason::Slow,
        }),
        deliver(&[ada], ended(EndReason::Slow, None)),
        Output::EndParticipant { participant: ada },
    ];
    assert_eq!(outputs, expected);
}

#[test]
fn lost_participant_may_return_within_the_grace_time() {
    let mut world = World::new(|_| ());
    let (ada, bob) = (
        world.join("ada", Role::Publisher),
        world.join("bob", Role::Viewer),
    );
    let states = |told: Vec<Event>| -> Vec<State> {
        let state = |event| match event {
            Event::ParticipantChanged(p) => Some(p.state),
            _ => None,
        };
        told.into_iter().filter_map(state).collect()
    };
    world.rooms.lost(world.now, ada);
    world.rooms.lost(world.now, ada);
    world.pass(29 * SECOND);
    assert!(world.rooms.found(world.now, ada));
    world.pass(60 * SECOND);
    assert_eq!(states(world.told(bob)), [State::Lost, State::Connected]);
    world.rooms.lost(world.now, ada);
    world.pass(30 * SECOND);
    let told = world.told(bob);
    assert!(told.contains(&left("ada", EndReason::Lost)));
    assert!(!world.rooms.found(world.now, ada));
}

#[test]
fn joins_to_full_and_locked_rooms_or_too_long_are_refused() {
    let mut world = World::new(|l| {
        (l.rooms_max, l.participants_max) = (1, 2);
        (l.name_bytes_max, l.metadata_bytes_max) = (5, 6);
    });
    let ada = world.join("ada", Role::Host);
    world.join("bob", Role::Viewer);
    let full = |limit| Err(JoinError::Full { limit });
    let third = world.try_join("cid", Role::Viewer).map(|_| ());
    assert_eq!(third, full("rooms.participants_max"));
    assert!(
        world.try_join("bob", Role::Viewer).is_ok(),
        "takes its own place"
    );
    let mut elsewhere = world.join_request("cid", Role::Viewer);
    elsewhere.room = room("yard");
    let refused = world.rooms.join(world.now, elsewhere).map(|_| ());
    assert_eq!(refused, full("rooms.rooms_max"));
    let created = world.rooms.create(world.now, room("yard"));
    assert!(matches!(created, Err(CreateError::Full { .. })));
    assert_eq!(world.rooms.rooms().count(), 1);
    for (field, max) in [("name", 5), ("metadata", 6)] {
        let mut join = world.join_request("ada", Role::Host);
        match field {
            "name" => join.name = Some("x".repeat(max + 1)),
            _ => join.metadata = "x".repeat(max + 1),
        }
        let refused = world.rooms.join(world.now, join).map(|_| ());
        assert_eq!(refused, Err(JoinError::TooLong { field, max }));
    }
    world.rooms.lock(world.now, ada, true).expect("a host");
    let locked = world.try_join("bob", Role::Viewer).map(|_| ());
    assert_eq!(locked, Err(JoinError::Locked));
    assert!(world.try_join("bob", Role::Host).is_ok());
}

#[test]
fn room_ends_when_it_stays_empty() {
    let mut world = World::new(|_| ());
    let created = world.rooms.create(world.now, room("garden"));
    assert_eq!(created.map(|room| room.participants), Ok(0));
    world.pass(29 * SECOND);
    let ada = world.join("ada", Role::Hidden);
    world.pass(100 * SECOND);
    let again = world.rooms.create(world.now, room("garden"));
    assert!(again.is_ok());
    world.rooms.leave(world.now, ada, EndReason::Left);
    world.pass(29 * SECOND);
    assert!(world.rooms.room(&room("garden")).is_some());
    world.pass(SECOND);
    world.drain();
    let name = room("garden");
    let started = WebhookEvent::RoomStarted { room: name.clone() };
    assert_eq!(
        world.webhook_events,
        [started, WebhookEvent::RoomEnded { room: name }]
    );
    assert!(world.is_clean());
}

#[test]
fn changes_are_told_once_to_all_and_to_their_participant() {
    let mut world = World::new(|l| l.name_bytes_max = 10);
    let (ada, bob) = (
        world.join("ada", Role::Viewer),
        world.join("bob", Role::Viewer),
    );
    world.forget();
    let rename = |world: &mut World, name: &str| {
        let name = Some(name.to_owned());
        world.rooms.set_metadata(world.now, ada, name, None)
    };
    assert_eq!(rename(&mut world, "Ada"), Ok(()));
    assert_eq!(rename(&mut world, "Ada"), Ok(()));
    let told = world.told(bob);
    assert!(matches!(&told[..], [Event::ParticipantChanged(p)] if p.name == "Ada"));
    assert_eq!(world.told(ada), told);
    let error = rename(&mut world, "Ada of the garden");
    let (field, max) = ("name", 10);
    assert_eq!(error, Err(MetadataError::TooLong { field, max }));
}

#[test]
fn speakers_are_present_and_not_hidden() {
    let mut world = World::new(|_| ());
    let ada = world.join("ada", Role::Host);
    world.join("eve", Role::Hidden);
    let ids = ["eve", "ada", "nobody"].map(id).to_vec();
    world.rooms.set_speakers(world.now, &room("garden"), ids);
    assert_eq!(world.told(ada), [Event::Speakers(vec![id("ada")])]);
}

#[test]
fn room_of_unproved_participants_ends_with_the_last() {
    let mut world = World::new(|_| ());
    let unproved = |world: &mut World, name| {
        let mut join = world.join_request(name, Role::Publisher);
        join.is_proved = false;
        let key = join.key;
        world.rooms.join(world.now, join).expect("may join");
        key
    };
    let (ada, bob) = (unproved(&mut world, "ada"), unproved(&mut world, "bob"));
    world.rooms.leave(world.now, ada, EndReason::Left);
    assert!(world.rooms.room(&room("garden")).is_some());
    world.rooms.leave(world.now, bob, EndReason::Left);
    assert_eq!(world.rooms.room(&room("garden")), None);
    // A room in which a participant has proved itself stays for a while.
    let cid = unproved(&mut world, "cid");
    world.rooms.prove(cid);
    world.rooms.leave(world.now, cid, EndReason::Left);
    let dan = unproved(&mut world, "dan");
    world.rooms.leave(world.now, dan, EndReason::Left);
    assert!(world.rooms.room(&room("garden")).is_some());
    world.pass(30 * SECOND);
    assert_eq!(world.rooms.room(&room("garden")), None);
}

#[test]
fn locked_room_never_gives_way_to_another() {
    let mut world = World::new(|l| l.rooms_max = 1);
    let ada = world.join("ada", Role::Host);
    assert!(world.rooms.set_locked(world.now, &room("garden"), true));
    world.rooms.leave(world.now, ada, EndReason::Left);
    let refused = world.rooms.create(world.now, room("attic"));
    assert!(matches!(refused, Err(CreateError::Full { .. })));
    world.pass(30 * SECOND);
    world.rooms.create(world.now, room("attic")).expect("free");
}

#[test]
fn longest_empty_room_gives_way_when_all_are_taken() {
    let mut world = World::new(|l| l.rooms_max = 2);
    let names = |world: &World| -> Vec<String> {
        let rooms = world.rooms.rooms();
        rooms.map(|room| room.name.to_string()).collect()
    };
    world.rooms.create(world.now, room("yard")).expect("free");
    world.pass(SECOND);
    world.rooms.create(world.now, room("attic")).expect("free");
    let ada = world.join("ada", Role::Host);
    assert_eq!(names(&world), ["attic", "garden"]);
    world.rooms.create(world.now, room("yard")).expect("free");
    assert_eq!(names(&world), ["garden", "yard"]);
    let mut join = world.join_request("bob", Role::Host);
    join.room = room("yard");
    world.rooms.join(world.now, join).expect("may join");
    let refused = world.rooms.create(world.now, room("attic"));
    assert!(matches!(refused, Err(CreateError::Full { .. })));
    world.rooms.leave(world.now, ada, EndReason::Left);
    world.rooms.create(world.now, room("attic")).expect("free");
    assert_eq!(names(&world), ["attic", "yard"]);
}
