//! Participants of rooms: what they ask for, and what follows from it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use broadcast::room::{self, EndReason, Output, ParticipantId, ParticipantKey, RoomName, Rooms};
use broadcast::{SessionId, StreamName};
use node::{Answered, Command};
use rtp::Bitrate;
use signaling::dialect::headwater::{
    self, Code, Error, Event, Join, Joined, PeerName, Resume, Resumed,
};
use tokio::sync::oneshot;

use super::link::{Link, Socket};
use super::publishing::Publishing;
use super::refusal::{gone, refused};
use super::viewing::Viewing;
use super::{Control, State, random};

/// Whose peers sessions are, and which.
pub(super) type Sessions = BTreeMap<SessionId, (ParticipantKey, PeerName)>;

/// All participants with what belongs to them and not to their rooms.
#[derive(Debug)]
pub(super) struct Members {
    pub(super) rooms: Rooms,
    pub(super) all: BTreeMap<ParticipantKey, Member>,
    /// Who resumes with which secret.
    pub(super) secrets: BTreeMap<u128, ParticipantKey>,
    /// Whose session is whose.
    pub(super) sessions: Sessions,
    /// Those whom the server made up, for streams that come by WHIP.
    pub(super) made_up: BTreeMap<StreamName, ParticipantKey>,
    /// The streams in which somebody speaks, and how loudly.
    pub(super) voices: BTreeMap<StreamName, u8>,
    /// Who is gone, and may not have seen why: who resumes is told. Oldest first.
    pub(super) ended: VecDeque<Ended>,
    /// Who waits for the answer to a further offer.
    pub(super) answers: BTreeMap<SessionId, oneshot::Sender<Result<Answered, String>>>,
    /// Who may be to get an offer.
    pub(super) unsettled: BTreeSet<ParticipantKey>,
    pub(super) last_key: u64,
}

/// One participant.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) link: Arc<Link>,
    pub(super) secret: u128,
    /// The highest id of a request.
    pub(super) received: u64,
    /// The id of the request that opened the present socket.
    pub(super) entered: u64,
    pub(super) publishing: Option<Publishing>,
    pub(super) viewing: Option<Viewing>,
    /// Of the two peers.
    pub(super) quality: BTreeMap<PeerName, room::Quality>,
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

/// Somebody has joined, or is back.
pub(crate) struct Entered {
    pub(crate) key: ParticipantKey,
    pub(crate) socket: Socket,
}

impl Members {
    pub(super) fn new(limits: room::Limits) -> Self {
        Self {
            rooms: Rooms::new(limits),
            all: BTreeMap::new(),
            secrets: BTreeMap::new(),
            sessions: BTreeMap::new(),
            made_up: BTreeMap::new(),
            voices: BTreeMap::new(),
            ended: VecDeque::new(),
            answers: BTreeMap::new(),
            unsettled: BTreeSet::new(),
            last_key: 0,
        }
    }

    pub(super) fn next_key(&mut self) -> ParticipantKey {
        self.last_key += 1;
        ParticipantKey(self.last_key)
    }

    /// Whose secret this is: also somebody's who is gone, and has yet to learn why.
    fn find(&self, secret: u128) -> Option<(ParticipantKey, Arc<Link>, u64)> {
        if let Some(key) = self.secrets.get(&secret) {
            let member = self.all.get(key)?;
            return Some((*key, member.link.clone(), member.received));
        }
        let mut ended = self.ended.iter().rev();
        let ended = ended.find(|e| e.secret == secret && e.at.elapsed() <= ENDED_KEPT)?;
        Some((ended.key, ended.link.clone(), ended.received))
    }

    pub(super) fn member(&mut self, key: ParticipantKey) -> Result<&mut Member, Error> {
        self.all.get_mut(&key).ok_or_else(gone)
    }

