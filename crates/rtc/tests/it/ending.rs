//! How a connection ends.

use std::time::Duration;

use client::Direction;
use headwater_rtc::{Ended, Event};
use pair::World;

/// Time for the closing messages to arrive.
const FAREWELL: Duration = Duration::from_millis(200);

fn worlds() -> impl Iterator<Item = World> {
    let directions = [Direction::Send, Direction::Receive];
    let setups = ["active", "passive"];
    let all = directions.into_iter().flat_map(move |direction| {
        setups.into_iter().map(move |setup| {
            let change =
                |offer: String| offer.replace("a=setup:actpass", &format!("a=setup:{setup}"));
            World::new(direction, change, |answer| answer).connected()
        })
    });
    all.collect::<Vec<_>>().into_iter()
}

#[test]
fn client_close_ends_the_server_as_closed() {
    for mut world in worlds() {
        world.client.close();
        world.pass(FAREWELL);
        assert!(!world.server.is_alive());
        let closed = |event: &Event| matches!(event, Event::Closed(Ended::Closed));
        assert_eq!(world.count(closed), 1);
        assert_eq!(world.count(|event| matches!(event, Event::Closed(_))), 1);
    }
}

#[test]
fn server_close_ends_the_client() {
    for mut world in worlds() {
        world.close();
        world.pass(FAREWELL);
        assert!(!world.server.is_alive());
        let closed = |event: &client::Event| matches!(event, client::Event::Closed);
        assert!(world.client_events.iter().any(closed));
    }
}

#[test]
fn close_before_the_handshake_is_silent_and_final() {
    let mut world = World::viewer();
    world.close();
    world.pass(FAREWELL);
    assert!(!world.server.is_alive() && !world.is_connected());
    assert!(world.media_sent().is_empty());
}
