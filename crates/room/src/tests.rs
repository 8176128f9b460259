use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rtp::Kind;

use super::*;
use model::StreamName;

mod client;
mod commands;
mod delivery;
mod hosting;
mod messages;
mod presence;
mod properties;
mod streams;
mod trial;
mod viewing;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn room(name: &str) -> RoomName {
    RoomName::new(name).expect("a good name")
}

fn id(id: &str) -> ParticipantId {
    ParticipantId::new(id).expect("a good id")
}

fn stream(name: &str) -> StreamName {
    StreamName::new(name).expect("a good name")
}

fn track(kind: Kind) -> Track {
    Track {
        kind,
        source: None,
        muted: false,
        codec: None,
        layers: Vec::new(),
    }
}

/// Rooms in virtual time, and their outputs.
struct World {
    rooms: Rooms,
    now: Instant,
    keys: u64,
    /// The events that each participant was told since the last call of `told`.
    told: BTreeMap<ParticipantKey, Vec<Event>>,
    /// All outputs but deliveries and webhook events.
    orders: Vec<Output>,
    webhook_events: Vec<WebhookEvent>,
    /// The number of deliveries.
    deliveries: usize,
}

impl World {
    fn new(change: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        change(&mut limits);
        Self {
            rooms: Rooms::new(limits),
            now: Instant::now(),
            keys: 0,
            told: BTreeMap::new(),
            orders: Vec::new(),
            webhook_events: Vec::new(),
            deliveries: 0,
        }
    }

    /// Joins the room "garden" with automatic subscription.
    fn join(&mut self, name: &str, role: Role) -> ParticipantKey {
        self.try_join(name, role).expect("may join").0
    }

    fn try_join(&mut self, name: &str, role: Role) -> Result<(ParticipantKey, Joined), JoinError> {
        let join = self.join_request(name, role);
        let key = join.key;
        Ok((key, self.rooms.join(self.now, join)?))
    }

    fn join_request(&mut self, name: &str, role: Role) -> Join {
        self.keys += 1;
        Join {
            key: ParticipantKey(self.keys),
            room: room("garden"),
            id: id(name),
            name: None,
            metadata: String::new(),
            role,
            auto_subscribe: true,
            joined_at: self.keys,
            is_proved: true,
        }
    }

    fn publish(&mut self, key: ParticipantKey, name: &str, kinds: &[Kind]) -> PublishedChange {
        let tracks = kinds.iter().map(|kind| track(*kind)).collect();
        let declared = Declared {
            tracks,
            ..Declared::default()
        };
        self.rooms
            .publish(self.now, key, stream(name), declared)
            .expect("may publish")
    }

    fn stream(&self, name: &str) -> Stream {
        self.rooms
            .stream(&stream(name))
            .expect("it is there")
            .clone()
    }

    fn say_to(
        &mut self,
        key: ParticipantKey,
        to: Option<&str>,
        body: &str,
    ) -> Result<u64, SendError> {
        self.rooms.send(
            self.now,
            1_000,
            key,
            MessageKind::Chat,
            to.map(id),
            None,
            body.to_owned(),
        )
    }

    /// Lets time pass, and handles each timeout when it is due.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.rooms.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.rooms.handle_timeout(self.now);
        }
        self.now = end;
    }

    fn drain(&mut self) {
        while let Some(output) = self.rooms.poll_output() {
            match output {
                Output::Deliver { to, events } => {
                    self.deliveries += 1;
                    for key in to {
                        let told = self.told.entry(key).or_default();
                        told.extend(events.iter().cloned());
                    }
                }
                Output::Webhook(event) => self.webhook_events.push(event),
                order => self.orders.push(order),
            }
        }
    }

    /// The events that a participant was told since the last call.
    fn told(&mut self, key: ParticipantKey) -> Vec<Event> {
        self.drain();
        self.told.remove(&key).unwrap_or_default()
    }

    /// All outputs but deliveries and webhook events since the last call.
    fn orders(&mut self) -> Vec<Output> {
        self.drain();
        std::mem::take(&mut self.orders)
    }

    fn forget(&mut self) {
        self.drain();
        self.told.clear();
        self.orders.clear();
        self.webhook_events.clear();
        self.deliveries = 0;
    }

    fn is_clean(&self) -> bool {
        let rooms = &self.rooms;
        let tables = rooms.rooms.is_empty() && rooms.places.is_empty();
        let context = &rooms.context;
        let waiting =
            context.timers.is_empty() && context.empty.is_empty() && context.outputs.is_empty();
        tables && waiting && rooms.audience.is_empty() && rooms.poll_timeout().is_none()
    }
}

fn left(name: &str, reason: EndReason) -> Event {
    let id = id(name);
    Event::ParticipantLeft { id, reason }
}

fn ended(reason: EndReason, text: Option<&str>) -> Event {
    Event::Ended {
        reason,
        text: text.map(str::to_owned),
    }
}
