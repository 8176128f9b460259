use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use contract::{ClosedReason, Event};
use model::StreamId;
use model::{Heard, Quality, SessionId};
use room::{EndReason, ParticipantKey, peer_tree};
use rtc::{Connection, Credentials, Traffic};
use rtp::Bitrate;
use session::{Config, Core, DirectConfig, Fact, Now, Output, Random};

use super::directory::EventDirectory;
use super::external::ExternalSession;
use super::faults::Fault;
use super::participant::Participant;
use super::shards::{Effect, ModelShard};
use super::trace::Trace;
use crate::Rng;
use crate::clock::TIME_OF_DAY;

/// Shards of the world's server.
const SHARDS: usize = 3;

/// How long a shard takes at most to tell of something.
const EVENT_DELAY_MS_MAX: u64 = 300;

/// How often a [`Fault`] happens: at one in so many occasions.
const FAULT_EVERY: u64 = 5;

/// The longest time from one thing that happens to the next.
const PAUSE_MS_MAX: u64 = 200;

/// A server's control core and its clients. See the [module](super).
#[derive(Debug)]
pub struct ControlWorld {
    pub(super) rng: Rng,
    epoch: Instant,
    pub(super) elapsed: Duration,
    pub(super) core: Core,
    pub(super) shards: Vec<ModelShard>,
    /// Events of shards that are on their way, by the time of their arrival.
    events: BTreeMap<(Duration, u64), Event>,
    events_sent: u64,
    pub(super) participants: BTreeMap<ParticipantKey, Participant>,
    pub(super) externals: Vec<ExternalSession>,
    directory: EventDirectory,
    pub(super) trace: Trace,
    /// How long nothing else happens after the present step.
    pub(super) idle: Duration,
    fault: Option<Fault>,
    deliveries: u64,
    closes: u64,
}

/// The core's randomness, from the world's seed.
#[derive(Debug)]
struct SeededRandom(Rng);

impl Random for SeededRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let random = self.0.next_u64().to_le_bytes();
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
    }
}

impl ControlWorld {
    /// A server without clients. Virtual time begins at `epoch`, which may be any instant.
    pub fn new(seed: u64, epoch: Instant, fault: Option<Fault>) -> Self {
        let mut rng = Rng::new(seed);
        let identity = rtc::Identity::generate();
        let peer = |shard| rtc::Config {
            identity: identity.clone(),
            candidates: vec![address(10_000 + shard as u16)],
            announce_ice_lite: false,
            wall_clock: rtc::WallClock {
                instant: epoch,
                time: SystemTime::UNIX_EPOCH + TIME_OF_DAY,
            },
        };
        let config = Config {
            viewers_wait: rng.chance(0.8),
            publisher_grace: Duration::from_secs(20),
            sessions_max: if rng.chance(0.2) { 8 } else { 100 },
            // Small, so that they are reached, and rooms that gather events.
            rooms: room::Limits {
                rooms_max: 4,
                participants_max: 5,
                streams_per_participant_max: 3,
                gather_from: if rng.chance(0.5) { 3 } else { 32 },
                ..room::Limits::default()
            },
            direct: DirectConfig::default(),
            trees: peer_tree::Limits::default(),
            peers: (0..SHARDS).map(peer).collect(),
        };
        let random = SeededRandom(rng.fork());
        Self {
            rng,
            epoch,
            elapsed: Duration::ZERO,
            core: Core::new(config, Box::new(random)),
            shards: (0..SHARDS).map(|_| ModelShard::default()).collect(),
            events: BTreeMap::new(),
            events_sent: 0,
            participants: BTreeMap::new(),
            externals: Vec::new(),
            directory: EventDirectory::default(),
            trace: Trace::default(),
            idle: Duration::ZERO,
            fault,
            deliveries: 0,
            closes: 0,
        }
    }

    /// What was done so far, and what came of it.
    pub fn trace(&self) -> &str {
        self.trace.text()
    }

    /// One thing happens. Fails when a participant was told what is not so, when a shard is told
    /// what makes no sense, or when the core's parts do not agree.
    pub fn step(&mut self) -> Result<(), String> {
        self.act();
        self.carry_out()?;
        self.check()?;
        let idle = std::mem::take(&mut self.idle) + Duration::from_millis(self.below(PAUSE_MS_MAX));
        self.pass(idle)
    }

