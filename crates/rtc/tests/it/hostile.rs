//! Unauthenticated datagrams in every state of a connection.

use std::time::Duration;

use headwater_rtc::{Event, Path};
use pair::{CONNECT_MAX, STEP, World, path, strange_path};

use crate::rng::Rng;

const ROUNDS: usize = 2_000;

/// Random bytes that resemble a datagram of some protocol but do not belong to the connection.
fn garbage(rng: &mut Rng) -> Vec<u8> {
    let length = rng.below(200);
    let mut bytes = match rng.below(6) {
        // STUN: a type, a length that may fit, the cookie.
        0 => {
            let kind = [0x0001_u16, 0x0101, 0x0111, 0x0011, 0x0003][rng.below(5)];
            let mut head = kind.to_be_bytes().to_vec();
            head.extend((length as u16 & !3).to_be_bytes());
            head.extend([0x21, 0x12, 0xa4, 0x42]);
            head
        }
        // DTLS: a record of any type, version and epoch.
        1 => {
            let epoch = rng.below(3) as u8;
            let mut head = vec![20 + rng.below(5) as u8, 0xfe, 0xfd, 0, epoch];
            head.extend(rng.bytes(6));
            head.extend((length as u16).to_be_bytes());
            head
        }
        // A fragment of a handshake message, which no client has sent.
        2 => {
            let mut head = vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0];
            head.push(rng.below(9) as u8);
            head.extend((length as u16 + 12).to_be_bytes());
            head.push([1, 11, 14, 16, 20][rng.below(5)]);
            head.extend([
                0,
                0x10,
                length as u8,
                0,
                40 + rng.below(9) as u8,
                0,
                0,
                0,
                0,
                0,
            ]);
            head.push(length as u8);
            head
        }
        3 => vec![0x80 | rng.below(32) as u8, rng.below(128) as u8],
        4 => vec![0x80 | rng.below(32) as u8, 192 + rng.below(32) as u8],
        _ => Vec::new(),
    };
    bytes.extend(rng.bytes(length));
    bytes
}

/// Sends garbage from the client's address and from another one, while time passes.
fn disturb(world: &mut World, rng: &mut Rng) {
    for round in 0..ROUNDS {
        let from: Path = if round % 2 == 0 {
            path()
        } else {
            strange_path()
        };
        world.tell(from, &mut garbage(rng));
        if round % 200 == 0 {
            world.pass(STEP);
        }
    }
    world.collect();
}

#[test]
fn garbage_before_the_first_check_is_ignored() {
    let mut world = World::viewer();
    let mut rng = Rng(1);
    for _ in 0..ROUNDS {
        world.tell(path(), &mut garbage(&mut rng));
    }
    world.collect();
    assert!(world.sent.is_empty() && world.events.is_empty());
    world.connected();
}

#[test]
fn garbage_during_the_handshake_does_not_stop_it() {
    for seed in 0..10 {
        let mut world = World::publisher();
        let mut rng = Rng(seed);
        let mut told = 0;
        world.pass_with(CONNECT_MAX, |world| {
            for _ in 0..20 {
                world.tell(path(), &mut garbage(&mut rng));
                world.tell(strange_path(), &mut garbage(&mut rng));
                told += usize::from(!world.is_connected());
            }
            assert!(world.server.is_alive(), "seed {seed}: {:?}", world.events);
        });
        assert!(told > 40 && world.is_connected(), "seed {seed}, {told}");
    }
}

#[test]
fn garbage_after_the_handshake_changes_nothing() {
    for seed in 0..5 {
        let mut world = World::viewer().connected();
        world.events.clear();
        disturb(&mut world, &mut Rng(seed));
        assert!(world.server.is_alive(), "seed {seed}");
        let told = |event: &Event| matches!(event, Event::Selected(_) | Event::Closed(_));
        assert_eq!(world.count(told), 0, "seed {seed}: {:?}", world.events);
        assert!(!world.sent.iter().any(|(to, _)| *to == strange_path()));
        world.write(1).unwrap();
        world.pass(STEP);
        assert_eq!(world.pictures(), 1);
    }
}

#[test]
fn cleartext_alerts_do_not_end_the_connection() {
    let mut world = World::viewer().connected();
    for description in 0..=255 {
        let mut alert = vec![21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, description];
        world.tell(path(), &mut alert);
    }
    world.pass(STEP);
    assert!(world.server.is_alive());
}

#[test]
fn reflected_datagrams_change_nothing() {
    let mut world = World::viewer();
    world.pass(CONNECT_MAX);
    let recorded = std::mem::take(&mut world.sent);
    world.received.clear();
    world.events.clear();
    for (to, bytes) in &recorded {
        world.tell(*to, &mut bytes.clone());
        world.tell(strange_path(), &mut bytes.clone());
    }
    world.collect();
    assert!(world.server.is_alive());
    assert_eq!(world.moves(), 0);
}

#[test]
fn replayed_client_datagrams_change_nothing() {
    let mut world = World::publisher();
    world.pass(CONNECT_MAX);
    let recorded = std::mem::take(&mut world.received);
    world.events.clear();
    for (from, bytes) in &recorded {
        world.tell(*from, &mut bytes.clone());
        world.pass_alone(Duration::from_millis(5));
    }
    assert!(world.server.is_alive());
    assert_eq!(world.moves(), 0);
    let closed = |event: &Event| matches!(event, Event::Closed(_));
    assert_eq!(world.count(closed), 0);
}

#[test]
fn garbage_after_the_end_is_ignored() {
    let mut world = World::viewer().connected();
    world.close();
    world.pass(STEP);
    world.sent.clear();
    world.events.clear();
    disturb(&mut world, &mut Rng(3));
    assert!(world.events.is_empty(), "{:?}", world.events);
    assert!(world.media_sent().is_empty());
}