    /// Offers what has changed to those who have answered what was before.
    fn make_offers(&mut self) {
        for key in std::mem::take(&mut self.unsettled) {
            let member = self.all.get_mut(&key);
            let viewing = member.and_then(|member| member.viewing.as_mut());
            if let Some(offer) = viewing.and_then(Viewing::offer) {
                self.tell(key, offer);
            }
        }
    }

    /// Sends a frame to one participant. Who has confirmed too little for it is ended. Returns
    /// whether that is so: then there is something to settle.
    fn send(&mut self, key: ParticipantKey, body: &str) -> bool {
        let member = self.all.get(&key);
        let slow = member.is_some_and(|member| member.link.push(body).is_err());
        if slow {
            self.rooms.leave(Instant::now(), key, EndReason::Slow);
        }
        slow
    }

    /// Tells one participant; one that does not take it is found out at the next event.
    pub(super) fn tell(&self, key: ParticipantKey, event: Event) {
        if let Some(member) = self.all.get(&key)
            && let Err(error) = member.link.push(&headwater::events(&[event]))
        {
            tracing::debug!(?key, %error, "an event is lost");
        }
    }
}

impl Control {
    /// Lets somebody into a room. `id` is the request's, whose response is the first frame.
    pub(crate) fn join(
        &self,
        id: u64,
        join: &Join,
        ice_servers: Vec<headwater::IceServer>,
    ) -> Result<Entered, Error> {
        let room = join.room_name()?;
        let participant = join.participant_id()?.unwrap_or_else(random_id);
        let role = join.wanted_role();
        let mut state = self.state();
        if state.stopping {
            return Err(Error::new(Code::Busy, "the server is shutting down"));
        }
        let permitted = state.registry.check_role(role, join.token.as_deref());
        permitted.map_err(|error| refused("params.token", &error))?;
        let key = state.members.next_key();
        let joined = state.members.rooms.join(
            Instant::now(),
            room::Join {
                key,
                room,
                id: participant,
                name: join.name.clone(),
                metadata: join.metadata.clone().unwrap_or_default(),
                role,
                auto_subscribe: join.wants_all(),
                joined_at: wall_ms(),
            },
        )?;
        let secret = random::<16>();
        let link = Link::new();
        let result = Joined::new(format!("{secret:032x}"), &joined, ice_servers);
        let member = Member {
            link: link.clone(),
            secret,
            received: id,
            entered: id,
            publishing: None,
            viewing: None,
            quality: BTreeMap::new(),
            bandwidth: None,
        };
        state.members.all.insert(key, member);
        state.members.secrets.insert(secret, key);
        state.members.send(key, &headwater::responded(id, &result));
        self.settle(&mut state);
        tracing::info!(room = %joined.room.name, participant = %joined.participant.id, "joined");
        // Nothing was taken from it yet.
        let socket = link.attach(0).ok_or_else(gone)?;
        Ok(Entered { key, socket })
    }

    /// Goes on with a participation over a new socket.
    ///
    /// One that was delayed, so that a later one has come before it, is refused.
    pub(crate) fn resume(&self, id: u64, resume: &Resume) -> Result<(Entered, Resumed), Error> {
        let mut state = self.state();
        let secret = u128::from_str_radix(&resume.session, 16).map_err(|_| gone())?;
        let (key, link, received) = state.members.find(secret).ok_or_else(gone)?;
        if !link.continues(resume.seen) {
            return Err(gone());
        }
        if let Ok(member) = state.members.member(key) {
            if id < member.entered {
                let message = "a later resume has come before this one";
                return Err(Error::of("id", Code::Conflict, message));
            }
            member.entered = id;
        }
        let socket = link.attach(resume.seen).ok_or_else(gone)?;
        link.confirm(resume.seen);
        state.members.rooms.found(Instant::now(), key);
        self.settle(&mut state);
        Ok((Entered { key, socket }, Resumed { received }))
    }

    /// A participant's socket is gone.
    pub(crate) fn lost(&self, key: ParticipantKey) {
        let mut state = self.state();
        state.members.rooms.lost(Instant::now(), key);
        self.settle(&mut state);
    }