    /// Everybody goes, and the server stops. Fails when anything is left.
    pub fn end(&mut self) -> Result<(), String> {
        self.trace.add("stop");
        self.core.stop(self.now());
        self.carry_out()?;
        self.pass(Duration::from_millis(EVENT_DELAY_MS_MAX))?;
        let left = self.core.sessions_count();
        let on_shards = self.shards.iter().flat_map(ModelShard::sessions).count();
        if (left, on_shards) != (0, 0) {
            return Err(format!(
                "after the end the core has {left} sessions, the shards {on_shards}"
            ));
        }
        match self.participants.values().find(|p| !p.has_ended()) {
            Some(participant) => Err(format!("{} was not told the end", participant.id)),
            None => Ok(()),
        }
    }

    /// The present of the core.
    pub(super) fn now(&self) -> Now {
        Now {
            instant: self.epoch + self.elapsed,
            unix_ms: (TIME_OF_DAY + self.elapsed).as_millis() as u64,
        }
    }

    /// Time passes, with all that is due in it.
    pub(super) fn pass(&mut self, time: Duration) -> Result<(), String> {
        let until = self.elapsed + time;
        loop {
            let due = self.core.poll_timeout();
            let due = due.map(|due| due.saturating_duration_since(self.epoch));
            let event = self.events.keys().next().map(|(at, _)| *at);
            let next = [due, event].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= until) else {
                self.elapsed = until;
                return Ok(());
            };
            self.elapsed = self.elapsed.max(next);
            if event == Some(next) {
                if let Some((_, event)) = self.events.pop_first() {
                    self.core.handle_event(self.now(), event);
                }
            } else {
                self.core.handle_timeout(self.now());
            }
            self.carry_out()?;
            self.check()?;
        }
    }

    /// A shard tells of something, a moment from now.
    pub(super) fn tell(&mut self, event: Event) {
        let delay = Duration::from_millis(self.below(EVENT_DELAY_MS_MAX));
        // Events of a shard come in order.
        let last = self.events.keys().next_back().map(|(at, _)| *at);
        let at = last.unwrap_or_default().max(self.elapsed + delay);
        self.events_sent += 1;
        self.events.insert((at, self.events_sent), event);
    }

    /// A number from 0 up to, but not including, `end`; 0 when that is 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.rng.next_u64() % end.max(1)
    }

    /// Carries out what the core wants.
    pub(super) fn carry_out(&mut self) -> Result<(), String> {
        while let Some(output) = self.core.poll_output() {
            self.trace.output(&output);
            match output {
                Output::Command { shard, command } => self.command(shard.index(), command)?,
                Output::Deliver { to, events } => {
                    self.deliveries += 1;
                    let is_faulty = self.deliveries.is_multiple_of(FAULT_EVERY);
                    let times = match self.fault {
                        Some(Fault::DeliversTwice) if is_faulty => 2,
                        Some(Fault::DeliversNothing) if is_faulty => 0,
                        _ => 1,
                    };
                    for _ in 0..times {
                        self.deliver(&to, &events)?;
                    }
                }
                Output::Offer { to, offer } => {
                    if let Some(participant) = self.participants.get_mut(&to) {
                        participant.offers.push_back(offer);
                    }
                }
                Output::PeerLost { to, .. } => self.peer_lost(to),
                Output::Ended { participant } => {
                    let ended = self.participants.remove(&participant);
                    if ended.is_some_and(|ended| !ended.has_ended()) {
                        return Err(format!("{participant:?} ended without being told"));
                    }
                }
                Output::Fact(Fact::Room { topology, event }) => {
                    self.directory.take(topology, &event)?;
                }
                Output::Layer { .. }
                | Output::ChannelMessage { .. }
                | Output::Changed(_)
                | Output::IceRestarted { .. }
                | Output::Direct(_)
                | Output::DirectTask(_)
                | Output::Tree(_)
                | Output::Fact(_) => {}
            }
        }
        Ok(())
    }

    fn command(&mut self, shard: usize, command: contract::Command) -> Result<(), String> {
        if let contract::Command::Close { .. } = command {
            self.closes += 1;
            if self.fault == Some(Fault::LeavesSessions) && self.closes.is_multiple_of(FAULT_EVERY)
            {
                return Ok(());
            }
        }
        let began = match &command {
            contract::Command::Publish { session, .. }
            | contract::Command::Watch { session, .. }
            | contract::Command::View { session, .. } => Some(*session),
            _ => None,
        };
        let model = self.shards.get_mut(shard).ok_or("there is no such shard")?;
        let effects = model.take(command)?;
        for effect in effects {
            match effect {
                Effect::Closed(session) => self.tell(closed(session, ClosedReason::Ordered)),
                Effect::IceRestarted(session) => self.tell(Event::IceRestarted {
                    session,
                    local: Credentials::generate(),
                }),
            }
        }
        if let Some(session) = began
            && !self.rng.chance(0.1)
        {
            self.tell(connected(session));
        }
        Ok(())
    }

    fn deliver(
        &mut self,
        to: &[ParticipantKey],
        events: &session::EventBatch,
    ) -> Result<(), String> {
        for key in to {
            if let Some(participant) = self.participants.get_mut(key) {
                participant.take(events)?;
            }
        }
        Ok(())
    }

    /// What is true after each step.
    fn check(&mut self) -> Result<(), String> {
        if let Some(wrong) = self.core.inconsistency() {
            return Err(wrong);
        }
        // A session of a shard that the core does not know is about to be closed.
        let known: BTreeMap<SessionId, usize> = self
            .core
            .sessions()
            .map(|(id, shard)| (id, shard.index()))
            .collect();
        for (index, shard) in self.shards.iter().enumerate() {
            let lost = shard.sessions().find(|id| known.get(id) != Some(&index));
            if let Some(lost) = lost {
                return Err(format!("session {lost} stays on shard {index} for nobody"));
            }
        }
        if let Some(differs) = self.directory.differs(self.core.directory()) {
            return Err(differs);
        }
        // A room that gathers has told all when its time is over.
        let is_gathering = self
            .core
            .rooms()
            .poll_timeout()
            .is_some_and(|due| due <= self.now().instant + room::Limits::default().gather);
        let mut participants = self.participants.values().filter(|_| !is_gathering);
        match participants.find_map(|p| p.differs(self.core.rooms())) {
            Some(differs) => Err(differs),
            None => Ok(()),
        }
    }

    /// A client learns that one of its peers has ended: it begins anew.
    fn peer_lost(&mut self, key: ParticipantKey) {
        let ufrag = self.below(1_000_000) as u32;
        if let Some(participant) = self.participants.get_mut(&key) {
            participant.renew(ufrag);
        }
    }

    /// All sessions of a shard end at once, as when its thread begins anew.
    pub(super) fn restart_shard(&mut self, shard: usize) {
        let sessions: VecDeque<_> = self.shards[shard].sessions().collect();
        for session in sessions {
            self.shards[shard].close(session);
            self.tell(closed(session, ClosedReason::Silent));
        }
    }

    /// A session ends by itself, or its client closes it.
    pub(super) fn end_session(&mut self, shard: usize, session: SessionId, reason: ClosedReason) {
        self.shards[shard].close(session);
        self.tell(closed(session, reason));
    }

    /// A shard measures something.
    pub(super) fn measure(&mut self, session: SessionId) {
        let quality = match self.below(3) {
            0 => Quality::Good,
            1 => Quality::Fair,
            _ => Quality::Poor,
        };
        self.tell(Event::Quality {
            session,
            quality,
            bandwidth: Some(Bitrate::mbps(1)),
        });
    }

    /// A shard tells what a stream does, or that somebody speaks in it.
    pub(super) fn report(&mut self, stream: StreamId) {
        let event = match self.below(3) {
            0 => Event::AudioLevel {
                stream,
                level: Some(self.below(128) as u8),
            },
            1 => Event::AudioLevel {
                stream,
                level: None,
            },
            _ => Event::Status {
                stream,
                heard: Heard::Media,
                tracks: Vec::new(),
            },
        };
        self.tell(event);
    }

    /// A participant leaves.
    pub(super) fn leave(&mut self, key: ParticipantKey) {
        let now = self.now();
        self.core.leave(now, key, EndReason::Left);
    }
}

fn closed(session: SessionId, reason: ClosedReason) -> Event {
    Event::Closed {
        session,
        reason,
        ended: None,
        lasted: Duration::ZERO,
        traffic: Traffic::default(),
    }
}

fn connected(session: SessionId) -> Event {
    Event::Connected {
        session,
        connection: Connection {
            path: rtc::Path::udp(address(10_000), address(20_000)),
            version: dtls::Version::Dtls12,
            protection: rtc::srtp::Protection::Aes128Gcm,
        },
        received: String::new(),
        sent: String::new(),
    }
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([10, 255, 0, 1], port))
}
