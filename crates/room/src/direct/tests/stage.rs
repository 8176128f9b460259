//! Named clients, and the events that each was told in short notation.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::*;

pub(super) struct Stage {
    pub(super) rooms: Rooms,
    pub(super) now: Instant,
    ids: BTreeMap<String, ClientId>,
    told: BTreeMap<ClientId, Vec<String>>,
}

impl Stage {
    pub(super) fn empty() -> Self {
        Self::new(Limits::default())
    }

    fn new(limits: Limits) -> Self {
        Self {
            rooms: Rooms::new(limits, Switch::AtOnce, Media::Direct),
            now: beginning(),
            ids: BTreeMap::new(),
            told: BTreeMap::new(),
        }
    }

    /// With the clients Ada, Bob and Lin.
    pub(super) fn limited(limits: Limits) -> Self {
        let mut stage = Self::new(limits);
        for name in ["ada", "bob", "lin"] {
            stage.open(name);
        }
        stage
    }

    /// Ada, Bob and Lin are there; Ada has the room "cooking", with these viewers. All that was
    /// told is forgotten.
    pub(super) fn with_room(viewers: &[&str]) -> Self {
        let mut stage = Self::limited(Limits::default());
        stage.create("ada", "cooking").expect("a room");
        for viewer in viewers {
            stage.join(viewer, "cooking", viewer).expect("a place");
        }
        while stage.rooms.poll_output().is_some() {}
        stage
    }

    /// The same, with media that goes through the server, which has asked Ada for her stream.
    pub(super) fn with_server(viewers: &[&str]) -> Self {
        let mut stage = Self::limited(Limits::default());
        stage.rooms.media = Media::Server;
        stage.create("ada", "cooking").expect("a room");
        for viewer in viewers {
            stage.join(viewer, "cooking", viewer).expect("a place");
        }
        while stage.rooms.poll_output().is_some() {}
        stage
    }

    pub(super) fn open(&mut self, name: &str) {
        let (publish, view) = (true, true);
        let id = self.id(name);
        self.rooms.opened(self.now, id, Grants { publish, view });
    }

    pub(super) fn lose(&mut self, name: &str) {
        let id = self.id(name);
        self.rooms.closed(id);
    }

    pub(super) fn id(&mut self, name: &str) -> ClientId {
        let next = ClientId(self.ids.len() as u128);
        *self.ids.entry(name.to_owned()).or_insert(next)
    }

    pub(super) fn create(&mut self, from: &str, room: &str) -> Result<(), Refusal> {
        let room = room.to_owned();
        self.request(from, Request::Create { room })
    }

    pub(super) fn close(&mut self, from: &str) -> Result<(), Refusal> {
        self.request(from, Request::Close)
    }

    pub(super) fn join(&mut self, from: &str, room: &str, name: &str) -> Result<(), Refusal> {
        let (room, name) = (room.to_owned(), name.to_owned());
        self.request(from, Request::Join { room, name })
    }

    pub(super) fn chat(
        &mut self,
        from: &str,
        room: Option<&str>,
        text: &str,
    ) -> Result<(), Refusal> {
        let (room, text) = (room.map(str::to_owned), text.to_owned());
        self.request(from, Request::Chat { room, text })
    }

    pub(super) fn signal(&mut self, from: &str, signal: Signal, to: &str, body: &str) {
        let sent = self.try_signal(from, signal, to, body);
        sent.expect("the other side is there");
    }

    pub(super) fn try_signal(
        &mut self,
        from: &str,
        signal: Signal,
        to: &str,
        body: &str,
    ) -> Result<(), Refusal> {
        let (to, body) = (to.to_owned(), body.to_owned());
        self.request(from, Request::Signal { signal, to, body })
    }

    fn request(&mut self, from: &str, request: Request) -> Result<(), Refusal> {
        let from = self.id(from);
        self.rooms.request(from, request)
    }

    /// Lets time pass, and handles each timeout when it is due.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.rooms.poll_timeout().filter(|due| *due <= end) {
            self.rooms.handle_timeout(due);
        }
        self.now = end;
    }

    /// The tasks since the last call, and their connections.
    pub(super) fn tasks(&mut self) -> (String, Vec<LinkId>) {
        let mut links = Vec::new();
        let mut short = |task| match task {
            Task::Take { link, room } => {
                links.push(link);
                format!("Take({room})")
            }
            Task::Show { link, room, viewer } => {
                links.push(link);
                format!("Show({room} {viewer})")
            }
            Task::Said { link, body } => {
                links.push(link);
                format!("Said({body})")
            }
            Task::End(link) => {
                links.push(link);
                "End".to_owned()
            }
        };
        let tasks = std::iter::from_fn(|| self.rooms.poll_task());
        let tasks: Vec<String> = tasks.map(&mut short).collect();
        (tasks.join(" "), links)
    }

    /// The events that a client was told since the last call.
    pub(super) fn told(&mut self, name: &str) -> String {
        while let Some(Output { to, event }) = self.rooms.poll_output() {
            for client in to {
                self.told.entry(client).or_default().push(short(&event));
            }
        }
        let id = self.id(name);
        self.told.remove(&id).unwrap_or_default().join(" ")
    }
}

fn short(event: &Event) -> String {
    match event {
        Event::Rooms(names) => {
            let names: Vec<_> = names.iter().map(Name::as_str).collect();
            format!("Rooms({})", names.join(","))
        }
        Event::Wanted(name) => format!("Wanted({name})"),
        Event::Joined(name) => format!("Joined({name})"),
        Event::Left(name) => format!("Left({name})"),
        Event::Chat { from, text } => format!("Chat({from} {text})"),
        Event::Signal { signal, from, body } => format!("{signal:?}({from} {body})"),
        Event::Count(_)
        | Event::Created
        | Event::CreateFailed
        | Event::JoinFailed
        | Event::Closed => format!("{event:?}"),
    }
}