    /// Takes note of a request. One that came before, or out of order, is refused. False when
    /// a newer socket has the participant: who resumed was told that this request is to be sent
    /// again.
    pub(crate) fn received(
        &self,
        key: ParticipantKey,
        socket: &Socket,
        id: u64,
    ) -> Result<bool, Error> {
        let mut state = self.state();
        if !socket.is_present() {
            return Ok(false);
        }
        let member = state.members.member(key)?;
        if id <= member.received {
            let message = format!("ids count up: the last was {}", member.received);
            return Err(Error::of("id", Code::BadRequest, message));
        }
        member.received = id;
        Ok(true)
    }

    /// Sends the response to a request.
    pub(crate) fn respond(&self, key: ParticipantKey, body: &str) {
        let mut state = self.state();
        if state.members.send(key, body) {
            self.settle(&mut state);
        }
    }

    /// Does what a participant asks for in its room, sends the response that `call` returns, and
    /// then does what follows from it: that may be the end of the participation.
    pub(crate) fn in_room(
        &self,
        key: ParticipantKey,
        call: impl FnOnce(&mut Rooms, Instant) -> Result<String, Error>,
    ) -> Result<(), Error> {
        let mut state = self.state();
        state.members.member(key)?;
        let response = call(&mut state.members.rooms, Instant::now())?;
        state.members.send(key, &response);
        self.settle(&mut state);
        Ok(())
    }

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
            Output::Deliver { to, events } => {
                let events: Vec<Event> = events.iter().map(Event::from).collect();
                let is_last = matches!(events.last(), Some(Event::Ended { .. }));
                let body = headwater::events(&events);
                for key in to {
                    if !is_last {
                        state.members.send(key, &body);
                    } else if let Some(member) = state.members.all.get(&key) {
                        member.link.push_last(&body);
                    }
                }
            }
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
                wish,
            } => {
                let members = &mut state.members;
                let member = members.all.get_mut(&participant);
                let Some(viewing) = member.and_then(|member| member.viewing.as_mut()) else {
                    return;
                };
                let published = members.rooms.stream(&stream);
                if let Some(command) = viewing.wish((stream, kind), wish, published) {
                    self.order(viewing.shard, command);
                }
            }
            Output::EndStream {
                participant,
                stream,
            } => {
                if state.members.voices.remove(&stream).is_some() {
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
        state.members.secrets.remove(&member.secret);
        state.members.unsettled.remove(&key);
        for peer in [PeerName::Publish, PeerName::View] {
            if let Some((session, shard)) = member.session(peer) {
                state.members.sessions.remove(&session);
                state.members.answers.remove(&session);
                let removed = state.registry.remove(Instant::now(), session);
                self.order(shard, Command::Close { session });
                for stream in removed.into_iter().flat_map(|removed| removed.streams) {
                    state.announce(&stream);
                }
            }
        }
        member.link.close();
        let ended = &mut state.members.ended;
        ended.push_back(Ended {
            at: Instant::now(),
            key,
            secret: member.secret,
            received: member.received,
            link: member.link,
        });
        let is_old = |ended: &Ended| ended.at.elapsed() > ENDED_KEPT;
        while ended.len() > ENDED_MAX || ended.front().is_some_and(is_old) {
            ended.pop_front();
        }
    }
}

impl Member {
    /// Where a peer is; `None` when there is none.
    pub(super) fn session(&self, peer: PeerName) -> Option<(SessionId, usize)> {
        match peer {
            PeerName::Publish => self.publishing.as_ref().map(|p| (p.session, p.shard)),
            PeerName::View => self.viewing.as_ref().map(|v| (v.session, v.shard)),
        }
    }
}

/// An id for who did not bring one.
fn random_id() -> ParticipantId {
    let id = format!("{:08x}", random::<4>());
    ParticipantId::new(&id).expect("hexadecimal digits are allowed")
}

/// Milliseconds since 1970.
pub(crate) fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_millis() as u64
}
