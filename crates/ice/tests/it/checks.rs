use headwater_ice::agent::{PATH_IDLE, PATHS_MAX};
use headwater_ice::stun::attribute::AttributeType;
use headwater_ice::stun::{Class, ErrorCode, Message, Method, Writer};
use headwater_ice::{Handled, Reason};

use crate::client::{World, millis, path};

const NEW_PATH: Handled = Handled::Answered {
    new_path: true,
    nominated: false,
};

#[test]
fn minimal_check_is_answered_with_its_address() {
    let mut world = World::new();
    // Like FFmpeg 8.0, without PRIORITY and a role. Without FINGERPRINT, too.
    let mut thin = world.client.write(|check| check);
    thin.truncate(thin.len() - 8);
    thin[3] -= 8;
    let (handled, reply) = world.receive_with_reply(path(1), &thin);
    assert_eq!(handled, NEW_PATH);
    let reply = Message::read(&reply).unwrap();
    assert_eq!(reply.class(), Class::Success);
    assert_eq!(reply.mapped_address(), Some(path(1).remote));
    assert_eq!(reply.id(), [9; 12]);
}

#[test]
fn second_check_over_a_path_is_not_new() {
    let mut world = World::new();
    world.receive(path(1), &world.client.check());
    let nominated = Handled::Answered {
        new_path: false,
        nominated: true,
    };
    assert_eq!(world.receive(path(1), &world.client.nominate(1)), nominated);
}

#[test]
fn wrong_password_is_never_answered() {
    let mut world = World::new();
    let mut stranger = world.client.clone();
    stranger.server =
        headwater_ice::Credentials::new(world.client.server.ufrag(), "guess").unwrap();
    let wrong = Handled::Ignored(Reason::WrongPassword);
    assert_eq!(world.receive(path(1), &stranger.check()), wrong);
    let mut unsigned = Vec::new();
    Writer::binding_request(&mut unsigned, [9; 12])
        .username(world.client.server.ufrag(), "x")
        .finish(None);
    assert_eq!(world.receive(path(1), &unsigned), wrong);
    assert_eq!(world.agent.handshake_path(), None);
    assert_eq!(world.ignored(Reason::WrongPassword), 2);
}

#[test]
fn unknown_or_missing_ufrag_is_ignored() {
    let mut world = World::new();
    let mut other = world.client.clone();
    other.server = headwater_ice::Credentials::generate();
    let unknown = Handled::Ignored(Reason::UnknownUfrag);
    assert_eq!(world.receive(path(1), &other.check()), unknown);
    let mut unnamed = Vec::new();
    Writer::binding_request(&mut unnamed, [9; 12]).finish(Some(b"key"));
    assert_eq!(world.receive(path(1), &unnamed), unknown);
}

#[test]
fn remote_part_of_the_username_is_not_compared() {
    let mut world = World::new();
    world.client.own = headwater_ice::Credentials::generate();
    assert_eq!(world.receive(path(1), &world.client.check()), NEW_PATH);
}

#[test]
fn noise_and_wrong_fingerprint_are_counted() {
    let mut world = World::new();
    let mut check = world.client.check();
    *check.last_mut().unwrap() ^= 1;
    let malformed = Handled::Ignored(Reason::Malformed);
    assert_eq!(world.receive(path(1), &check), malformed);
    assert_eq!(world.receive(path(1), b"\x16\xfe\xfd"), malformed);
    assert_eq!(world.ignored(Reason::Malformed), 2);
}

#[test]
fn indications_and_other_methods_are_ignored() {
    let mut world = World::new();
    for (class, method) in [
        (Class::Indication, Method::BINDING),
        (Class::Request, Method::new(3)),
    ] {
        let mut out = Vec::new();
        Writer::new(&mut out, class, method, [9; 12]).finish(None);
        let other = Handled::Ignored(Reason::Other);
        assert_eq!(world.receive(path(1), &out), other);
    }
}

#[test]
fn unknown_required_attribute_is_refused_by_name() {
    let mut world = World::new();
    let (odd, optional) = (AttributeType(0x7ffe), AttributeType(0xc057));
    let check = world
        .client
        .write(|check| check.attribute(odd, b"odd").attribute(optional, b""));
    let (handled, reply) = world.receive_with_reply(path(1), &check);
    assert_eq!(handled, Handled::Refused(ErrorCode::UNKNOWN_ATTRIBUTE));
    let reply = Message::read(&reply).unwrap();
    assert_eq!(reply.error_code(), Some(420));
    assert_eq!(reply.unknown_attributes().collect::<Vec<_>>(), [odd]);
    assert_eq!(world.agent.handshake_path(), None);
}

#[test]
fn controlled_client_is_refused_eight_times_then_served() {
    let mut world = World::new();
    let check = world.client.write(|check| check.controlled(u64::MAX));
    for _ in 0..8 {
        let (handled, reply) = world.receive_with_reply(path(1), &check);
        assert_eq!(handled, Handled::Refused(ErrorCode::ROLE_CONFLICT));
        assert_eq!(Message::read(&reply).unwrap().error_code(), Some(487));
    }
    assert_eq!(world.receive(path(1), &check), NEW_PATH);
}

#[test]
fn checks_from_84000_ports_keep_sixteen_paths() {
    let mut world = World::connected(path(1));
    let check = world.client.check();
    for number in 0..84_000_u32 {
        let mut path = path(1);
        path.remote.set_port((number % 60_000) as u16 + 2);
        path.local.set_port((number / 60_000) as u16 + 1);
        world.receive(path, &check);
    }
    assert_eq!(world.ignored(Reason::PathsFull), 84_000 - (PATHS_MAX - 1));
    assert_eq!(world.agent.selected(), Some(path(1)));
}

#[test]
fn idle_paths_give_way_but_not_the_selected_one() {
    let mut world = World::connected(path(1));
    for port in 2..17 {
        world.receive(path(port), &world.client.check());
    }
    world.pass(PATH_IDLE - millis(1));
    let full = Handled::Ignored(Reason::PathsFull);
    assert_eq!(world.receive(path(100), &world.client.check()), full);
    world.pass(millis(1));
    for port in 100..130 {
        let is_known = port < 115;
        world.receive(path(port), &world.client.check());
        assert_eq!(world.agent.dtls_arrived(world.now, path(port), 9), is_known);
    }
    assert_eq!(world.agent.selected(), Some(path(1)));
}

#[test]
fn idle_agent_is_small() {
    assert!(size_of::<headwater_ice::Agent>() <= 384);
}
