//! Participants of rooms, and what follows from what rooms decide.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use broadcast::room::{self, EndReason, Output, ParticipantKey, RoomName, Rooms};
use broadcast::{SessionId, StreamName};
use rtp::Bitrate;
use shard::Command;
use signaling::dialect::headwater::{self, Error, Event, PeerName};

use super::link::Link;
use super::publishing::Publishing;
use super::refusal::gone;
use super::singles::Owner;
use super::telling::{EventBatch, Linked, Way, written};
use super::unified::UnifiedPeer;
use super::viewing::Viewing;
use super::{Control, State};

/// Whose sessions there are, and for what.
pub(super) type Sessions = BTreeMap<SessionId, (ParticipantKey, Purpose)>;

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// All streams of its participant, or all that this one is shown.
    All(PeerName),
    /// All streams of its participant, and all that this one is shown.
    Both,
    /// The one stream for which a dialect opened it.
    Single,
}

/// All participants with what belongs to them and not to their rooms.
#[derive(Debug)]
pub(super) struct Members {
    pub(super) rooms: Rooms,
    pub(super) all: BTreeMap<ParticipantKey, Member>,
    /// Who resumes with which secret.
    pub(super) secrets: BTreeMap<u128, ParticipantKey>,
    /// Whose session is whose.
    pub(super) sessions: Sessions,
    /// The streams that have a session of their own, and whose they are.
    pub(super) owners: BTreeMap<StreamName, Owner>,
    /// The streams in which somebody speaks, and how loudly.
    pub(super) audio_levels: BTreeMap<StreamName, u8>,
    /// Who is gone, and may not have seen why: who resumes is told. Oldest first.
    pub(super) ended: VecDeque<Ended>,
    /// Who may be to get an offer.
    pub(super) unsettled: BTreeSet<ParticipantKey>,
    pub(super) last_key: u64,
}

/// One participant.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) way: Way,
    /// What its program calls itself, for the log.
    pub(super) client: String,
    /// The peer of all that it publishes, when it came by a link.
    pub(super) publishing: Option<Publishing>,
    /// The peer of all that it is shown, likewise.
    pub(super) viewing: Option<Viewing>,
    /// The one peer for both, where its dialect has one.
    pub(super) unified: Option<Box<UnifiedPeer>>,
    /// Its sessions that were opened for one stream each.
    pub(super) singles: BTreeSet<SessionId>,
    /// Of its sessions.
    pub(super) quality: BTreeMap<SessionId, room::Quality>,
    /// What the path to it carries.
    pub(super) bandwidth: Option<Bitrate>,
}

/// A participation that is over.
#[derive(Debug)]
pub(super) struct Ended {
    at: Instant,
    key: ParticipantKey,
    secret: u128,
    received: u64,
    link: Arc<Link>,
}

/// How long somebody who is gone can learn why.
const ENDED_KEPT: Duration = Duration::from_secs(30);

/// How many of these are kept.
const ENDED_MAX: usize = 10_000;

impl Members {
    pub(super) fn new(limits: room::Limits) -> Self {
        Self {
            rooms: Rooms::new(limits),
            all: BTreeMap::new(),
            secrets: BTreeMap::new(),
            sessions: BTreeMap::new(),
            owners: BTreeMap::new(),
            audio_levels: BTreeMap::new(),
            ended: VecDeque::new(),
            unsettled: BTreeSet::new(),
            last_key: 0,
        }
    }

    pub(super) fn next_key(&mut self) -> ParticipantKey {
        self.last_key += 1;
        ParticipantKey(self.last_key)
    }

    /// Whose secret this is: also somebody's who is gone, and has yet to learn why.
    pub(super) fn find(&self, secret: u128) -> Option<(ParticipantKey, Arc<Link>, u64)> {
        if let Some(key) = self.secrets.get(&secret) {
            let linked = self.all.get(key)?.way.linked()?;
            return Some((*key, linked.link.clone(), linked.received));
        }
        let mut ended = self.ended.iter().rev();
        let ended = ended.find(|e| e.secret == secret && e.at.elapsed() <= ENDED_KEPT)?;
        Some((ended.key, ended.link.clone(), ended.received))
    }

    pub(super) fn member(&mut self, key: ParticipantKey) -> Result<&mut Member, Error> {
        self.all.get_mut(&key).ok_or_else(gone)
    }

    /// A participant that came by a link.
    pub(super) fn linked(&mut self, key: ParticipantKey) -> Option<&mut Linked> {
        self.all.get_mut(&key)?.way.linked_mut()
    }

    /// Who resumes from now on learns why it is gone.
    fn keep_ended(&mut self, key: ParticipantKey, linked: Linked) {
        self.secrets.remove(&linked.secret);
        linked.link.close();
        self.ended.push_back(Ended {
            at: Instant::now(),
            key,
            secret: linked.secret,
            received: linked.received,
            link: linked.link,
        });
        let is_old = |ended: &Ended| ended.at.elapsed() > ENDED_KEPT;
        while self.ended.len() > ENDED_MAX || self.ended.front().is_some_and(is_old) {
            self.ended.pop_front();
        }
    }

    /// Offers what has changed to those who have answered what was before.
    fn make_offers(&mut self) {
        for key in std::mem::take(&mut self.unsettled) {
            let Some(member) = self.all.get_mut(&key) else {
                continue;
            };
            if let Some(unified) = &mut member.unified {
                unified.offer();
            }
            if let Some(offer) = member.viewing.as_mut().and_then(Viewing::offer) {
                self.tell(key, offer);
            }
        }
    }

