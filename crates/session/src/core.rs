use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use contract::Command;
use model::{Role, SessionId, ShardId, StreamName, StreamStatus};
use room::peer_tree::Broadcasts;
use room::{EndReason, ParticipantKey, RoomName, Rooms, direct};

use crate::config::Config;
use crate::now::Now;
use crate::output::{Changed, Fact, Output};
use crate::participant::{Participants, Transport};
use crate::random::{self, Random};
use crate::registry::{self, Owner, Registry, Session};

/// How often waiting viewers are looked through for those that have waited too long.
const EXPIRY_EVERY: Duration = Duration::from_secs(1);

/// The control core of a server. See the [crate](crate).
#[derive(Debug)]
pub struct Core {
    pub(crate) peers: Vec<rtc::Config>,
    pub(crate) random: Box<dyn Random>,
    pub(crate) registry: Registry,
    pub(crate) rooms: Rooms,
    pub(crate) direct: direct::Rooms,
    pub(crate) trees: Broadcasts,
    pub(crate) participants: Participants,
    /// To whom the streams belong that have a session of their own.
    pub(crate) owners: BTreeMap<StreamName, StreamOwner>,
    /// The streams in which somebody speaks, and how loudly.
    pub(crate) audio_levels: BTreeMap<StreamName, u8>,
    /// Participants that may be due an offer.
    pub(crate) unsettled: BTreeSet<ParticipantKey>,
    pub(crate) is_stopping: bool,
    last_key: u64,
    /// When to look for viewers that have waited too long; `None` before the first input.
    expiry: Option<Instant>,
    pub(crate) outputs: VecDeque<Output>,
}

/// To whom a stream belongs that has a session of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StreamOwner {
    /// To the synthetic participant of an external publisher.
    Synthetic(ParticipantKey),
    /// To a participant that opened the session.
    Participant(ParticipantKey),
}

impl Core {
    /// A core without rooms and sessions.
    pub fn new(config: Config, random: Box<dyn Random>) -> Self {
        let Config {
            viewers_wait,
            publisher_grace,
            sessions_max,
            rooms,
            direct,
            trees,
            peers,
        } = config;
        let registry = registry::Config {
            viewers_wait,
            publisher_grace,
            sessions_max,
            shards: peers.len(),
        };
        Self {
            peers,
            random,
            registry: Registry::new(registry),
            rooms: Rooms::new(rooms),
            direct: direct::Rooms::new(direct.limits, direct.switch, direct.media),
            trees: Broadcasts::new(trees),
            participants: Participants::default(),
            owners: BTreeMap::new(),
            audio_levels: BTreeMap::new(),
            unsettled: BTreeSet::new(),
            is_stopping: false,
            last_key: 0,
            expiry: None,
            outputs: VecDeque::new(),
        }
    }

