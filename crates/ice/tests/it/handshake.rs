use headwater_ice::Handled;
use headwater_ice::agent::{AMPLIFICATION_MAX, HANDSHAKE_FREE, HANDSHAKE_SILENT};

use crate::client::{World, millis, path};

#[test]
fn handshake_over_one_path_selects_it() {
    let mut world = World::new();
    world.receive(path(1), &world.client.check());
    assert_eq!(world.agent.selected(), None);
    assert_eq!(world.agent.handshake_path(), Some(path(1)));
    assert_eq!(world.handshake(), Some(path(1)));
    assert_eq!(world.agent.selected(), Some(path(1)));
}

#[test]
fn dtls_over_an_unchecked_path_is_refused() {
    let mut world = World::new();
    assert!(!world.agent.dtls_arrived(world.now, path(1), 1_200));
    assert!(!world.agent.may_send(world.now, path(1), 1));
    assert_eq!(world.completed(), None);
}

#[test]
fn flights_go_to_the_nominated_or_latest_path() {
    let mut world = World::new();
    world.receive(path(1), &world.client.check());
    world.receive(path(2), &world.client.check());
    assert_eq!(world.agent.handshake_path(), Some(path(2)));
    world.receive(path(1), &world.client.nominate(1));
    world.receive(path(2), &world.client.check());
    assert_eq!(world.agent.handshake_path(), Some(path(1)));
}

#[test]
fn first_dtls_record_moves_flights_to_its_path() {
    let mut world = World::new();
    world.receive(path(1), &world.client.check());
    world.receive(path(2), &world.client.check());
    assert!(world.agent.dtls_arrived(world.now, path(1), 300));
    assert_eq!(world.agent.handshake_path(), Some(path(1)));
    assert!(world.agent.may_send(world.now, path(1), 700));
    // Once a flight has been sent, a record over another path changes nothing.
    world.agent.dtls_arrived(world.now, path(2), 300);
    assert_eq!(world.agent.handshake_path(), Some(path(1)));
}

#[test]
fn dtls_completion_after_a_path_change_proves_no_path() {
    let mut world = World::new();
    // The client reads the flight at its own address, then claims a victim's address.
    world.receive(path(1), &world.client.check());
    world.agent.dtls_arrived(world.now, path(1), 300);
    assert!(world.agent.may_send(world.now, path(1), 700));
    world.receive(path(2), &world.client.nominate(1));
    world.agent.dtls_arrived(world.now, path(2), 300);
    assert_eq!(world.completed(), None);
    world.pass(millis(10_000));
    assert_eq!(world.agent.selected(), None);
    assert!(!world.requests.is_empty());
}

#[test]
fn path_changed_during_dtls_is_probed_then_selected() {
    let mut world = World::new();
    world.receive(path(1), &world.client.check());
    assert!(world.agent.may_send(world.now, path(1), 200));
    world.receive(path(2), &world.client.nominate(1));
    world.open = vec![path(2)];
    assert_eq!(world.completed(), None);
    world.pass(millis(60));
    assert_eq!(world.agent.selected(), Some(path(2)));
}

#[test]
fn nomination_during_dtls_is_followed_after_it() {
    let mut world = World::new();
    world.receive(path(1), &world.client.nominate(1));
    assert!(world.agent.may_send(world.now, path(1), 200));
    world.pass(millis(20));
    world.receive(path(2), &world.client.nominate(9));
    world.open = vec![path(2)];
    assert_eq!(world.agent.handshake_path(), Some(path(1)));
    assert_eq!(world.completed(), Some(path(1)));
    world.pass(millis(60));
    assert_eq!(world.agent.selected(), Some(path(2)));
}

#[test]
fn silent_path_loses_the_handshake() {
    let mut world = World::new();
    world.receive(path(1), &world.client.nominate(1));
    assert!(world.agent.may_send(world.now, path(1), 200));
    world.pass(HANDSHAKE_SILENT - millis(1));
    world.receive(path(2), &world.client.check());
    assert_eq!(world.agent.handshake_path(), Some(path(1)));
    world.pass(millis(1));
    world.receive(path(2), &world.client.check());
    assert_eq!(world.agent.handshake_path(), Some(path(2)));
}

#[test]
fn unproved_address_gets_few_flights_or_three_times_its_bytes() {
    let mut world = World::new();
    let check = world.client.check();
    let (_, reply) = world.receive_with_reply(path(1), &check);
    // A forged ClientHello, and a handshake that retransmits without end.
    world.agent.dtls_arrived(world.now, path(1), 160);
    let (mut came, mut went) = (check.len() + 160 + 2 * 28, reply.len() + 28);
    for _ in 0..100 {
        if world.agent.may_send(world.now, path(1), 172) {
            went += 200;
        }
        world.pass(millis(500));
    }
    let asked: usize = world.requests.iter().map(|(_, it)| it.len() + 28).sum();
    assert!(came * (AMPLIFICATION_MAX as usize) < HANDSHAKE_FREE as usize);
    assert!(went + asked <= HANDSHAKE_FREE as usize);
    assert!(world.agent.held_back() > 70);
    // Each further byte received allows three to be sent.
    came = 3_000;
    world.agent.dtls_arrived(world.now, path(1), came);
    assert!(world.agent.may_send(world.now, path(1), 3_000));
}

#[test]
fn held_back_flight_is_allowed_once_the_path_answered() {
    let mut world = World::new();
    world.receive(path(1), &world.client.check());
    assert!(!world.agent.may_send(world.now, path(1), 5_000));
    world.open = vec![path(1)];
    world.pass(millis(60));
    assert_eq!(world.proved(), 1);
    assert!(world.agent.may_send(world.now, path(1), 5_000));
    assert_eq!(world.completed(), Some(path(1)));
}

#[test]
fn answer_before_dtls_is_reported_but_selects_nothing() {
    let mut world = World::new();
    world.receive(path(1), &world.client.check());
    assert!(!world.agent.may_send(world.now, path(1), 5_000));
    let now = world.now;
    let mut request = Vec::new();
    world
        .agent
        .handle_timeout(now, |_, bytes| request.extend(bytes));
    let answer = world.client.answer(&request, path(1)).unwrap();
    let proved = Handled::Proved {
        path: path(1),
        selected: false,
    };
    assert_eq!(world.receive(path(1), &answer), proved);
    assert_eq!(world.agent.selected(), None);
}
