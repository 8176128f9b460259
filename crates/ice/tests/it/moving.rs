use headwater_ice::agent::{AMPLIFICATION_MAX, ATTEMPTS_MAX};
use headwater_ice::stun::{ErrorCode, Message, Writer};
use headwater_ice::{Credentials, Handled, Path, Reason};

use crate::client::{World, millis, path};

const WIFI: u16 = 1;
const LTE: u16 = 2;

#[test]
fn nominated_path_is_selected_once_it_answered() {
    let mut world = World::connected(path(WIFI));
    world.open = vec![path(WIFI), path(LTE)];
    world.receive(path(LTE), &world.client.nominate(200));
    assert_eq!(world.agent.selected(), Some(path(WIFI)));
    world.pass(millis(60));
    assert_eq!(world.agent.selected(), Some(path(LTE)));
    assert_eq!(world.requests.len(), 1);
}

#[test]
fn dead_wifi_is_left_for_a_worse_nominated_path() {
    let mut world = World::connected(path(WIFI));
    world.open = vec![path(LTE)];
    // The client notices at once, and nominates the other path with every check.
    for _ in 0..25 {
        world.pass(millis(48));
        world.receive(path(LTE), &world.client.nominate(50));
    }
    assert_eq!(world.agent.selected(), Some(path(LTE)));
}

#[test]
fn client_that_nominates_all_paths_is_not_moved_to_and_fro() {
    let mut world = World::connected(path(WIFI));
    world.open = vec![path(WIFI), path(LTE)];
    for _ in 0..100 {
        world.receive(path(WIFI), &world.client.nominate(100));
        world.receive(path(LTE), &world.client.nominate(50));
        world.pass(millis(100));
        assert_eq!(world.agent.selected(), Some(path(WIFI)));
    }
}

#[test]
fn address_that_does_not_answer_gets_no_media() {
    let mut world = World::connected(path(WIFI));
    world.open = vec![path(WIFI)];
    // The viewer claims a victim's address, and continues from its own.
    let victim = path(666);
    let check = world.client.nominate(u32::MAX);
    let (_, reply) = world.receive_with_reply(victim, &check);
    world.pass_with_traffic(path(WIFI), millis(60_000));
    assert_eq!(world.agent.selected(), Some(path(WIFI)));
    let asked: Vec<_> = world.requests.iter().filter(|it| it.0 == victim).collect();
    assert!(!asked.is_empty() && asked.len() <= usize::from(ATTEMPTS_MAX));
    let bytes: usize = asked.iter().map(|(_, it)| it.len() + 28).sum();
    let allowed = (check.len() + 28) * AMPLIFICATION_MAX as usize;
    assert!(bytes + reply.len() + 28 <= allowed);
}

#[test]
fn decrypted_traffic_from_a_new_address_proves_nothing() {
    let mut world = World::connected(path(WIFI));
    world.agent.authentic(world.now, path(666));
    assert!(!world.agent.dtls_arrived(world.now, path(666), 100));
    // Nor does traffic from an address with a check before it.
    world.receive(path(666), &world.client.check());
    world.pass_with_traffic(path(666), millis(30_000));
    assert_eq!(world.agent.selected(), Some(path(WIFI)));
    assert!(world.silence() >= millis(30_000));
}

#[test]
fn rebound_nat_port_recovers_within_a_second_of_silence() {
    let mut world = World::connected(path(WIFI));
    world.open = vec![path(5000)];
    world.pass(millis(200));
    // One check that nominates nothing, like the consent checks of many libraries.
    world.receive(path(5000), &world.client.check());
    world.pass(millis(900));
    assert_eq!(world.agent.selected(), Some(path(5000)));
}

#[test]
fn rebound_nat_port_recovers_at_once_if_nominated() {
    let mut world = World::connected(path(WIFI));
    world.open = vec![path(5000)];
    world.pass(millis(2_500));
    world.receive(path(5000), &world.client.nominate(100));
    world.pass(millis(60));
    assert_eq!(world.agent.selected(), Some(path(5000)));
}

#[test]
fn lost_request_is_sent_again() {
    let mut world = World::connected(path(WIFI));
    world.receive(path(LTE), &world.client.nominate(200));
    world.pass(millis(100));
    assert_eq!(world.requests.len(), 1);
    world.open = vec![path(LTE)];
    world.pass(millis(250));
    assert_eq!(world.agent.selected(), Some(path(LTE)));
    assert_eq!(world.requests[0], world.requests[1]);
}

#[test]
fn checks_of_a_spare_path_move_nothing_while_media_flows() {
    let mut world = World::connected(path(WIFI));
    world.open = vec![path(WIFI), path(LTE)];
    for _ in 0..20 {
        world.receive(path(LTE), &world.client.check());
        world.pass_with_traffic(path(WIFI), millis(500));
        assert_eq!(world.agent.selected(), Some(path(WIFI)));
    }
    assert_eq!(world.requests.len(), 0);
}

