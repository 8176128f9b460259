//! What participants publish: they offer, the server answers.

use std::collections::BTreeMap;
use std::time::Instant;

use broadcast::room::{Declared, ParticipantKey};
use broadcast::{OpenError, Role, SessionId, StreamName};
use node::{Answered, Command, Source, StreamId};
use rtc::Peer;
use rtp::Kind;
use signaling::dialect::headwater::{Code, Error, PeerName, Publish, Published};
use tokio::sync::oneshot;

use super::members::Purpose;
use super::refusal::{busy, gone, refused};
use super::{Control, State, random};

/// A publishing peer: the participant offers, the server answers.
#[derive(Debug, Clone)]
pub(super) struct Publishing {
    pub(super) session: SessionId,
    pub(super) shard: usize,
    /// The m-lines of each stream, by `a=mid`.
    pub(super) streams: BTreeMap<StreamName, Vec<String>>,
}

impl Publishing {
    /// The m-lines, each with its stream.
    fn mids(&self) -> impl Iterator<Item = (&StreamName, &str)> {
        let streams = self.streams.iter();
        streams.flat_map(|(name, mids)| mids.iter().map(move |mid| (name, mid.as_str())))
    }
}

impl Control {
    /// Begins a stream, or changes it.
    pub(crate) async fn publish(
        &self,
        key: ParticipantKey,
        publish: Publish,
    ) -> Result<Published, Error> {
        let lines = offered(&publish)?;
        let (name, publishes) = {
            let state = self.state();
            let name = state.stream_name(key, publish.label.as_deref())?;
            let member = state.members.all.get(&key).ok_or_else(gone)?;
            (name, member.publishing.is_some())
        };
        let mids = publish.tracks.iter().map(|track| track.mid.clone());
        let (mids, offer) = (mids.collect(), publish.sdp);
        let sdp = if publishes {
            self.publish_more(key, &name, mids, offer).await?
        } else {
            self.publish_first(key, &name, mids, offer).await?
        };
        let tracks = publish.tracks.iter().zip(lines);
        let tracks = tracks.map(|(track, kind)| track.track(kind)).collect();
        let mut state = self.state();
        let (rooms, now) = (&mut state.members.rooms, Instant::now());
        let declared = Declared {
            label: publish.label,
            metadata: String::new(),
            tracks,
        };
        let published = rooms.publish(now, key, name.clone(), declared);
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
        offer: String,
    ) -> Result<String, Error> {
        let shard = self.state().registry.place(Role::Publisher, name);
        let config = self.rtc_config(shard);
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
        let formats = formats(&answered, &mids);
        let publishing = Publishing {
            session,
            shard,
            streams: BTreeMap::from([(name.clone(), mids)]),
        };
        if let Err(error) = self.take_stream(&mut state, session, name, formats) {
            state.registry.remove(Instant::now(), session);
            return Err(error);
        }
        let command = Command::Publish {
            session,
            sources: state.sources(publishing.mids()),
            peer: Box::new(peer),
        };
        if self.shared.shards.send(shard, command).is_err() {
            state.registry.remove(Instant::now(), session);
            return Err(busy());
        }
        let sessions = &mut state.members.sessions;
        sessions.insert(session, (key, Purpose::All(PeerName::Publish)));
        state.members.member(key)?.publishing = Some(publishing);
        Ok(answered.sdp)
    }

    /// Further offers go to the peer on its shard.
    async fn publish_more(
        &self,
        key: ParticipantKey,
        name: &StreamName,
        mids: Vec<String>,
        offer: String,
    ) -> Result<String, Error> {
        let (session, before, receiver) = {
            let mut state = self.state();
            let member = state.members.member(key)?;
            let mut wanted = member.publishing.clone().ok_or_else(busy)?;
            let (session, before) = (wanted.session, wanted.streams.clone());
            // A line belongs to one stream.
            for others in wanted.streams.values_mut() {
                others.retain(|mid| !mids.contains(mid));
            }
            wanted.streams.insert(name.clone(), mids.clone());
            // In what it comes the answer will tell.
            self.take_stream(&mut state, session, name, Vec::new())?;
            let receiver = self.offer_again(&mut state, &wanted, offer)?;
            state.members.member(key)?.publishing = Some(wanted);
            (session, before, receiver)
        };
        let answered = self.answered(session, receiver).await;
        let mut state = self.state();
        match answered {
            Ok(answered) => {
                let formats = formats(&answered, &mids);
                self.take_stream(&mut state, session, name, formats)?;
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
        let place = (publishing.session, publishing.shard);
        let sources = state.sources(publishing.mids());
        let asked = self.ask_shard(state, place, offer, sources);
        asked.ok_or_else(busy)
    }

    async fn answered(
        &self,
        session: SessionId,
        receiver: oneshot::Receiver<Result<Answered, String>>,
    ) -> Result<Answered, Error> {
        let answered = self.shard_answered(session, receiver).await;
        let answered = answered.ok_or_else(busy)?;
        answered.map_err(|error| Error::of("params.sdp", Code::BadRequest, error))
    }

    /// The registry learns that a session publishes a stream; its viewers follow.
    fn take_stream(
        &self,
        state: &mut State,
        session: SessionId,
        name: &StreamName,
        formats: Vec<rtp::Format>,
    ) -> Result<(), Error> {
        let attached = self.attach(state, session, name, formats);
        attached.map_err(|error| refused("params.label", &error))
    }

    /// The same, for every dialect.
    pub(super) fn attach(
        &self,
        state: &mut State,
        session: SessionId,
        name: &StreamName,
        formats: Vec<rtp::Format>,
    ) -> Result<(), OpenError> {
        let now = Instant::now();
        let admitted = state.registry.publish(now, session, name, formats)?;
        if admitted.moved {
            let (stream, home) = (StreamId(admitted.stream), admitted.home);
            for shard in 0..self.shared.shards.count() {
                self.order(shard, Command::Rehome { stream, home });
            }
        }
        Ok(())
    }

    /// A participant's stream is over: nothing of it is taken any more.
    pub(super) fn end_stream(&self, state: &mut State, key: ParticipantKey, name: &StreamName) {
        if self.end_conversed(state, key, name) {
            return;
        }
        let now = Instant::now();
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
        let sources = publishing.map(|publishing| state.sources(publishing.mids()));
        let command = Command::Republish {
            session,
            offer: None,
            sources: sources.unwrap_or_default(),
        };
        self.order(shard, command);
        state.announce(name);
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
            let (session, publishing) = (publishing.session, publishing.clone());
            let receiver = self.offer_again(&mut state, &publishing, offer)?;
            (session, receiver)
        };
        Ok(self.answered(session, receiver).await?.sdp)
    }
}

impl State {
    /// The lines of a publisher, each with the id of its stream.
    pub(super) fn sources<'a>(
        &self,
        lines: impl Iterator<Item = (&'a StreamName, &'a str)>,
    ) -> Vec<Source> {
        let source = |(name, mid): (&StreamName, &str)| {
            let (id, _) = self.registry.whereabouts(name)?;
            Some(Source {
                mid: mid.to_owned(),
                stream: StreamId(id),
            })
        };
        lines.filter_map(source).collect()
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
pub(super) fn formats(answered: &Answered, mids: &[String]) -> Vec<rtp::Format> {
    let lines = answered.formats.iter();
    let own = lines.filter(|(mid, _)| mids.contains(mid));
    let formats = own.flat_map(|(_, formats)| formats.iter().copied());
    formats
        .filter(|format| format.codec.kind() == Kind::Video)
        .collect()
}
