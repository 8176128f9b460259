use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

use super::pushes::Pushes;
use super::room::{Room, RoomKey};
use super::serving::Linked;
use super::{
    ClientId, Event, Grants, Limits, LinkId, Media, Name, Output, Refusal, Request, Switch, Task,
};

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
    /// Whom the server is connected with, in rooms whose media goes through it.
    pub(super) links: BTreeMap<LinkId, Linked>,
    pub(super) next_link: u64,
    pub(super) tasks: VecDeque<Task>,
    outputs: VecDeque<Output>,
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
    /// No rooms and no clients.
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
        }
    }

    /// A client has come. From now on it is told which rooms there are.
    pub fn opened(&mut self, now: Instant, id: ClientId, grants: Grants) {
        let client = Client {
            grants,
            hosts: BTreeSet::new(),
            views: None,
        };
        self.clients.insert(id, client);
        self.pushes.wake(now);
    }

    /// A client is gone: its rooms are closed, and it leaves the one that it viewed. Nothing is
    /// said to it any more. Once more does nothing.
    pub fn closed(&mut self, id: ClientId) {
        let Some(client) = self.clients.get(&id) else {
            return;
        };
        for key in client.hosts.clone() {
            self.close(key);
        }
        self.leave(id);
        self.clients.remove(&id);
        // It may have viewed a room of its own.
        for output in &mut self.outputs {
            output.to.retain(|client| *client != id);
        }
        self.outputs.retain(|output| !output.to.is_empty());
        if self.clients.is_empty() {
            self.pushes.rest();
        }
    }

    /// A client asks for something. `Err` says why nothing came of it; `CreateFailed` and
    /// `JoinFailed` are among the outputs then.
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

    /// The next thing to tell.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The next thing to do where media goes through the server.
    pub fn poll_task(&mut self) -> Option<Task> {
        self.tasks.pop_front()
    }

    /// When [`Rooms::handle_timeout`] is due; `None` without clients.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.pushes.due()
    }

    /// Tells clients which rooms there are, and rooms how many are in them, when it is time.
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
