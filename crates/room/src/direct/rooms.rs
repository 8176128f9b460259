use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

use crate::WebhookEvent;

use super::pushes::Pushes;
use super::room::Linked;
use super::room::{Room, RoomKey};
use super::{ClientId, Event, Limits, LinkId, Media, Name, Output, Refusal, Request, Switch, Task};
use crate::Grants;

/// All rooms, and all clients that may enter one.
#[derive(Debug)]
pub struct Rooms {
    pub(super) limits: Limits,
    pub(super) switch: Switch,
    pub(super) media: Media,
    pub(super) clients: BTreeMap<ClientId, Client>,
    pub(super) rooms: BTreeMap<RoomKey, Room>,
    pub(super) keys: BTreeMap<Name, RoomKey>,
    pub(super) next_key: u64,
    pub(super) pushes: Pushes,
    /// The server's connections, in rooms whose media goes through it.
    pub(super) links: BTreeMap<LinkId, Linked>,
    pub(super) next_link: u64,
    pub(super) tasks: VecDeque<Task>,
    outputs: VecDeque<Output>,
    pub(super) webhook_events: VecDeque<WebhookEvent>,
}

#[derive(Debug)]
pub(super) struct Client {
    pub(super) grants: Grants,
    /// The rooms that it hosts.
    pub(super) hosts: BTreeSet<RoomKey>,
    /// The room that it views.
    pub(super) views: Option<RoomKey>,
}

impl Rooms {
    /// Creates the state machine without rooms and clients.
    pub fn new(limits: Limits, switch: Switch, media: Media) -> Self {
        Self {
            limits,
            switch,
            media,
            clients: BTreeMap::new(),
            rooms: BTreeMap::new(),
            keys: BTreeMap::new(),
            next_key: 0,
            pushes: Pushes::default(),
            links: BTreeMap::new(),
            next_link: 0,
            tasks: VecDeque::new(),
            outputs: VecDeque::new(),
            webhook_events: VecDeque::new(),
        }
    }

    /// Adds a client. From now on it is told the list of rooms.
    pub fn opened(&mut self, now: Instant, id: ClientId, grants: Grants) {
        let client = Client {
            grants,
            hosts: BTreeSet::new(),
            views: None,
        };
        self.clients.insert(id, client);
        self.pushes.wake(now);
    }

    /// Removes a client: closes its rooms, and takes it out of the one that it views. It is sent
    /// nothing more. Does nothing for a client that is gone already.
    pub fn closed(&mut self, id: ClientId) {
        let Some(client) = self.clients.get(&id) else {
            return;
        };
        for key in client.hosts.clone() {
            self.close(key);
        }
        self.leave(id);
        self.clients.remove(&id);
        // It may have viewed its own room, and is sent nothing more.
        for output in &mut self.outputs {
            output.to.retain(|client| *client != id);
        }
        self.outputs.retain(|output| !output.to.is_empty());
        if self.clients.is_empty() {
            self.pushes.rest();
        }
    }

    /// Handles a request of a client. `Err` says why it was refused. The client of a refused
    /// `Create` or `Join` is told so by `CreateFailed` or `JoinFailed`.
    pub fn request(&mut self, from: ClientId, request: Request) -> Result<(), Refusal> {
        if !self.clients.contains_key(&from) {
            return Err(Refusal::Gone);
        }
        match request {
            Request::Create { room } => self.create(from, &room),
            Request::Close => self.close_first(from),
            Request::Join { room, name } => self.join(from, &room, &name),
            Request::Chat { room, text } => self.chat(from, room.as_deref(), text),
            Request::Signal { signal, to, body } => self.signal(from, signal, &to, body),
        }
    }

    /// The next message to send. Call it until `None` after each other call.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The next task where media goes through the server. Call it until `None` after each other
    /// call.
    pub fn poll_task(&mut self) -> Option<Task> {
        self.tasks.pop_front()
    }

    /// The next webhook event of rooms whose media goes from browser to browser. Times of joining are 0:
    /// the caller knows the time. Call it until `None` after each other call.
    pub fn poll_webhook_event(&mut self) -> Option<WebhookEvent> {
        self.webhook_events.pop_front()
    }

    /// When to call [`Rooms::handle_timeout`]; `None` without clients.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.pushes.due()
    }

    /// Sends the list of rooms to all clients, or the counts to their rooms, if it is time.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.push(now);
    }

    pub(super) fn tell(&mut self, to: ClientId, event: Event) {
        self.tell_all(vec![to], event);
    }

    pub(super) fn tell_all(&mut self, to: Vec<ClientId>, event: Event) {
        if !to.is_empty() {
            self.outputs.push_back(Output { to, event });
        }
    }

    /// The room of this name.
    pub(super) fn named(&self, name: &str) -> Option<(RoomKey, &Room)> {
        let key = self.keys.get(name)?;
        Some((*key, self.rooms.get(key)?))
    }

    /// The rooms that a client hosts, oldest first.
    pub(super) fn hosted(&self, host: ClientId) -> impl Iterator<Item = &Room> {
        let client = self.clients.get(&host);
        let keys = client.into_iter().flat_map(|client| &client.hosts);
        keys.filter_map(|key| self.rooms.get(key))
    }

    /// The room that a client views.
    pub(super) fn viewed(&self, viewer: ClientId) -> Option<&Room> {
        self.rooms.get(&self.clients.get(&viewer)?.views?)
    }
}