    /// The next thing to carry out. Call until `None` after each other call.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`]; changes with each other call.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let due = [
            self.rooms.poll_timeout(),
            self.direct.poll_timeout(),
            self.trees.poll_timeout(),
            self.expiry,
        ];
        due.into_iter().flatten().min()
    }

    /// Does what is due by now.
    pub fn handle_timeout(&mut self, now: Now) {
        self.rooms.handle_timeout(now.instant);
        let is_due = |due: Option<Instant>| due.is_some_and(|due| due <= now.instant);
        if is_due(self.direct.poll_timeout()) {
            self.in_direct(now, |rooms| rooms.handle_timeout(now.instant));
        }
        if is_due(self.trees.poll_timeout()) {
            self.in_trees(now, |broadcasts| broadcasts.handle_timeout(now.instant));
        }
        if self.expiry.is_none_or(|due| due <= now.instant) {
            self.expiry = Some(now.instant + EXPIRY_EVERY);
            for session in self.registry.expired(now.instant) {
                // The session is forgotten when its shard has closed it.
                self.order_close(session);
            }
        }
        self.settle(now);
    }

    /// Takes no more sessions and participants, ends all rooms, and closes all sessions. The shards'
    /// events say when these are gone: [`Self::sessions_count`].
    pub fn stop(&mut self, now: Now) {
        self.is_stopping = true;
        self.rooms.stop();
        self.settle(now);
        for shard in ShardId::all(self.peers.len()) {
            self.command(shard, Command::CloseAll);
        }
    }

    /// Rooms and all that is in them.
    pub fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    /// Does something in rooms, and then what follows from it.
    pub fn in_rooms<T>(&mut self, now: Now, act: impl FnOnce(&mut Rooms) -> T) -> T {
        let result = act(&mut self.rooms);
        self.settle(now);
        result
    }

    /// What a stream does; `None` when it has neither publisher nor viewer.
    pub fn stream(&self, name: &StreamName) -> Option<StreamStatus> {
        self.registry.status(name)
    }

    /// All streams that have a publisher or a viewer.
    pub fn streams(&self) -> impl Iterator<Item = (&StreamName, StreamStatus)> {
        self.registry.streams()
    }

    /// Number of sessions.
    pub fn sessions_count(&self) -> usize {
        self.registry.len()
    }

    /// What the client of a session calls itself, for the log; `None`: there is no such session.
    pub fn client(&self, session: SessionId) -> Option<&str> {
        Some(&self.registry.session(session)?.client)
    }

    /// The name of the stream, or of the participant with its room, that a session is for, with
    /// the session's part in it; `None`: there is no such session.
    pub fn purpose(&self, session: SessionId) -> Option<(String, &'static str)> {
        let session = self.registry.session(session)?;
        if let Some(key) = session.owner.participant() {
            let (room, participant) = (self.rooms.room_of(key), self.rooms.participant(key));
            let of = room
                .zip(participant)
                .map(|(room, participant)| format!("{room}/{}", participant.id));
            return Some((of.unwrap_or_default(), "participant"));
        }
        let external = session.owner.external()?;
        let role = match external.role {
            Role::Publisher => "publisher",
            Role::Viewer => "viewer",
        };
        Some((external.stream.to_string(), role))
    }

    pub(crate) fn next_key(&mut self) -> ParticipantKey {
        self.last_key += 1;
        ParticipantKey(self.last_key)
    }

    /// Adds a session, whose peer is to be on this shard.
    pub(crate) fn add_session(
        &mut self,
        shard: ShardId,
        client: String,
        owner: Owner,
    ) -> SessionId {
        let id = SessionId(random::bits128(&mut *self.random));
        let session = Session::new(shard, client, owner);
        self.registry.insert(id, session);
        id
    }

    pub(crate) fn command(&mut self, shard: ShardId, command: Command) {
        self.outputs.push_back(Output::Command { shard, command });
    }

    /// Has the shard of a session close it.
    pub(crate) fn order_close(&mut self, session: SessionId) {
        if let Some(shard) = self.registry.session(session).map(|session| session.shard) {
            self.command(shard, Command::Close { session });
        }
    }

    /// Ends a session at once: requests find it gone even before its shard has closed it.
    pub(crate) fn close_session(&mut self, now: Now, session: SessionId) {
        self.order_close(session);
        self.forget_session(now, session);
    }

    /// A session is over: its streams lose their publisher or a viewer, and a participant a peer.
    pub(crate) fn forget_session(&mut self, now: Now, session: SessionId) {
        let Some(removed) = self.registry.remove(now.instant, session) else {
            return;
        };
        for (stream, role) in &removed.streams {
            if *role == Role::Publisher && !self.disown(now, stream) {
                self.report(now, stream);
            }
            self.announce(now, stream);
        }
        match removed.owner.part() {
            Some((key, kind)) => self.peer_ended(now, key, session, kind),
            None => self.changed(Changed::Ended(session)),
        }
    }

    /// Shows a room what one of its streams does now.
    pub(crate) fn report(&mut self, now: Now, stream: &StreamName) {
        let status = self.registry.status(stream).unwrap_or_default();
        let rooms = &mut self.rooms;
        rooms.report(now.instant, stream, status.active, &status.tracks);
    }

    /// Shows a room how many watch one of its streams from outside, and followers that the stream
    /// has changed.
    pub(crate) fn announce(&mut self, now: Now, stream: &StreamName) {
        let viewers = self.registry.external_viewers(stream);
        self.rooms.set_viewers(now.instant, stream, viewers);
        self.changed(Changed::Stream(stream.clone()));
    }

    pub(crate) fn changed(&mut self, changed: Changed) {
        self.outputs.push_back(Output::Changed(changed));
    }

    pub(crate) fn fact(&mut self, fact: Fact) {
        self.outputs.push_back(Output::Fact(fact));
    }

    /// Carries out what the rooms want, and makes the offers that follow.
    pub(crate) fn settle(&mut self, now: Now) {
        while let Some(output) = self.rooms.poll_output() {
            self.room_output(now, output);
        }
        self.make_offers();
    }

    /// Offers what has changed to the participants that have answered what was before.
    fn make_offers(&mut self) {
        for key in std::mem::take(&mut self.unsettled) {
            let transport = self.participants.transport_mut(key);
            if let Some(offer) = transport.and_then(Transport::offer) {
                self.outputs.push_back(Output::Offer { to: key, offer });
            }
        }
    }

    /// Shows a room who speaks in it, loudest first.
    pub(crate) fn show_speakers(&mut self, now: Now, room: &RoomName) {
        let levels = self.audio_levels.iter();
        let of_room = levels.filter(|(stream, _)| RoomName::of(stream) == *room);
        let mut speakers: Vec<_> = of_room
            .filter_map(|(stream, level)| {
                let stream = self.rooms.stream(stream)?;
                Some((*level, stream.participant.clone()))
            })
            .collect();
        speakers.sort_by(|(a, _), (b, _)| b.cmp(a));
        let mut ids = Vec::new();
        for (_, id) in speakers {
            // A participant that speaks in two streams speaks once.
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        self.rooms.set_speakers(now.instant, room, ids);
    }

    /// Ends a participation. Nothing happens when it is over already.
    pub fn leave(&mut self, now: Now, key: ParticipantKey, reason: EndReason) {
        self.rooms.leave(now.instant, key, reason);
        self.settle(now);
    }
}
