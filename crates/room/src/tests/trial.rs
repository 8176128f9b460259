//! Carries out commands on rooms, and notes the results to expect.

use super::client::{Client, Observer};
use super::commands::{Command, declared, id_of, name_of, room_of, status};
use super::*;

/// A participant and a track.
pub(super) type View = (ParticipantKey, StreamName, Kind);

/// Rooms, their clients, and the expected state of both.
pub(super) struct Trial {
    pub(super) world: World,
    pub(super) clients: BTreeMap<ParticipantKey, Client>,
    pub(super) observer: Observer,
    /// The numbers of the messages to all, for each room that exists.
    pub(super) to_all: BTreeMap<RoomName, Vec<u64>>,
    /// The tracks that each participant asked for (true) or declined (false).
    pub(super) choices: BTreeMap<View, bool>,
    /// The tracks that each participant is given, with the settings that the rooms put out.
    pub(super) views: BTreeMap<View, TrackSettings>,
    /// The settings that participants asked for.
    pub(super) settings: BTreeMap<View, TrackSettings>,
}

impl Trial {
    pub(super) fn new() -> Self {
        let world = World::new(|l| {
            (l.participants_max, l.streams_max) = (5, 4);
            l.messages_per_second = 2;
            // Rooms deliver at once, gather, and change between the two.
            l.gather_from = 3;
            (l.lost_grace, l.empty_grace) = (3 * SECOND, 2 * SECOND);
        });
        Self {
            world,
            clients: BTreeMap::new(),
            observer: Observer::default(),
            to_all: BTreeMap::new(),
            choices: BTreeMap::new(),
            views: BTreeMap::new(),
            settings: BTreeMap::new(),
        }
    }

    /// Carries out a command, whether it is allowed or not.
    pub(super) fn run(&mut self, command: Command) {
        use Command::*;
        let now = self.world.now;
        match command {
            Join { .. } | Leave(_) | Lost(_) | Found(_) | Rename(..) | Quality(..) => {
                self.presence(command);
            }
            Publish {
                who,
                label,
                kinds,
                rids,
            } => self.publish(who, label, &kinds, rids),
            Unpublish(..) | Mute(..) | Report { .. } | Viewers(..) => self.stream(command),
            Subscribe(who, stream, kinds) => self.choose(who, stream, kinds.as_deref(), true),
            Unsubscribe(who, stream, kinds) => self.choose(who, stream, kinds.as_deref(), false),
            SetTrackSettings(who, stream, kind, paused, size) => {
                self.set_track_settings(who, stream, kind, paused, size);
            }
            Send(who, to) => self.send(who, to),
            Say(room, to) => self.say(room, to),
            Speakers(room, ids) => {
                let ids = ids.into_iter().map(id_of).collect();
                self.world.rooms.set_speakers(now, &room_of(room), ids);
            }
            Pass(ms) => self.pass(u32::from(ms) * MS),
            Settle => self.settle(),
            other => self.host(other),
        }
        self.drain();
    }

    fn presence(&mut self, command: Command) {
        use Command::*;
        let now = self.world.now;
        match command {
            Join {
                room,
                id,
                role,
                auto,
            } => self.join(room, id, role, auto),
            Leave(who) => {
                let key = self.key(who);
                self.world.rooms.leave(now, key, EndReason::Left);
            }
            Lost(who) => {
                let key = self.key(who);
                self.world.rooms.lost(now, key);
            }
            Found(who) => {
                let key = self.key(who);
                let there = !self.clients.get(&key).is_none_or(Client::is_over);
                assert_eq!(self.world.rooms.found(now, key), there);
            }
            Rename(who, name) => {
                let (key, name) = (self.key(who), Some(name.to_string()));
                let result = self.world.rooms.set_metadata(now, key, name, None);
                assert!(matches!(result, Ok(()) | Err(MetadataError::Unknown)));
            }
            Quality(who, good) => {
                let key = self.key(who);
                let quality = [model::Quality::Poor, model::Quality::Good][usize::from(good)];
                self.world.rooms.set_quality(now, key, quality);
            }
            other => unreachable!("{other:?}"),
        }
    }