    /// Tells participants what happened. Who does not take it is ended.
    fn deliver(&mut self, to: &[ParticipantKey], events: &EventBatch) {
        let body = LazyCell::new(|| written(events));
        for key in to {
            let member = self.all.get_mut(key);
            if member.is_some_and(|member| member.way.tell(events, &body).is_err()) {
                self.rooms.leave(Instant::now(), *key, EndReason::Slow);
            }
        }
    }

    /// Sends a frame to one participant. Who has confirmed too little for it is ended. Returns
    /// whether that is so: then there is something to settle.
    pub(super) fn send(&mut self, key: ParticipantKey, body: &str) -> bool {
        let link = self.all.get(&key).and_then(|member| member.way.linked());
        let slow = link.is_some_and(|linked| linked.link.push(body).is_err());
        if slow {
            self.rooms.leave(Instant::now(), key, EndReason::Slow);
        }
        slow
    }

    /// Tells one participant about its peers; one that does not take it is found out at the next
    /// event.
    pub(super) fn tell(&self, key: ParticipantKey, event: Event) {
        let link = self.all.get(&key).and_then(|member| member.way.linked());
        if let Some(linked) = link
            && let Err(error) = linked.link.push(&headwater::events(&[event]))
        {
            tracing::debug!(?key, %error, "an event is lost");
        }
    }
}

impl Control {
    /// How many rooms and participants there are.
    pub(crate) fn rooms_count(&self) -> (usize, usize) {
        let state = self.state();
        let rooms = &state.members.rooms;
        (rooms.rooms().count(), rooms.len())
    }

    /// Time has come for something in a room.
    pub(super) fn rooms_timeout(&self) {
        let mut state = self.state();
        state.members.rooms.handle_timeout(Instant::now());
        self.settle(&mut state);
    }

    /// Carries out what the rooms want, and sends the offers that follow.
    pub(super) fn settle(&self, state: &mut State) {
        while let Some(output) = state.members.rooms.poll_output() {
            self.carry_out(state, output);
        }
        state.members.make_offers();
        self.shared.rooms_changed.notify_one();
    }

    fn carry_out(&self, state: &mut State, output: Output) {
        let now = Instant::now();
        match output {
            Output::Deliver { to, events } => state.members.deliver(&to, &events),
            Output::View {
                participant,
                stream,
                kind,
            } => self.view(state, participant, (stream, kind)),
            Output::Drop {
                participant,
                stream,
                kind,
            } => {
                if self.show_unified(state, participant, &(stream.clone(), kind), false) {
                    return;
                }
                let State {
                    registry, members, ..
                } = state;
                let member = members.all.get_mut(&participant);
                let Some(viewing) = member.and_then(|member| member.viewing.as_mut()) else {
                    return;
                };
                if let Some(command) = viewing.hide(now, &(stream.clone(), kind), registry) {
                    self.order(viewing.shard, command);
                }
                state.announce(&stream);
                state.members.unsettled.insert(participant);
            }
            Output::Adjust {
                participant,
                stream,
                kind,
                settings,
            } => {
                let members = &mut state.members;
                let member = members.all.get_mut(&participant);
                let Some(viewing) = member.and_then(|member| member.viewing.as_mut()) else {
                    return;
                };
                let published = members.rooms.stream(&stream);
                if let Some(command) = viewing.set_settings((stream, kind), settings, published) {
                    self.order(viewing.shard, command);
                }
            }
            Output::EndStream {
                participant,
                stream,
            } => {
                if state.members.audio_levels.remove(&stream).is_some() {
                    state.members.show_speakers(&RoomName::of(&stream));
                }
                self.end_stream(state, participant, &stream);
            }
            Output::EndParticipant { participant } => self.forget(state, participant),
            Output::Notice(notice) => self.noticed(state, &notice),
        }
    }

    /// A participation is over, and its last event is sent.
    fn forget(&self, state: &mut State, key: ParticipantKey) {
        let Some(member) = state.members.all.remove(&key) else {
            return;
        };
        state.members.unsettled.remove(&key);
        for session in member.sessions() {
            state.members.sessions.remove(&session);
            let Some(removed) = state.registry.remove(Instant::now(), session) else {
                continue;
            };
            self.order(removed.shard, Command::Close { session });
            for stream in removed.streams.keys() {
                state.announce(stream);
            }
        }
        if let Way::Link(linked) = member.way {
            state.members.keep_ended(key, linked);
        }
    }
}

impl Member {
    /// Who has just come.
    pub(super) fn new(way: Way, client: String) -> Self {
        Self {
            way,
            client,
            publishing: None,
            viewing: None,
            unified: None,
            singles: BTreeSet::new(),
            quality: BTreeMap::new(),
            bandwidth: None,
        }
    }

    /// All its sessions.
    fn sessions(&self) -> impl Iterator<Item = SessionId> {
        let publishing = self.publishing.iter().map(|p| p.session);
        let viewing = self.viewing.iter().map(|v| v.session);
        let unified = self.unified.iter().map(|c| c.session);
        publishing
            .chain(viewing)
            .chain(unified)
            .chain(self.singles.iter().copied())
    }
}

/// Milliseconds since 1970.
pub(crate) fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_millis() as u64
}
