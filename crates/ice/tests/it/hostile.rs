use proptest::prelude::*;

use crate::client::{World, millis, path};

/// What the client, and an attacker who knows all credentials, can do: everything except answer
/// from addresses that are not theirs.
#[derive(Debug, Clone)]
enum Event {
    Check(u16),
    Nominate(u16, u32),
    Traffic(u16),
    Dtls(u16),
    Flight,
    Done,
    Restart,
    Pass(u64),
    Noise(u16, Vec<u8>),
}

/// Ports 1 to 3 belong to the client, the others to bystanders.
const OWN: u16 = 3;

fn event() -> impl Strategy<Value = Event> {
    let port = 1..8_u16;
    prop_oneof![
        port.clone().prop_map(Event::Check),
        (port.clone(), 0..300_u32).prop_map(|(port, priority)| Event::Nominate(port, priority)),
        port.clone().prop_map(Event::Traffic),
        port.clone().prop_map(Event::Dtls),
        Just(Event::Flight),
        Just(Event::Done),
        Just(Event::Restart),
        (0..3_000_u64).prop_map(Event::Pass),
        (port, prop::collection::vec(any::<u8>(), 0..64))
            .prop_map(|(port, noise)| Event::Noise(port, noise)),
    ]
}

proptest! {
    #[test]
    fn media_never_goes_to_an_address_that_did_not_answer(
        events in prop::collection::vec(event(), 1..60),
    ) {
        let mut world = World::new();
        world.open = (1..=OWN).map(path).collect();
        // DTLS can complete only if the client could read a flight.
        let mut flight_read = false;
        for event in events {
            match event {
                Event::Check(port) => drop(world.receive(path(port), &world.client.check())),
                Event::Nominate(port, priority) => {
                    world.receive(path(port), &world.client.nominate(priority));
                }
                Event::Traffic(port) => world.agent.authentic(world.now, path(port)),
                Event::Dtls(port) => drop(world.agent.dtls_arrived(world.now, path(port), 200)),
                Event::Flight => {
                    if let Some(to) = world.agent.handshake_path()
                        && world.agent.may_send(world.now, to, 300)
                    {
                        flight_read |= to.remote.port() <= OWN;
                    }
                }
                Event::Done => {
                    if flight_read {
                        world.agent.handshake_completed(world.now);
                    }
                }
                Event::Restart => {
                    world.client.own = headwater_ice::Credentials::generate();
                    world.client.server = world.agent.restart(world.client.own.clone());
                }
                Event::Pass(time) => world.pass(millis(time)),
                Event::Noise(port, noise) => drop(world.receive(path(port), &noise)),
            }
            let selected = world.agent.selected();
            prop_assert!(selected.is_none_or(|it| it.remote.port() <= OWN), "{selected:?}");
        }
    }
}
