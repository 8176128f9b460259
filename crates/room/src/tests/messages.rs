use super::*;

fn bodies(told: Vec<Event>) -> Vec<(u64, String)> {
    let message = |event| match event {
        Event::Message(message) => Some((message.number, message.body)),
        _ => None,
    };
    told.into_iter().filter_map(message).collect()
}

fn of<const N: usize>(messages: [(u64, &str); N]) -> Vec<(u64, String)> {
    messages.map(|(n, body)| (n, body.to_owned())).to_vec()
}

#[test]
fn message_reaches_all_or_one_and_always_its_sender() {
    let mut world = World::new(|_| ());
    let ada = world.join("ada", Role::Viewer);
    let bob = world.join("bob", Role::Viewer);
    let cid = world.join("cid", Role::Viewer);
    assert_eq!(world.say_to(ada, None, "all"), Ok(1));
    assert_eq!(world.say_to(ada, Some("bob"), "bob"), Ok(2));
    assert_eq!(world.say_to(ada, Some("ada"), "me"), Ok(3));
    let told = world.told(ada);
    assert_eq!(bodies(told), of([(1, "all"), (2, "bob"), (3, "me")]));
    let told = world.told(bob);
    assert_eq!(bodies(told), of([(1, "all"), (2, "bob")]));
    let told = world.told(cid);
    assert_eq!(bodies(told), of([(1, "all")]));
}

#[test]
fn later_participant_gets_the_last_hundred_messages_to_all() {
    let mut world = World::new(|l| l.messages_per_second = 0);
    let ada = world.join("ada", Role::Host);
    for i in 0..=MESSAGES_KEPT {
        world.say_to(ada, None, &i.to_string()).expect("may write");
    }
    world.say_to(ada, Some("ada"), "secret").expect("may write");
    let (_, joined) = world.try_join("bob", Role::Viewer).expect("may join");
    let numbers: Vec<_> = joined.messages.iter().map(|m| m.number).collect();
    assert_eq!(numbers, (2..=101).collect::<Vec<_>>());
}

#[test]
fn messages_are_refused_with_the_reason() {
    let mut world = World::new(|l| l.message_bytes_max = 10);
    let ada = world.join("ada", Role::Viewer);
    let eve = world.join("eve", Role::Hidden);
    use SendError::*;
    assert_eq!(world.say_to(eve, None, "boo"), Err(Forbidden));
    assert_eq!(world.say_to(ada, Some("eve"), "boo"), Err(NotFound));
    assert_eq!(world.say_to(ada, Some("bob"), "boo"), Err(NotFound));
    let too_long = |field, max| Err(TooLong { field, max });
    assert_eq!(
        world.say_to(ada, None, &"x".repeat(11)),
        too_long("body", 10)
    );
    let topic = Some("x".repeat(TOPIC_BYTES_MAX + 1));
    let (kind, body) = (MessageKind::Data, String::new());
    let sent = world.rooms.send(world.now, 0, ada, kind, None, topic, body);
    assert_eq!(sent, too_long("topic", TOPIC_BYTES_MAX));
    assert_eq!(world.say_to(ParticipantKey(9), None, "boo"), Err(Unknown));
}

#[test]
fn long_data_is_paced_by_its_length_and_not_kept() {
    let mut world = World::new(|l| (l.message_bytes_max, l.messages_per_second) = (10, 2));
    let ada = world.join("ada", Role::Viewer);
    let bob = world.join("bob", Role::Viewer);
    let send = |world: &mut World, length| {
        let body = "x".repeat(length);
        let (now, rooms) = (world.now, &mut world.rooms);
        rooms.send_long(now, 0, ada, None, body, 40)
    };
    let too_long = SendError::TooLong {
        field: "body",
        max: 40,
    };
    assert_eq!(send(&mut world, 41), Err(too_long));
    assert_eq!(send(&mut world, 30), Ok(1), "the place of three");
    assert_eq!(send(&mut world, 10), Ok(2), "that of one");
    assert_eq!(send(&mut world, 1), Err(SendError::TooFast));
    let told = bodies(world.told(bob)).into_iter();
    let lengths: Vec<_> = told.map(|(number, body)| (number, body.len())).collect();
    assert_eq!(lengths, [(1, 30), (2, 10)]);
    let (_, joined) = world.try_join("cid", Role::Viewer).expect("may join");
    let numbers: Vec<_> = joined.messages.iter().map(|m| m.number).collect();
    assert_eq!(numbers, [2]);
}

#[test]
fn sender_that_is_too_fast_has_to_wait() {
    let mut world = World::new(|l| l.messages_per_second = 2);
    let ada = world.join("ada", Role::Viewer);
    let bob = world.join("bob", Role::Viewer);
    for _ in 0..4 {
        assert!(world.say_to(ada, None, "x").is_ok());
    }
    assert_eq!(world.say_to(ada, None, "x"), Err(SendError::TooFast));
    assert!(
        world.say_to(bob, None, "x").is_ok(),
        "each has its own rate"
    );
    world.pass(500 * MS);
    assert!(world.say_to(ada, None, "x").is_ok());
}

#[test]
fn server_sends_messages_under_its_own_id() {
    let mut world = World::new(|_| ());
    let ada = world.join("ada", Role::Viewer);
    let bob = world.join("bob", Role::Viewer);
    let mut say = |name: &str, to: Option<&str>| {
        let (now, kind) = (world.now, MessageKind::Chat);
        let body = "hear".to_owned();
        world
            .rooms
            .say(now, 7, &room(name), kind, to.map(id), None, body)
    };
    assert_eq!(say("garden", None), Ok(1));
    assert_eq!(say("garden", Some("ada")), Ok(2));
    assert_eq!(say("yard", None), Err(SendError::NotFound));
    assert_eq!(bodies(world.told(ada)), of([(1, "hear"), (2, "hear")]));
    let told = world.told(bob);
    assert!(matches!(
        &told[..],
        [Event::Message(m)] if m.from == ParticipantId::server() && m.sent_at == 7
    ));
}
