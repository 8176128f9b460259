use super::*;

fn crowd(size: usize) -> (World, Vec<ParticipantKey>) {
    let mut world = World::new(|l| l.gather_from = 3);
    let keys = (0..size)
        .map(|i| world.join(&format!("p{i}"), Role::Publisher))
        .collect();
    world.pass(2 * SECOND);
    world.forget();
    (world, keys)
}

#[test]
fn small_room_delivers_events_at_once() {
    let (mut world, keys) = crowd(2);
    world.rooms.lost(world.now, keys[0]);
    assert_eq!(world.told(keys[1]).len(), 1);
    assert_eq!(world.deliveries, 1, "both share it");
}

#[test]
fn large_room_delivers_events_gathered() {
    let (mut world, keys) = crowd(5);
    for key in &keys[..3] {
        world.rooms.lost(world.now, *key);
    }
    world.pass(99 * MS);
    assert_eq!(world.told(keys[4]), []);
    world.pass(MS);
    assert_eq!(world.told(keys[4]).len(), 3);
    assert_eq!(world.deliveries, 1);
}

#[test]
fn participant_joining_amid_gathering_misses_no_event() {
    let (mut world, keys) = crowd(5);
    world.rooms.lost(world.now, keys[0]);
    let (late, joined) = world.try_join("late", Role::Viewer).expect("may join");
    let states: Vec<_> = joined.participants.iter().map(|p| p.state).collect();
    assert_eq!(states[0], State::Lost);
    world.rooms.lost(world.now, keys[1]);
    world.pass(100 * MS);
    assert_eq!(world.told(keys[4]).len(), 3);
    assert!(matches!(
        &world.told(late)[..],
        [Event::ParticipantChanged(p)] if p.id == id("p1")
    ));
}

#[test]
fn private_event_comes_after_gathered_ones() {
    let (mut world, keys) = crowd(5);
    world.rooms.lost(world.now, keys[0]);
    world
        .say_to(keys[1], Some("p2"), "psst")
        .expect("may write");
    for key in [keys[1], keys[2]] {
        assert!(matches!(
            world.told(key)[..],
            [Event::ParticipantChanged(_), Event::Message(_)]
        ));
    }
    assert_eq!(world.told(keys[3]), []);
    world.pass(100 * MS);
    assert_eq!(world.told(keys[1]), []);
    assert_eq!(world.told(keys[3]).len(), 1);
}

#[test]
fn leaving_participant_gets_gathered_events_before_its_end() {
    let (mut world, keys) = crowd(5);
    world.rooms.lost(world.now, keys[0]);
    world.rooms.leave(world.now, keys[1], EndReason::Left);
    assert!(matches!(
        world.told(keys[1])[..],
        [Event::ParticipantChanged(_), Event::Ended { .. }]
    ));
}

#[test]
fn message_to_all_is_delivered_at_once() {
    let (mut world, keys) = crowd(5);
    world.rooms.lost(world.now, keys[0]);
    world.say_to(keys[1], None, "hello").expect("may write");
    assert_eq!(world.told(keys[4]).len(), 2);
    assert_eq!(world.rooms.poll_timeout(), Some(world.now + 30 * SECOND));
}

#[test]
fn gathering_ends_early_at_the_maximum_of_events() {
    let (mut world, keys) = crowd(5);
    for i in 0..GATHERED_MAX {
        let name = Some(i.to_string());
        let done = world.rooms.set_metadata(world.now, keys[0], name, None);
        assert_eq!(done, Ok(()));
    }
    assert_eq!(world.told(keys[4]).len(), GATHERED_MAX);
}

#[test]
fn counts_are_told_once_a_second_however_many_join() {
    let (mut world, keys) = crowd(5);
    for i in 0..40 {
        world.join(&format!("q{i}"), Role::Viewer);
        world.pass(50 * MS);
    }
    world.pass(2 * SECOND);
    let rooms = |event: &Event| match event {
        Event::RoomChanged(room) => Some(room.participants),
        _ => None,
    };
    let counts: Vec<_> = world.told(keys[0]).iter().filter_map(rooms).collect();
    assert!(counts.len() <= 3, "{counts:?}");
    assert_eq!(counts.last(), Some(&45));
}

/// 500 participants join in each of four seconds, and then 2,000 at one instant.
#[test]
fn rush_into_a_room_costs_each_participant_few_deliveries() {
    let mut world = World::new(|_| ());
    let first = world.join("first", Role::Publisher);
    world.publish(first, "garden/first", &[Kind::Audio, Kind::Video]);
    let (mut in_window, mut worst) = (0, 0);
    for i in 0..2_000 {
        world.join(&format!("p{i}"), Role::Viewer);
        world.pass(2 * MS);
        world.drain();
        in_window += std::mem::take(&mut world.deliveries);
        if i % 50 == 49 {
            worst = worst.max(in_window);
            in_window = 0;
        }
    }
    assert!(worst < 100, "{worst} deliveries in 100 ms");
    world.pass(SECOND);
    assert!(world.told(first).len() >= 2_000);
    world.forget();
    let mut events = 0;
    for i in 0..2_000 {
        world.join(&format!("q{i}"), Role::Viewer);
    }
    world.pass(SECOND);
    while let Some(output) = world.rooms.poll_output() {
        if let Output::Deliver { events: told, .. } = output {
            world.deliveries += 1;
            events += told.len();
        }
    }
    // One delivery for all, and one for the position of each new participant.
    assert!(world.deliveries <= 2_100, "{}", world.deliveries);
    assert!(events <= 2_000 * GATHERED_MAX, "{events}");
}
