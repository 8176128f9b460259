//! Participants of rooms: what they ask for, and what follows from it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use broadcast::room::{self, EndReason, Output, ParticipantId, ParticipantKey, RoomName, Rooms};
use broadcast::{IceFragment, OpenError, Role, SessionId, StreamName};
use node::{Answered, Command, Source, StreamId};
use rtc::Peer;
use rtp::Kind;
use signaling::dialect::headwater::{
    self, Answer, Code, Error, Event, Join, Joined, PeerName, Publish, Published, Resume, Resumed,
};
use tokio::sync::oneshot;

use super::link::{Link, Socket};
use super::viewing::{self, Viewing};
use super::{Control, ESTIMATE_INITIAL, SHARD_TIMEOUT, State, random};

/// All participants with what belongs to them and not to their rooms.
#[derive(Debug)]
pub(super) struct Members {
    pub(super) rooms: Rooms,
    all: BTreeMap<ParticipantKey, Member>,
    /// Who resumes with which secret.
    secrets: BTreeMap<u128, ParticipantKey>,
    /// Whose session is whose.
    sessions: BTreeMap<SessionId, (ParticipantKey, PeerName)>,
    /// Those whom the server made up, for streams that come by WHIP.
    made_up: BTreeMap<StreamName, ParticipantKey>,
    /// Who is gone, and may not have seen why: who resumes is told. Oldest first.
    ended: VecDeque<Ended>,
    /// Who waits for the answer to a further offer.
    answers: BTreeMap<SessionId, oneshot::Sender<Result<Answered, String>>>,
    /// Who may be to get an offer.
    unsettled: BTreeSet<ParticipantKey>,
    last_key: u64,
}

#[derive(Debug)]
struct Member {
    link: Arc<Link>,
    secret: u128,
    /// The highest id of a request.
    received: u64,
    publishing: Option<Publishing>,
    viewing: Option<Viewing>,
}

/// A publishing peer: the participant offers, the server answers.
#[derive(Debug)]
struct Publishing {
    session: SessionId,
    shard: usize,
    /// The m-lines of each stream, by `a=mid`.
    streams: BTreeMap<StreamName, Vec<String>>,
}

