//! What clients, operators and networks do: one thing of many in each step.

use std::time::Duration;

use contract::ClosedReason;
use model::{IceFragment, LayerChoice, Role as Part, StreamName};
use room::{Declared, MessageKind, ParticipantId, ParticipantKey, Role, RoomName};
use rtp::Kind;
use session::{
    Caller, DeclaredTrack, Enter, NotOpened, Open, Opener, Publish, TransportKind, UnifiedOptions,
};

use super::external::ExternalSession;
use super::participant::Participant;
use super::world::ControlWorld;

/// Rooms, ids and tokens that clients choose from: few, so that they meet.
const ROOMS: [&str; 3] = ["dojo", "garden", "kitchen"];
const IDS: [&str; 5] = ["ada", "bob", "cleo", "dan", "eve"];
const TOKENS: [Option<&str>; 3] = [None, Some("mine"), Some("yours")];

impl ControlWorld {
    /// Does one thing.
    pub(super) fn act(&mut self) {
        match self.below(36) {
            0..4 => self.enter(),
            4 => self.with_participant("leave", |world, key| world.leave(key)),
            5 => self.with_participant("lost", Self::lose),
            6 => self.with_participant("found", Self::find),
            7..13 => self.with_participant("publish", Self::publish),
            13 => self.with_participant("unpublish", Self::unpublish),
            14..19 => self.with_participant("answer", Self::answer),
            19 => self.with_participant("restart", Self::restart),
            20 | 21 => self.with_participant("subscription", Self::change_subscription),
            22 => self.with_participant("host", Self::host),
            23..26 => self.open_external(),
            26 => self.with_external("close", |world, caller| {
                let now = world.now();
                format!("{:?}", world.core.close(now, caller))
            }),
            27 => self.with_external("change", Self::change_external),
            28 | 29 => self.shard_event(),
            30 if self.rng.chance(0.3) => {
                let shard = self.below(self.shards.len() as u64) as usize;
                self.trace.add(format_args!("shard {shard} restarts"));
                self.restart_shard(shard);
            }
            32 | 33 => self.act_direct(),
            34 | 35 => self.act_tree(),
            _ => self.wait(),
        }
    }

    /// Nobody does anything for up to 40 s.
    fn wait(&mut self) {
        let time = Duration::from_millis(self.below(40_000));
        self.trace.add(format_args!("wait {time:?}"));
        self.idle += time;
    }

    fn enter(&mut self) {
        let transport = match self.below(3) {
            0 => TransportKind::Split,
            1 => TransportKind::Unified(UnifiedOptions {
                stream_name: None,
                new_lines: self.below(8) as usize,
            }),
            _ => TransportKind::PerStream,
        };
        let role = match self.below(6) {
            0 => Role::Hidden,
            1 => Role::Viewer,
            2 => Role::Host,
            _ => Role::Publisher,
        };
        let enter = Enter {
            room: self.room(),
            id: self.id(),
            name: None,
            metadata: String::new(),
            role,
            client: "sim".to_owned(),
            auto_subscribe: self.rng.chance(0.7),
            transport,
        };
        self.trace.add(format_args!("enter {enter:?}"));
        let now = self.now();
        match self.core.enter(now, enter) {
            Ok((key, joined)) => {
                let ufrag = self.below(1_000_000) as u32;
                let participant = Participant::new(transport, joined, ufrag);
                self.participants.insert(key, participant);
            }
            Err(error) => self.trace.add(format_args!("  refused: {error}")),
        }
    }

    fn lose(&mut self, key: ParticipantKey) {
        let now = self.now();
        self.core
            .in_rooms(now, |rooms| rooms.lost(now.instant, key));
    }

    fn find(&mut self, key: ParticipantKey) {
        let now = self.now();
        self.core
            .in_rooms(now, |rooms| rooms.found(now.instant, key));
    }

    /// A participant begins a stream, or one more, or changes one.
    fn publish(&mut self, key: ParticipantKey) {
        let Some(participant) = self.participants.get(&key) else {
            return;
        };
        match participant.transport {
            TransportKind::Split => self.publish_split(key),
            TransportKind::Unified(_) => self.publish_unified(key),
            TransportKind::PerStream => self.open_for(key),
        }
    }

    fn publish_split(&mut self, key: ParticipantKey) {
        let label = (self.below(3) == 0).then(|| "screen".to_owned());
        let invents_mid = self.below(10) == 0;
        let Some(participant) = self.participants.get_mut(&key) else {
            return;
        };
        let mids = participant.sdp.send("cam");
        let offer = participant.sdp.offer();
        let offer = sdp::Description::parse(&offer).expect("an offer by hand is well formed");
        let track = |mid: String| DeclaredTrack {
            mid: if invents_mid { "none".to_owned() } else { mid },
            source: None,
            muted: false,
            layers: Vec::new(),
        };
        let publish = Publish {
            label,
            tracks: mids.map(track).into(),
        };
        let now = self.now();
        let published = self.core.publish(now, key, publish, &offer);
        let published = published.map(|published| published.stream);
        self.trace.add(format_args!("  {published:?}"));
    }

