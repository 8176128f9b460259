use headwater_ice::agent::RESTARTS_KEPT;
use headwater_ice::{Credentials, Handled, Reason};

use crate::client::{World, millis, path};

/// Restarts ICE, and returns the client with its previous credentials.
fn restart(world: &mut World) -> crate::client::Client {
    let before = world.client.clone();
    world.client.own = Credentials::generate();
    world.client.server = world.agent.restart(world.client.own.clone());
    before
}

#[test]
fn old_credentials_stay_valid_until_new_ones_are_used() {
    let mut world = World::connected(path(1));
    let before = restart(&mut world);
    assert_eq!(world.agent.local(), &world.client.server);
    let after = std::mem::replace(&mut world.client, before.clone());
    assert!(matches!(
        world.receive(path(1), &before.check()),
        Handled::Answered { .. }
    ));
    assert_eq!(world.agent.take_forgotten_ufrag(), None);
    world.client = after;
    world.receive(path(1), &world.client.check());
    let unknown = Handled::Ignored(Reason::UnknownUfrag);
    assert_eq!(world.receive(path(1), &before.check()), unknown);
    let forgotten = world.agent.take_forgotten_ufrag();
    assert_eq!(forgotten.as_deref(), Some(before.server.ufrag()));
    assert_eq!(world.agent.take_forgotten_ufrag(), None);
    assert_eq!(world.agent.local(), &world.client.server);
}

#[test]
fn restarts_without_checks_keep_few_generations() {
    let mut world = World::connected(path(1));
    for _ in 0..1_000 {
        restart(&mut world);
    }
    let mut forgotten = 0;
    while world.agent.take_forgotten_ufrag().is_some() {
        forgotten += 1;
    }
    assert_eq!(forgotten, 1_000 - RESTARTS_KEPT);
    assert_eq!(world.agent.selected(), Some(path(1)));
}

#[test]
fn restart_on_the_same_path_leaves_media_alone() {
    let mut world = World::connected(path(1));
    restart(&mut world);
    world.receive(path(1), &world.client.nominate(100));
    assert_eq!(world.agent.selected(), Some(path(1)));
    assert_eq!(world.agent.poll_timeout(), None);
}

#[test]
fn restart_moves_media_only_after_an_answer() {
    let mut world = World::connected(path(1));
    // The old generation's nomination does not count, although it is fresh and of higher priority.
    restart(&mut world);
    world.receive(path(2), &world.client.nominate(50));
    assert_eq!(world.agent.selected(), Some(path(1)));
    world.open = vec![path(2)];
    world.pass(millis(60));
    assert_eq!(world.agent.selected(), Some(path(2)));
}

#[test]
fn old_generation_path_is_probed_with_its_credentials() {
    let mut world = World::connected(path(1));
    let before = restart(&mut world);
    world.client = before;
    world.open = vec![path(2)];
    world.receive(path(2), &world.client.nominate(200));
    world.pass(millis(60));
    assert_eq!(world.agent.selected(), Some(path(2)));
}