    fn stream(&mut self, command: Command) {
        use Command::*;
        let now = self.world.now;
        match command {
            Unpublish(who, stream) => {
                let (key, name) = (self.key(who), self.name(stream));
                let own = self.world.rooms.owner(&name) == Some(key);
                let result = self.world.rooms.unpublish(now, key, &name);
                assert_eq!(result.is_ok(), own);
            }
            Mute(who, stream, kind, muted) => {
                let (key, name) = (self.key(who), self.name(stream));
                let own = self.world.rooms.owner(&name) == Some(key);
                let result = self.world.rooms.mute(now, key, &name, kind, muted);
                assert!(own || result.is_err());
            }
            Report {
                stream,
                active,
                kinds,
                rids,
            } => {
                let tracks: Vec<_> = kinds.iter().map(|kind| status(*kind, rids)).collect();
                let name = self.name(stream);
                self.world.rooms.report(now, &name, active, &tracks);
            }
            Viewers(stream, viewers) => {
                let name = name_of(stream);
                let viewers = usize::from(viewers);
                self.world.rooms.set_viewers(now, &name, viewers);
            }
            other => unreachable!("{other:?}"),
        }
    }

    fn host(&mut self, command: Command) {
        use Command::*;
        let now = self.world.now;
        let (who, result) = match command {
            RequestMute(who, stream, kind) => {
                let (key, name) = (self.key(who), self.name(stream));
                let result = self.world.rooms.request_mute(key, &name, kind);
                (key, result)
            }
            KickBy(who, id) => {
                let key = self.key(who);
                let result = self.world.rooms.kick_by(now, key, &id_of(id), None);
                (key, result)
            }
            Lock(who, locked) => {
                let key = self.key(who);
                (key, self.world.rooms.lock(now, key, locked))
            }
            CloseBy(who) => {
                let key = self.key(who);
                (key, self.world.rooms.close_by(key, None))
            }
            other => return self.api(other),
        };
        let hosts = self.clients.get(&who).is_some_and(|c| c.role == Role::Host);
        assert!(hosts || result.is_err());
    }

    fn api(&mut self, command: Command) {
        use Command::*;
        let (rooms, now) = (&mut self.world.rooms, self.world.now);
        match command {
            Kick(room, id) => {
                let there = rooms.key(&room_of(room), &id_of(id)).is_some();
                assert_eq!(rooms.kick(now, &room_of(room), &id_of(id), None), there);
            }
            Close(room) => {
                let there = rooms.room(&room_of(room)).is_some();
                assert_eq!(rooms.close(&room_of(room), None), there);
            }
            Create(room) => assert!(rooms.create(now, room_of(room)).is_ok()),
            Stop => rooms.stop(),
            other => unreachable!("{other:?}"),
        }
    }

    fn join(&mut self, room: u8, id: u8, role: Role, auto: bool) {
        let join = Join {
            key: ParticipantKey(self.clients.len() as u64 + 1),
            room: room_of(room),
            id: id_of(id),
            name: None,
            metadata: String::new(),
            role,
            auto_subscribe: auto,
            joined_at: 0,
            is_proved: true,
        };
        let Ok(joined) = self.world.rooms.join(self.world.now, join.clone()) else {
            return;
        };
        let to_all = self.to_all.entry(join.room.clone()).or_default();
        let client = Client::new(&join, joined, to_all);
        self.clients.insert(join.key, client);
    }

    fn publish(&mut self, who: u8, label: bool, kinds: &[Kind], rids: bool) {
        let key = self.key(who);
        let Some(client) = self.clients.get(&key) else {
            return;
        };
        let said = Declared {
            label: label.then(|| "x".to_owned()),
            metadata: String::new(),
            tracks: kinds.iter().map(|kind| declared(*kind, rids)).collect(),
        };
        let ending = said.label.as_deref().map_or("", |_| "~x");
        let name = stream(&format!("{}/{}{ending}", client.room, client.id));
        let now = self.world.now;
        let result = self.world.rooms.publish(now, key, name, said);
        let fine = !matches!(result, Err(PublishError::Taken));
        assert!(fine, "a stream of somebody who is gone");
    }