#[test]
fn quiet_selected_path_that_answers_stays() {
    let mut world = World::connected(path(WIFI));
    world.open = vec![path(WIFI), path(LTE)];
    for _ in 0..20 {
        world.receive(path(LTE), &world.client.check());
        world.pass(millis(2_500));
        assert_eq!(world.agent.selected(), Some(path(WIFI)));
    }
    assert!(
        world
            .requests
            .iter()
            .all(|(path, _)| path.remote.port() == WIFI)
    );
}

#[test]
fn selected_path_heard_before_the_answer_stays() {
    let mut world = World::connected(path(WIFI));
    world.open = vec![path(LTE)];
    world.receive(path(LTE), &world.client.check());
    world.pass(millis(1_020));
    assert_eq!(world.requests.last().unwrap().0, path(LTE));
    world.agent.authentic(world.now, path(WIFI));
    world.pass(millis(60));
    assert_eq!(world.proved(), 1);
    assert_eq!(world.agent.selected(), Some(path(WIFI)));
}

#[test]
fn path_used_after_long_silence_waits_for_the_selected_one() {
    let mut world = World::connected(path(WIFI));
    world.open = vec![path(LTE)];
    world.pass(millis(10_000));
    world.receive(path(LTE), &world.client.check());
    world.pass(millis(390));
    assert_eq!(world.agent.selected(), Some(path(WIFI)));
    world.pass(millis(70));
    assert_eq!(world.agent.selected(), Some(path(LTE)));
}

#[test]
fn client_that_never_checks_again_keeps_its_path() {
    let mut world = World::connected(path(WIFI));
    world.pass_with_traffic(path(WIFI), millis(600_000));
    assert_eq!(world.agent.selected(), Some(path(WIFI)));
    assert!(world.silence() <= millis(100));
    assert_eq!(world.agent.poll_timeout(), None);
}

#[test]
fn checks_over_another_path_give_no_consent() {
    let mut world = World::connected(path(WIFI));
    for _ in 0..30 {
        world.receive(path(LTE), &world.client.check());
        world.pass(millis(1_000));
    }
    assert_eq!(world.silence(), millis(30_000));
}

#[test]
fn answers_that_prove_nothing_are_ignored() {
    let mut world = World::connected(path(WIFI));
    world.receive(path(LTE), &world.client.nominate(200));
    world.pass(millis(0));
    let request = world.requests[0].1.clone();
    let id = Message::read(&request).unwrap().id();
    let answer = |id, key: Option<&[u8]>| {
        let mut out = Vec::new();
        Writer::binding_success(&mut out, id, path(LTE).local).finish(key);
        out
    };
    let pwd = world.client.own.pwd().as_bytes().to_vec();
    let right = answer(id, Some(&pwd));
    let unasked = Handled::Ignored(Reason::Unasked);
    let wrong = Handled::Ignored(Reason::WrongPassword);
    // Over other paths, and with other ids and keys.
    assert_eq!(world.receive(path(WIFI), &right), unasked);
    assert_eq!(world.receive(path(3), &right), unasked);
    assert_eq!(
        world.receive(path(LTE), &answer([0; 12], Some(&pwd))),
        unasked
    );
    assert_eq!(world.receive(path(LTE), &answer(id, None)), wrong);
    let servers = world.client.server.pwd().as_bytes().to_vec();
    assert_eq!(world.receive(path(LTE), &answer(id, Some(&servers))), wrong);
    assert_eq!(world.agent.selected(), Some(path(WIFI)));
    let proved = Handled::Proved {
        path: path(LTE),
        selected: true,
    };
    assert_eq!(world.receive(path(LTE), &right), proved);
    assert_eq!(world.receive(path(LTE), &right), unasked);
}

#[test]
fn authentic_error_response_proves_the_path() {
    let mut world = World::connected(path(WIFI));
    world.receive(path(LTE), &world.client.nominate(200));
    world.pass(millis(0));
    let id = Message::read(&world.requests[0].1).unwrap().id();
    let mut refusal = Vec::new();
    Writer::binding_error(&mut refusal, id, ErrorCode::ROLE_CONFLICT)
        .finish(Some(world.client.own.pwd().as_bytes()));
    world.receive(path(LTE), &refusal);
    assert_eq!(world.agent.selected(), Some(path(LTE)));
}

#[test]
fn unknown_remote_credentials_keep_the_first_path() {
    let mut world = World::new();
    let local = Credentials::generate();
    world.agent = headwater_ice::Agent::new(local.clone(), world.now);
    world.client.server = local;
    let first: Path = path(WIFI);
    world.receive(first, &world.client.nominate(1));
    world.handshake();
    world.receive(path(LTE), &world.client.nominate(2));
    assert_eq!(world.agent.poll_timeout(), None);
    assert_eq!(world.agent.selected(), Some(first));
}