/// A participation that is over.
#[derive(Debug)]
struct Ended {
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
            ended: VecDeque::new(),
            answers: BTreeMap::new(),
            unsettled: BTreeSet::new(),
            last_key: 0,
        }
    }

    fn next_key(&mut self) -> ParticipantKey {
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

    fn member(&mut self, key: ParticipantKey) -> Result<&mut Member, Error> {
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

    /// Tells one participant; one that does not take it is found out at the next event.
    fn tell(&self, key: ParticipantKey, event: Event) {
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
        let pushed = link.push(&headwater::responded(id, &result));
        let member = Member {
            link: link.clone(),
            secret,
            received: id,
            publishing: None,
            viewing: None,
        };
        state.members.all.insert(key, member);
        state.members.secrets.insert(secret, key);
        if pushed.is_err() {
            state
                .members
                .rooms
                .leave(Instant::now(), key, EndReason::Slow);
        }
        self.settle(&mut state);
        tracing::info!(room = %joined.room.name, participant = %joined.participant.id, "joined");
        // Nothing was taken from it yet.
        let socket = link.attach(0).ok_or_else(gone)?;
        Ok(Entered { key, socket })
    }

    /// Goes on with a participation over a new socket.
    pub(crate) fn resume(&self, resume: &Resume) -> Result<(Entered, Resumed), Error> {
        let mut state = self.state();
        let secret = u128::from_str_radix(&resume.session, 16).map_err(|_| gone())?;
        let (key, link, received) = state.members.find(secret).ok_or_else(gone)?;
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

    /// Takes note of a request. One that came before, or out of order, is refused.
    pub(crate) fn received(&self, key: ParticipantKey, id: u64) -> Result<(), Error> {
        let mut state = self.state();
        let member = state.members.member(key)?;
        if id <= member.received {
            let message = format!("ids count up: the last was {}", member.received);
            return Err(Error::of("id", Code::BadRequest, message));
        }
        member.received = id;
        Ok(())
    }

    /// Sends the response to a request.
    pub(crate) fn respond(&self, key: ParticipantKey, body: &str) {
        let mut state = self.state();
        let Ok(member) = state.members.member(key) else {
            return;
        };
        if member.link.push(body).is_err() {
            let now = Instant::now();
            state.members.rooms.leave(now, key, EndReason::Slow);
            self.settle(&mut state);
        }
    }

    /// Does something in the participant's room, and what follows from it.
    pub(crate) fn in_room<T>(
        &self,
        call: impl FnOnce(&mut Rooms, Instant) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut state = self.state();
        let result = call(&mut state.members.rooms, Instant::now());
        self.settle(&mut state);
        result
    }

    /// Begins a stream, or changes it.
    pub(crate) async fn publish(
        &self,
        key: ParticipantKey,
        publish: Publish,
    ) -> Result<Published, Error> {
        let lines = offered(&publish)?;
        let (name, shard) = {
            let state = self.state();
            let name = state.stream_name(key, publish.label.as_deref())?;
            let member = state.members.all.get(&key).ok_or_else(gone)?;
            let shard = member
                .publishing
                .as_ref()
                .map(|publishing| publishing.shard);
            (name, shard)
        };
        let mids: Vec<String> = publish.tracks.iter().map(|t| t.mid.clone()).collect();
        let sdp = match shard {
            None => self.publish_first(key, &name, mids, &publish.sdp).await?,
            Some(shard) => {
                self.publish_more(key, &name, mids, shard, publish.sdp.clone())
                    .await?
            }
        };
        let tracks = publish.tracks.iter().zip(lines);
        let tracks = tracks.map(|(track, kind)| track.track(kind)).collect();
        let mut state = self.state();
        let (rooms, now) = (&mut state.members.rooms, Instant::now());
        let published = rooms.publish(now, key, name.clone(), publish.label, tracks);
        if let Err(error) = published {
            self.end_stream(&mut state, key, &name);
            return Err(error.into());
        }
        self.settle(&mut state);
        let stream = name.to_string();
        Ok(Published { stream, sdp })
    }

    /// The first offer makes the peer.
    async fn publish_first(
        &self,
        key: ParticipantKey,
        name: &StreamName,
        mids: Vec<String>,
        offer: &str,
    ) -> Result<String, Error> {
        let shard = self.state().registry.place(Role::Publisher, name);
        let (config, offer) = (self.rtc_config(shard), offer.to_owned());
        // An offer takes a millisecond of parsing: neither on this thread nor under the lock.
        let answered = tokio::task::spawn_blocking(move || {
            Peer::answer_publisher(&config, &offer, Instant::now())
        });
        let answered = answered.await.map_err(|_| busy())?;
        let (peer, sdp) = answered
            .map_err(|error| Error::of("params.sdp", Code::BadRequest, error.to_string()))?;
        let session = SessionId(random::<16>());
        let answered = Answered::new(sdp, &peer);
        let mut state = self.state();
        // It may have left, or published by another request, meanwhile.
        if state.members.member(key)?.publishing.is_some() {
            return Err(busy());
        }
        let opened = state.registry.open_in_room(session, Role::Publisher, shard);
        opened.map_err(|error| refused("params", &error))?;
        let publishing = Publishing {
            session,
            shard,
            streams: BTreeMap::from([(name.clone(), mids)]),
        };
        if let Err(error) = self.take_stream(&mut state, &publishing, name, &answered) {
            state.registry.remove(Instant::now(), session);
            return Err(error);
        }
        let command = Command::Publish {
            session,
            sources: state.sources(&publishing),
            peer: Box::new(peer),
        };
        if self.shared.shards.send(shard, command).is_err() {
            state.registry.remove(Instant::now(), session);
            return Err(busy());
        }
        let sessions = &mut state.members.sessions;
        sessions.insert(session, (key, PeerName::Publish));
        state.members.member(key)?.publishing = Some(publishing);
        Ok(answered.sdp)
    }

    /// Further offers go to the peer on its shard.
    async fn publish_more(
        &self,
        key: ParticipantKey,
        name: &StreamName,
        mids: Vec<String>,
        shard: usize,
        offer: String,
    ) -> Result<String, Error> {
        let (session, before, receiver) = {
            let mut state = self.state();
            let member = state.members.member(key)?;
            let publishing = member.publishing.as_mut().ok_or_else(busy)?;
            let (session, before) = (publishing.session, publishing.streams.clone());
            let mut streams = before.clone();
            // A line belongs to one stream.
            for others in streams.values_mut() {
                others.retain(|mid| !mids.contains(mid));
            }
            streams.insert(name.clone(), mids);
            let wanted = Publishing {
                session,
                shard,
                streams,
            };
            self.take_stream(
                &mut state,
                &wanted,
                name,
                &Answered {
                    sdp: String::new(),
                    formats: Vec::new(),
                },
            )?;
            let receiver = self.offer_again(&mut state, &wanted, offer)?;
            state.members.member(key)?.publishing = Some(wanted);
            (session, before, receiver)
        };
        let answered = self.answered(session, receiver).await;
        let mut state = self.state();
        match answered {
            Ok(answered) => {
                let formats = formats(&answered, state.mids(key, name));
                let registered = state
                    .registry
                    .publish(Instant::now(), session, name, formats);
                registered.map_err(|error| refused("params.label", &error))?;
                Ok(answered.sdp)
            }
            Err(error) => {
                if !before.contains_key(name) {
                    self.end_stream(&mut state, key, name);
                }
                // As it was; the shard has changed nothing.
                if let Some(publishing) = &mut state.members.member(key)?.publishing {
                    publishing.streams = before;
                }
                Err(error)
            }
        }
    }

    /// Gives an offer to the peer of a publisher. What is returned gets the answer.
    fn offer_again(
        &self,
        state: &mut State,
        publishing: &Publishing,
        offer: String,
    ) -> Result<oneshot::Receiver<Result<Answered, String>>, Error> {
        let command = Command::Republish {
            session: publishing.session,
            offer: Some(offer),
            sources: state.sources(publishing),
        };
        let (sender, receiver) = oneshot::channel();
        state.members.answers.insert(publishing.session, sender);
        let sent = self.shared.shards.send(publishing.shard, command);
        sent.map_err(|_| busy())?;
        Ok(receiver)
    }

    async fn answered(
        &self,
        session: SessionId,
        receiver: oneshot::Receiver<Result<Answered, String>>,
    ) -> Result<Answered, Error> {
        let Ok(Ok(answered)) = tokio::time::timeout(SHARD_TIMEOUT, receiver).await else {
            self.state().members.answers.remove(&session);
            return Err(busy());
        };
        answered.map_err(|error| Error::of("params.sdp", Code::BadRequest, error))
    }

    /// The registry learns that a session publishes a stream; its viewers follow.
    fn take_stream(
        &self,
        state: &mut State,
        publishing: &Publishing,
        name: &StreamName,
        answered: &Answered,
    ) -> Result<(), Error> {
        let mids = publishing.streams.get(name).cloned().unwrap_or_default();
        let formats = formats(answered, mids);
        let admitted = state
            .registry
            .publish(Instant::now(), publishing.session, name, formats)
            .map_err(|error| refused("params.label", &error))?;
        if admitted.moved {
            let (stream, home) = (StreamId(admitted.stream), admitted.home);
            for shard in 0..self.shared.shards.count() {
                self.order(shard, Command::Rehome { stream, home });
            }
        }
        Ok(())
    }

    /// A participant's stream is over: nothing of it is taken any more.
    fn end_stream(&self, state: &mut State, key: ParticipantKey, name: &StreamName) {
        let now = Instant::now();
        if let Some(made_up) = state.members.made_up.get(name)
            && *made_up == key
        {
            return;
        }
        let Ok(member) = state.members.member(key) else {
            return;
        };
        let Some(publishing) = &mut member.publishing else {
            return;
        };
        if publishing.streams.remove(name).is_none() {
            return;
        }
        let (session, shard) = (publishing.session, publishing.shard);
        state.registry.detach(now, session, name);
        let publishing = state
            .members
            .all
            .get(&key)
            .and_then(|m| m.publishing.as_ref());
        let sources = publishing.map(|publishing| state.sources(publishing));
        let command = Command::Republish {
            session,
            offer: None,
            sources: sources.unwrap_or_default(),
        };
        self.order(shard, command);
        state.announce(name);
    }

    /// Takes the answer to an offer of the viewing peer.
    pub(crate) fn answer_viewing(&self, key: ParticipantKey, answer: &Answer) -> Result<(), Error> {
        let mut state = self.state();
        let State {
            registry, members, ..
        } = &mut *state;
        let member = members.all.get_mut(&key).ok_or_else(gone)?;
        let viewing = member.viewing.as_mut();
        let viewing = viewing.filter(|viewing| viewing.number() == answer.offer);
        let viewing = viewing.ok_or_else(|| {
            let message = "no offer of this number waits for an answer";
            Error::of("params.offer", Code::NotFound, message)
        })?;
        let rooms = &members.rooms;
        let commands = viewing
            .answer(&answer.sdp, registry, |stream| rooms.stream(stream))
            .map_err(|error| Error::of("params.sdp", Code::BadRequest, error.to_string()))?;
        let shard = viewing.shard;
        for command in commands {
            self.shared
                .shards
                .send(shard, command)
                .map_err(|_| busy())?;
        }
        members.unsettled.insert(key);
        self.settle(&mut state);
        Ok(())
    }

    /// Candidates of a participant.
    pub(crate) fn trickle_of(
        &self,
        key: ParticipantKey,
        peer: PeerName,
        candidates: Vec<String>,
    ) -> Result<(), Error> {
        let mut state = self.state();
        // Before the first answer there is no peer yet; the server learns from checks.
        let Some((session, shard)) = state.members.member(key)?.session(peer) else {
            return Ok(());
        };
        let fragment = IceFragment {
            candidates,
            ..IceFragment::default()
        };
        let command = Command::Trickle { session, fragment };
        self.shared.shards.send(shard, command).map_err(|_| busy())
    }

    /// ICE of the viewing peer begins anew: an offer follows.
    pub(crate) fn restart_viewing(&self, key: ParticipantKey) -> Result<(), Error> {
        let mut state = self.state();
        if let Some(viewing) = &mut state.members.member(key)?.viewing {
            viewing.restart();
            state.members.unsettled.insert(key);
        }
        self.settle(&mut state);
        Ok(())
    }

    /// ICE of the publishing peer begins anew, by an offer of the participant.
    pub(crate) async fn restart_publishing(
        &self,
        key: ParticipantKey,
        offer: String,
    ) -> Result<String, Error> {
        let (session, receiver) = {
            let mut state = self.state();
            let member = state.members.member(key)?;
            let publishing = member.publishing.as_ref().ok_or_else(|| {
                let message = "nothing is published: publish anew";
                Error::of("params.peer", Code::NotFound, message)
            })?;
            let wanted = Publishing {
                session: publishing.session,
                shard: publishing.shard,
                streams: publishing.streams.clone(),
            };
            let receiver = self.offer_again(&mut state, &wanted, offer)?;
            (wanted.session, receiver)
        };
        Ok(self.answered(session, receiver).await?.sdp)
    }

    /// What the server measures of a participant's media.
    pub(crate) fn stats_of(&self, key: ParticipantKey) -> Result<headwater::Stats, Error> {
        let mut state = self.state();
        let member = state.members.member(key)?;
        let streams = member.publishing.iter().flat_map(|p| p.streams.keys());
        let streams: Vec<StreamName> = streams.cloned().collect();
        let mut published = Vec::new();
        for stream in streams {
            let status = state.registry.status(&stream).unwrap_or_default();
            for track in status.tracks {
                let stats = |layer: broadcast::LayerStatus| headwater::TrackStats {
                    stream: stream.to_string(),
                    kind: track.kind.into(),
                    rid: layer.rid,
                    bitrate: layer.bitrate,
                };
                published.extend(track.layers.into_iter().map(stats));
            }
        }
        Ok(headwater::Stats {
            bandwidth: None,
            published,
        })
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
        let mut slow = Vec::new();
        loop {
            while let Some(output) = state.members.rooms.poll_output() {
                self.carry_out(state, output, &mut slow);
            }
            let Some(key) = slow.pop() else {
                break;
            };
            let now = Instant::now();
            state.members.rooms.leave(now, key, EndReason::Slow);
        }
        state.members.make_offers();
        self.shared.rooms_changed.notify_one();
    }

    fn carry_out(&self, state: &mut State, output: Output, slow: &mut Vec<ParticipantKey>) {
        let now = Instant::now();
        match output {
            Output::Deliver { to, events } => {
                let events: Vec<Event> = events.iter().map(Event::from).collect();
                let body = headwater::events(&events);
                for key in to {
                    if let Some(member) = state.members.all.get(&key)
                        && member.link.push(&body).is_err()
                    {
                        slow.push(key);
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
            } => self.end_stream(state, participant, &stream),
            Output::EndParticipant { participant } => self.forget(state, participant),
            Output::Notice(notice) => self.noticed(state, &notice),
        }
    }

    fn view(&self, state: &mut State, key: ParticipantKey, viewed: viewing::Viewed) {
        let now = Instant::now();
        let State {
            registry, members, ..
        } = state;
        let Some(member) = members.all.get_mut(&key) else {
            return;
        };
        if member.viewing.is_none() {
            let Some(viewing) = self.new_viewing(registry, 0) else {
                return;
            };
            let sessions = &mut members.sessions;
            sessions.insert(viewing.session, (key, PeerName::View));
            member.viewing = Some(viewing);
        }
        if let Some(viewing) = &mut member.viewing {
            let stream = viewed.0.clone();
            viewing.view(now, viewed, registry);
            members.unsettled.insert(key);
            state.announce(&stream);
        }
    }

    /// A viewing peer; `None` when there is no room for it.
    fn new_viewing(
        &self,
        registry: &mut broadcast::registry::Registry,
        number: u32,
    ) -> Option<Viewing> {
        let (session, shard) = (SessionId(random::<16>()), registry.place_in_room());
        if let Err(error) = registry.open_in_room(session, Role::Viewer, shard) {
            viewing::refused(&error);
            return None;
        }
        let config = self.rtc_config(shard);
        Some(Viewing::new(
            session,
            shard,
            &config,
            ESTIMATE_INITIAL,
            number,
        ))
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

    /// A shard has ended a session of a participant, which may make it anew.
    pub(super) fn peer_ended(&self, state: &mut State, session: SessionId) {
        let Some((key, peer)) = state.members.sessions.remove(&session) else {
            return;
        };
        state.members.tell(key, Event::PeerLost { peer });
        let State {
            registry, members, ..
        } = state;
        let Some(member) = members.all.get_mut(&key) else {
            return;
        };
        match peer {
            PeerName::Publish => member.publishing = None,
            PeerName::View => {
                let Some(old) = member.viewing.take() else {
                    return;
                };
                let Some(mut viewing) = self.new_viewing(registry, old.number()) else {
                    return;
                };
                for viewed in old.viewed() {
                    viewing.view(Instant::now(), viewed.clone(), registry);
                }
                for (viewed, wish) in old.wishes() {
                    let published = members.rooms.stream(&viewed.0);
                    viewing.wish(viewed.clone(), *wish, published);
                }
                let sessions = &mut members.sessions;
                sessions.insert(viewing.session, (key, PeerName::View));
                member.viewing = Some(viewing);
                members.unsettled.insert(key);
            }
        }
        self.settle(state);
    }

    /// A publisher's peer has answered a further offer.
    pub(super) fn peer_answered(&self, session: SessionId, answer: Result<Answered, String>) {
        if let Some(waiting) = self.state().members.answers.remove(&session)
            && waiting.send(answer).is_err()
        {
            tracing::debug!(?session, "nobody waits for this answer any more");
        }
    }
}

impl State {
    /// The lines of a publisher with the ids of their streams.
    fn sources(&self, publishing: &Publishing) -> Vec<Source> {
        let streams = publishing.streams.iter();
        let sources = streams.filter_map(|(name, mids)| {
            let (id, _) = self.registry.whereabouts(name)?;
            Some(mids.iter().map(move |mid| Source {
                mid: mid.clone(),
                stream: StreamId(id),
            }))
        });
        sources.flatten().collect()
    }

    fn mids(&self, key: ParticipantKey, name: &StreamName) -> Vec<String> {
        let member = self.members.all.get(&key);
        let publishing = member.and_then(|member| member.publishing.as_ref());
        let mids = publishing.and_then(|publishing| publishing.streams.get(name));
        mids.cloned().unwrap_or_default()
    }

    /// What a participant's stream is called.
    fn stream_name(&self, key: ParticipantKey, label: Option<&str>) -> Result<StreamName, Error> {
        let rooms = &self.members.rooms;
        let (room, participant) = (rooms.room_of(key), rooms.participant(key));
        let (room, participant) = room.zip(participant).ok_or_else(gone)?;
        if !participant.role.may_publish() {
            let message = "this role does not publish: join as publisher or host";
            return Err(Error::new(Code::Forbidden, message));
        }
        let name = match label {
            None => format!("{room}/{}", participant.id),
            Some(label) => format!("{room}/{}~{label}", participant.id),
        };
        StreamName::new(&name)
            .map_err(|error| Error::of("params.label", Code::BadRequest, error.to_string()))
    }

    /// Tells a participant which layer it gets. Returns whether the session is a participant's.
    pub(super) fn tell_layer(&self, session: SessionId, stream: StreamId, rid: &str) -> bool {
        let Some((key, _)) = self.members.sessions.get(&session) else {
            return false;
        };
        if let Some(stream) = self.registry.name(stream.0) {
            let event = Event::Layer {
                stream: stream.to_string(),
                rid: rid.to_owned(),
            };
            self.members.tell(*key, event);
        }
        true
    }

    /// A stream that came by WHIP is in its room, of a participant that the server makes up.
    pub(super) fn enter_made_up(&mut self, name: &StreamName) -> Result<(), OpenError> {
        if self.members.made_up.contains_key(name) {
            return Ok(());
        }
        let now = Instant::now();
        let key = self.members.next_key();
        let join = room::Join {
            key,
            room: RoomName::of(name),
            id: ParticipantId::made_up("whip", name),
            name: name.as_str().rsplit('/').next().map(str::to_owned),
            metadata: String::new(),
            role: room::Role::Publisher,
            auto_subscribe: false,
            joined_at: wall_ms(),
        };
        let rooms = &mut self.members.rooms;
        rooms.join(now, join).map_err(|error| not_entered(&error))?;
        let published = rooms.publish(now, key, name.clone(), None, Vec::new());
        if let Err(error) = published {
            rooms.leave(now, key, EndReason::Left);
            return Err(OpenError::Refused(error.to_string()));
        }
        self.members.made_up.insert(name.clone(), key);
        Ok(())
    }

    /// A stream that came by WHIP is over.
    pub(super) fn leave_made_up(&mut self, name: &StreamName) {
        if let Some(key) = self.members.made_up.remove(name) {
            let now = Instant::now();
            self.members.rooms.leave(now, key, EndReason::Left);
        }
    }
}

impl Member {
    /// Where a peer is; `None` when there is none.
    fn session(&self, peer: PeerName) -> Option<(SessionId, usize)> {
        match peer {
            PeerName::Publish => self.publishing.as_ref().map(|p| (p.session, p.shard)),
            PeerName::View => self.viewing.as_ref().map(|v| (v.session, v.shard)),
        }
    }
}

/// The kinds of the tracks that are published, in their order.
fn offered(publish: &Publish) -> Result<Vec<Kind>, Error> {
    let lines = rtc::lines(&publish.sdp);
    let mut kinds = Vec::new();
    for (index, track) in publish.tracks.iter().enumerate() {
        let field = format!("params.tracks[{index}].mid");
        let line = lines.iter().find(|(mid, _)| *mid == track.mid);
        let Some((_, kind)) = line else {
            let message = format!("the offer has no m-line with a=mid:{}", track.mid);
            return Err(Error::of(&field, Code::BadRequest, message));
        };
        if kinds.contains(kind) {
            let message = format!("a stream has one {kind} track: use another label for this one");
            return Err(Error::of(&field, Code::BadRequest, message));
        }
        kinds.push(*kind);
    }
    if kinds.is_empty() {
        let message = "a stream has at least one track";
        return Err(Error::of("params.tracks", Code::BadRequest, message));
    }
    Ok(kinds)
}

/// What the video among these lines may come in.
fn formats(answered: &Answered, mids: Vec<String>) -> Vec<rtp::Format> {
    let lines = answered.formats.iter();
    let own = lines.filter(|(mid, _)| mids.contains(mid));
    let formats = own.flat_map(|(_, formats)| formats.iter().copied());
    formats
        .filter(|format| format.codec.kind() == Kind::Video)
        .collect()
}

fn not_entered(error: &room::JoinError) -> OpenError {
    match error {
        room::JoinError::Full { limit } => OpenError::Full {
            limit,
            retry_after: Duration::from_secs(5),
        },
        error => OpenError::Refused(error.to_string()),
    }
}

fn refused(field: &str, error: &OpenError) -> Error {
    let message = error.to_string();
    match error {
        OpenError::TokenMissing => Error::of(field, Code::TokenMissing, message),
        OpenError::TokenWrong => Error::of(field, Code::TokenWrong, message),
        OpenError::AlreadyLive => Error::of(field, Code::Conflict, message),
        OpenError::Full { .. } => Error::new(Code::LimitReached, message),
        OpenError::Stopping => Error::new(Code::Busy, message),
        _ => Error::of(field, Code::BadRequest, message),
    }
}

fn gone() -> Error {
    Error::new(Code::SessionGone, "the participation has ended: join anew")
}

fn busy() -> Error {
    Error::new(Code::Busy, "the server is busy: try again")
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