    fn choose(&mut self, who: u8, stream: u8, kinds: Option<&[Kind]>, wanted: bool) {
        let (key, name) = (self.key(who), self.name(stream));
        let rooms = &mut self.world.rooms;
        let result = match wanted {
            true => rooms.subscribe(key, &name, kinds),
            false => rooms.unsubscribe(key, &name, kinds),
        };
        for kind in kinds.unwrap_or(&[Kind::Audio, Kind::Video]) {
            if result.is_ok() {
                let view = (key, name.clone(), *kind);
                self.choices.insert(view, wanted);
            }
        }
    }

    fn set_track_settings(
        &mut self,
        who: u8,
        stream: u8,
        kind: Kind,
        paused: Option<bool>,
        size: Option<(u32, u32)>,
    ) {
        let (key, name) = (self.key(who), self.name(stream));
        let result = self
            .world
            .rooms
            .set_track_settings(key, &name, kind, paused, size);
        let view = (key, name, kind);
        assert_eq!(result.is_ok(), self.views.contains_key(&view));
        if result.is_ok() {
            let settings = self.settings.entry(view).or_default();
            settings.paused = paused.unwrap_or(settings.paused);
            (settings.width, settings.height) = size.unwrap_or((settings.width, settings.height));
        }
    }

    fn send(&mut self, who: u8, to: Option<u8>) {
        let (key, to) = (self.key(who), to.map(id_of));
        let to_name = to.as_ref().map(ParticipantId::as_str);
        if let Ok(number) = self.world.say_to(key, to_name, "") {
            let room = self.clients[&key].room.clone();
            self.expect(&room, number, Some(key), to);
        }
    }

    fn say(&mut self, room: u8, to: Option<u8>) {
        let (room, to, kind) = (room_of(room), to.map(id_of), MessageKind::Data);
        let (rooms, now, body) = (&mut self.world.rooms, self.world.now, String::new());
        if let Ok(number) = rooms.say(now, 0, &room, kind, to.clone(), None, body) {
            self.expect(&room, number, None, to);
        }
    }

    /// Notes which participants have to get a message.
    fn expect(
        &mut self,
        room: &RoomName,
        number: u64,
        writer: Option<ParticipantKey>,
        to: Option<ParticipantId>,
    ) {
        if to.is_none() {
            self.to_all.entry(room.clone()).or_default().push(number);
        }
        let present = self.clients.iter_mut();
        for (key, client) in present.filter(|(_, c)| !c.is_over() && c.room == *room) {
            let gets = to.as_ref().is_none_or(|to| *to == client.id);
            if gets || Some(*key) == writer {
                client.sent.push(number);
            }
        }
    }

    /// Mostly a participant that is present, sometimes one that is gone or never joined.
    fn key(&self, who: u8) -> ParticipantKey {
        let ever = self.clients.len() as u64 + 1;
        let over = |client: &Client| client.is_over();
        let present: Vec<_> = self.clients.iter().filter(|(_, c)| !over(c)).collect();
        match usize::from(who).checked_rem(present.len()) {
            Some(index) if who < 230 => *present[index].0,
            _ => ParticipantKey(1 + u64::from(who) % ever),
        }
    }

    /// Mostly a stream that exists, sometimes any name.
    fn name(&self, number: u8) -> StreamName {
        let rooms = &self.world.rooms;
        let streams = [0, 1].map(|room| rooms.streams(&room_of(room)).unwrap_or_default());
        let names: Vec<_> = streams.iter().flatten().map(|s| &s.name).collect();
        match usize::from(number).checked_rem(names.len()) {
            Some(index) if number < 230 => names[index].clone(),
            _ => name_of(number % 16),
        }
    }
}