    fn publish_unified(&mut self, key: ParticipantKey) {
        let stops = self.below(4) == 0;
        let Some(participant) = self.participants.get_mut(&key) else {
            return;
        };
        if stops {
            participant.sdp.stop_sending();
        } else {
            participant.sdp.send("cam");
        }
        let offer = participant.sdp.offer();
        // The server's offer, if one is on its way, is void.
        participant.offers.clear();
        let offer = sdp::Description::parse(&offer).expect("an offer by hand is well formed");
        let now = self.now();
        let answered = self.core.take_offer(now, key, &offer);
        let answered = answered.map(|_| ());
        self.trace.add(format_args!("  {answered:?}"));
    }

    /// A participant with a peer for each stream publishes, or watches what another publishes.
    fn open_for(&mut self, key: ParticipantKey) {
        let publishes = self.rng.chance(0.5);
        let Some(participant) = self.participants.get(&key) else {
            return;
        };
        let own = format!("{}/{}", participant.room, participant.id);
        let stream = match publishes {
            true => StreamName::new(&own).ok(),
            false => participant.streams_of_others().into_iter().next(),
        };
        let Some(stream) = stream else {
            return;
        };
        let role = match publishes {
            true => Part::Publisher,
            false => Part::Viewer,
        };
        self.open(Opener::Participant(key, Declared::default()), role, stream);
    }

    /// A client outside rooms publishes by WHIP, or watches by WHEP.
    fn open_external(&mut self) {
        let role = match self.rng.chance(0.5) {
            true => Part::Publisher,
            false => Part::Viewer,
        };
        let name = format!("{}/{}", self.room(), self.id());
        let stream = StreamName::new(&name).expect("a good name");
        let token = TOKENS[self.below(TOKENS.len() as u64) as usize];
        let subject = auth::Tokens::default().verify(token).subject;
        self.trace
            .add(format_args!("{role:?} of {stream} with {token:?}"));
        let opener = Opener::External {
            subject: subject.clone(),
        };
        if let Some(session) = self.open(opener, role, stream.clone()) {
            let caller = Caller {
                role,
                stream,
                session,
                subject,
            };
            self.externals.push(ExternalSession { caller });
        }
    }

    fn open(&mut self, opener: Opener, role: Part, stream: StreamName) -> Option<model::SessionId> {
        let mut client = super::client_sdp::ClientSdp::new(self.below(1_000_000) as u32);
        match role {
            Part::Publisher => _ = client.send("cam"),
            Part::Viewer => client.receive(),
        }
        let (open, now) = (
            Open {
                role,
                stream,
                client: "sim".to_owned(),
            },
            self.now(),
        );
        let placed = self.core.place(now, &opener, &open);
        let placement = match placed {
            Ok(placement) => placement,
            Err(error) => {
                self.trace.add(format_args!("  refused: {error}"));
                return None;
            }
        };
        let negotiated = placement.negotiate(&client.offer(), now);
        let negotiated = negotiated.expect("an offer by hand is taken");
        match self.core.open(now, &opener, &open, &placement, negotiated) {
            Ok(opened) => {
                self.trace.add(format_args!("  opened {}", opened.session));
                Some(opened.session)
            }
            Err(NotOpened::Moved) => None,
            Err(NotOpened::Refused(error)) => {
                self.trace.add(format_args!("  refused: {error}"));
                None
            }
        }
    }

    fn unpublish(&mut self, key: ParticipantKey) {
        let Some(participant) = self.participants.get(&key) else {
            return;
        };
        if let Some(stream) = participant.own_streams().into_iter().next() {
            let now = self.now();
            let ended = self
                .core
                .in_rooms(now, |rooms| rooms.unpublish(now.instant, key, &stream));
            self.trace.add(format_args!("  {stream}: {ended:?}"));
        }
    }

    /// A participant answers an offer of the server: the last one, an old one, or none.
    fn answer(&mut self, key: ParticipantKey) {
        let is_late = self.below(5) == 0;
        let now = self.now();
        let Some(participant) = self.participants.get_mut(&key) else {
            return;
        };
        let offer = match is_late {
            true => participant.offers.front().cloned(),
            false => participant.offers.drain(..).next_back(),
        };
        let Some(offer) = offer else {
            return;
        };
        let is_unified = matches!(participant.transport, TransportKind::Unified(_));
        let sdp = match is_unified {
            true => &mut participant.sdp,
            false => &mut participant.subscriber_sdp,
        };
        let answer = sdp.answer(&offer.sdp, "cam");
        let answer = sdp::Description::parse(&answer).expect("an answer by hand is well formed");
        let taken = match is_unified {
            true => self.core.take_answer(now, key, &answer),
            false => self.core.answer(now, key, offer.number, &answer),
        };
        self.trace
            .add(format_args!("  offer {}: {taken:?}", offer.number));
    }

