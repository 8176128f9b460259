//! Properties that hold for any requests in any order.

use std::collections::BTreeSet;
use std::time::Instant;

use proptest::prelude::*;

use super::super::room::Linked;
use super::*;
use crate::topology::Observer;

#[derive(Debug, Clone)]
enum Step {
    Opened(u128),
    Closed(u128),
    Request(u128, Request),
    Passes,
    Ask(usize),
    Say(usize),
    Fail(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let client = 0..6u128;
    prop_oneof![
        2 => client.clone().prop_map(Step::Opened),
        1 => client.clone().prop_map(Step::Closed),
        9 => (client, request()).prop_map(|(client, request)| Step::Request(client, request)),
        1 => Just(Step::Passes),
        1 => any::<usize>().prop_map(Step::Ask),
        1 => any::<usize>().prop_map(Step::Say),
        1 => any::<usize>().prop_map(Step::Fail),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let name = || prop_oneof![Just("a"), Just("b"), Just("c"), Just(" "), Just("<")];
    let name = || name().prop_map(str::to_owned);
    let signal = prop_oneof![
        Just(Signal::Offer),
        Just(Signal::Answer),
        Just(Signal::Candidate)
    ];
    prop_oneof![
        name().prop_map(|room| Request::Create { room }),
        Just(Request::Close),
        (name(), name()).prop_map(|(room, name)| Request::Join { room, name }),
        proptest::option::of(name()).prop_map(|room| Request::Chat {
            room,
            text: "hi".to_owned()
        }),
        (signal, name()).prop_map(|(signal, to)| Request::Signal {
            signal,
            to,
            body: "{}".to_owned()
        }),
    ]
}

proptest! {
    /// All tables agree, no client is told anything twice, and none that is gone is told anything.
    #[test]
    fn rooms_stay_consistent_for_any_requests(
        steps in prop::collection::vec(step(), 0..200),
        two_clicks in any::<bool>(),
        through_server in any::<bool>(),
    ) {
        let switch = if two_clicks { Switch::TwoClicks } else { Switch::AtOnce };
        let media = if through_server { Media::Server } else { Media::Direct };
        let limits = Limits { viewers_max: 3, rooms_per_host_max: 2, ..Limits::default() };
        let mut rooms = Rooms::new(limits, switch, media);
        let mut now = beginning();
        let mut links = BTreeSet::new();
        let mut observer = Observer::default();
        for step in steps {
            take(&mut rooms, &mut now, step);
            books_agree(&rooms)?;
            carry_out(&mut rooms, &mut links)?;
            while let Some(event) = rooms.poll_webhook_event() {
                observer.take(event);
            }
            observer.check(rooms.listed());
            while let Some(output) = rooms.poll_output() {
                let mut told = output.to.clone();
                told.sort();
                told.dedup();
                prop_assert_eq!(told.len(), output.to.len(), "twice: {:?}", output);
                prop_assert!(told.iter().all(|client| rooms.clients.contains_key(client)));
            }
        }
        for client in 0..6 {
            rooms.closed(ClientId(client));
        }
        carry_out(&mut rooms, &mut links)?;
        prop_assert!(rooms.rooms.is_empty() && rooms.keys.is_empty() && links.is_empty());
    }
}

fn take(rooms: &mut Rooms, now: &mut Instant, step: Step) {
    let (publish, view) = (true, true);
    match step {
        Step::Opened(client) if !rooms.clients.contains_key(&ClientId(client)) => {
            rooms.opened(*now, ClientId(client), Grants { publish, view });
        }
        Step::Opened(_) => {}
        Step::Closed(client) => rooms.closed(ClientId(client)),
        // The other tests check which requests are answered.
        Step::Request(client, request) => drop(rooms.request(ClientId(client), request)),
        Step::Passes => {
            *now += PUSH_EVERY;
            rooms.handle_timeout(*now);
        }
        Step::Ask(nth) => rooms.ask(some_link(rooms, nth)),
        Step::Say(nth) => rooms.say(some_link(rooms, nth), String::new()),
        Step::Fail(nth) => rooms.fail(some_link(rooms, nth)),
    }
}

/// A connection, mostly one that exists.
fn some_link(rooms: &Rooms, nth: usize) -> LinkId {
    let links: Vec<LinkId> = rooms.links.keys().copied().collect();
    let mut old = Rooms::new(Limits::default(), Switch::AtOnce, Media::Server);
    let ended = old.link(Linked::Viewer(ClientId(0)));
    let links = links.into_iter().chain(ended);
    let links: Vec<LinkId> = links.collect();
    links[nth % links.len()]
}

/// Asserts that connections begin and end once, and that tasks name only those that exist.
fn carry_out(rooms: &mut Rooms, links: &mut BTreeSet<LinkId>) -> Result<(), TestCaseError> {
    while let Some(task) = rooms.poll_task() {
        match task {
            Task::Take { link, .. } | Task::Show { link, .. } => prop_assert!(links.insert(link)),
            Task::Said { link, .. } => prop_assert!(links.contains(&link)),
            Task::End(link) => prop_assert!(links.remove(&link)),
        }
    }
    prop_assert!(links.iter().eq(rooms.links.keys()));
    Ok(())
}

fn books_agree(rooms: &Rooms) -> Result<(), TestCaseError> {
    prop_assert_eq!(rooms.keys.len(), rooms.rooms.len());
    for (key, room) in &rooms.rooms {
        prop_assert_eq!(rooms.keys.get(&room.name), Some(key));
        prop_assert!(rooms.clients[&room.host].hosts.contains(key));
        prop_assert!(room.viewers.len() <= rooms.limits.viewers_max);
        for viewer in &room.viewers {
            prop_assert_eq!(rooms.clients[&viewer.client].views, Some(*key));
            prop_assert_eq!(room.viewer(viewer.name.as_str()), Some(viewer.client));
            prop_assert!(viewer.name != room.name);
        }
    }
    for (id, client) in &rooms.clients {
        prop_assert!(client.hosts.iter().all(|key| rooms.rooms[key].host == *id));
        let viewed = client
            .views
            .map(|key| rooms.rooms[&key].viewer_of(*id).is_some());
        prop_assert!(
            viewed != Some(false),
            "it views a room that does not know it"
        );
    }
    Ok(())
}