    fn restart(&mut self, key: ParticipantKey) {
        let now = self.now();
        let restarted = match self.rng.chance(0.5) {
            true => self.core.restart_subscriber(now, key),
            false => {
                let Some(participant) = self.participants.get_mut(&key) else {
                    return;
                };
                participant.sdp.restart();
                let offer = participant.sdp.offer();
                let offer = sdp::Description::parse(&offer).expect("an offer by hand");
                self.core.restart_publisher(key, &offer).map(|_| ())
            }
        };
        self.trace.add(format_args!("  {restarted:?}"));
    }

    fn change_subscription(&mut self, key: ParticipantKey) {
        let Some(participant) = self.participants.get(&key) else {
            return;
        };
        let streams = participant.streams_of_others();
        let Some(stream) = streams.first().cloned() else {
            return;
        };
        let (what, now) = (self.below(3), self.now());
        let size = Some((self.below(1_000) as u32, 0));
        let changed = self.core.in_rooms(now, |rooms| match what {
            0 => rooms.subscribe(key, &stream, None),
            1 => rooms.unsubscribe(key, &stream, Some(&[Kind::Video])),
            _ => rooms.set_track_settings(key, &stream, Kind::Video, Some(true), size),
        });
        self.trace.add(format_args!("  {stream}: {changed:?}"));
    }

    /// A host acts on others, or the operator on a room.
    fn host(&mut self, key: ParticipantKey) {
        let (what, now) = (self.below(7), self.now());
        let (id, room) = (self.id(), self.room());
        let done = self.core.in_rooms(now, |rooms| match what {
            0 => format!("{:?}", rooms.kick_by(now.instant, key, &id, None)),
            1 => format!("{:?}", rooms.lock(now.instant, key, true)),
            2 => format!("{:?}", rooms.lock(now.instant, key, false)),
            3 => format!("{:?}", rooms.close(&room, None)),
            4 => format!("{:?}", rooms.create(now.instant, room)),
            5 => format!("{:?}", rooms.kick(now.instant, &room, &id, None)),
            _ => {
                let (kind, text) = (MessageKind::Chat, "hello".to_owned());
                let sent = rooms.send(now.instant, now.unix_ms, key, kind, None, None, text);
                format!("{sent:?}")
            }
        });
        self.trace.add(format_args!("  {done}"));
    }

    fn change_external(&mut self, caller: &Caller) -> String {
        match self.rng.chance(0.5) {
            true => {
                let fragment = IceFragment {
                    ufrag: Some("abcd".to_owned()),
                    pwd: Some("0123456789abcdef01234567".to_owned()),
                    ..IceFragment::default()
                };
                format!("{:?}", self.core.restart_ice(caller, &fragment))
            }
            false => {
                let choice = LayerChoice::Auto;
                format!("{:?}", self.core.choose_layer(caller, None, choice))
            }
        }
    }

    /// A shard tells of a session or a stream.
    fn shard_event(&mut self) {
        let index = self.below(self.shards.len() as u64) as usize;
        let sessions: Vec<_> = self.shards[index].sessions().collect();
        let streams: Vec<_> = self.shards[index].publishers().collect();
        let which = self.rng.next_u64() as usize;
        let session = sessions.get(which % sessions.len().max(1)).copied();
        let stream = streams.get(which % streams.len().max(1)).copied();
        match (self.below(4), session, stream) {
            (0, Some(session), _) => {
                let reason = match self.rng.chance(0.5) {
                    true => ClosedReason::Remote,
                    false => ClosedReason::Silent,
                };
                self.trace
                    .add(format_args!("session {session} ends: {reason:?}"));
                self.end_session(index, session, reason);
            }
            (1, Some(session), _) => {
                self.trace
                    .add(format_args!("session {session} is measured"));
                self.measure(session);
            }
            (_, _, Some((stream, _))) => {
                self.trace.add(format_args!("{stream:?} is measured"));
                self.report(stream);
            }
            _ => {}
        }
    }

    fn with_participant(&mut self, what: &str, act: impl FnOnce(&mut Self, ParticipantKey)) {
        let keys: Vec<_> = self.participants.keys().copied().collect();
        let which = self.below(keys.len() as u64) as usize;
        if let Some(key) = keys.get(which) {
            self.trace.add(format_args!("{key:?} {what}"));
            act(self, *key);
        }
    }

    fn with_external(&mut self, what: &str, act: impl FnOnce(&mut Self, &Caller) -> String) {
        let which = self.below(self.externals.len() as u64) as usize;
        let Some(external) = self.externals.get(which).cloned() else {
            return;
        };
        let result = act(self, &external.caller);
        let session = external.caller.session;
        self.trace.add(format_args!("{session} {what}: {result}"));
    }

    fn room(&mut self) -> RoomName {
        let name = ROOMS[self.below(ROOMS.len() as u64) as usize];
        RoomName::new(name).expect("a good name")
    }

    fn id(&mut self) -> ParticipantId {
        let id = IDS[self.below(IDS.len() as u64) as usize];
        ParticipantId::new(id).expect("a good id")
    }
}
