//! What participants publish: they offer, the server answers.

use std::collections::BTreeMap;
use std::time::Instant;

use broadcast::room::{Declared, ParticipantKey};
use broadcast::{OpenError, Role, SessionId, StreamName};
use rtc::{Agreed, Negotiator, Peer};
use rtp::Kind;
use shard::{Command, StreamId, TrackMapping};
use signaling::dialect::headwater::{Code, Error, PeerName, Publish, Published};

use super::members::Purpose;
use super::refusal::{busy, gone, refused};
use super::{Control, State, random};

/// A publishing peer: the participant offers, the server answers.
#[derive(Debug)]
pub(super) struct Publishing {
    pub(super) session: SessionId,
    pub(super) shard: usize,
    negotiator: Negotiator,
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
    pub(crate) fn publish(
        &self,
        key: ParticipantKey,
        publish: Publish,
    ) -> Result<Published, Error> {
        // Read before the lock: it takes the longest.
        let offer = self.described_by(&publish.sdp)?;
        let kinds = offered(&publish, &offer)?;
        let mids: Vec<String> = publish.tracks.iter().map(|t| t.mid.clone()).collect();
        let (name, publishes) = {
            let state = self.state();
            let name = state.stream_name(key, publish.label.as_deref())?;
            let member = state.members.all.get(&key).ok_or_else(gone)?;
            (name, member.publishing.is_some())
        };
        let sdp = if publishes {
            self.publish_more(key, &name, mids, &offer)?
        } else {
            self.publish_first(key, &name, mids, &offer)?
        };
        let tracks = publish.tracks.iter().zip(kinds);
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
    fn publish_first(
        &self,
        key: ParticipantKey,
        name: &StreamName,
        mids: Vec<String>,
        offer: &sdp::Description,
    ) -> Result<String, Error> {
        let shard = self.state().registry.place(Role::Publisher, name);
        let config = self.rtc_config(shard);
        let mut negotiator = Negotiator::new(&config, rtc::Role::Publishers);
        let answered = negotiator
            .offered(offer)
            .map_err(|error| self.refused_sdp(&error))?;
        let formats =
            Formats::of(&answered.agreed).of_video(|mid| mids.iter().any(|own| own == mid));
        let peer = Peer::new(&config, answered.agreed, None, Instant::now())
            .map_err(|error| self.refused_sdp(&error))?;
        let session = SessionId(random::<16>());
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
            negotiator,
            streams: BTreeMap::from([(name.clone(), mids)]),
        };
        if let Err(error) = self.take_stream(&mut state, session, name, formats) {
            state.registry.remove(Instant::now(), session);
            return Err(error);
        }
        let command = Command::Publish {
            session,
            tracks: state.tracks(publishing.mids()),
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

    /// A further offer of a participant that publishes. A refused one changes nothing.
    fn publish_more(
        &self,
        key: ParticipantKey,
        name: &StreamName,
        mids: Vec<String>,
        offer: &sdp::Description,
    ) -> Result<String, Error> {
        let mut state = self.state();
        let member = state.members.member(key)?;
        let publishing = member.publishing.as_mut().ok_or_else(busy)?;
        let (session, before) = (publishing.session, publishing.streams.clone());
        let answered = publishing
            .negotiator
            .offered(offer)
            .map_err(|error| self.refused_sdp(&error))?;
        let formats =
            Formats::of(&answered.agreed).of_video(|mid| mids.iter().any(|own| own == mid));
        // A section belongs to one stream.
        for others in publishing.streams.values_mut() {
            others.retain(|mid| !mids.contains(mid));
        }
        publishing.streams.insert(name.clone(), mids);
        let taken = self.take_stream(&mut state, session, name, formats);
        if taken.is_err()
            && let Some(publishing) = &mut state.members.member(key)?.publishing
        {
            publishing.streams = before;
        }
        self.renegotiate(&state, key, Some(answered.agreed))?;
        taken.map(|()| answered.sdp)
    }

    /// Gives the publisher peer of a participant what was agreed, and its track mapping.
    fn renegotiate(
        &self,
        state: &State,
        key: ParticipantKey,
        agreed: Option<Agreed>,
    ) -> Result<(), Error> {
        let member = state.members.all.get(&key).ok_or_else(gone)?;
        let publishing = member.publishing.as_ref().ok_or_else(gone)?;
        let command = Command::Renegotiate {
            session: publishing.session,
            agreed: agreed.map(Box::new),
            tracks: state.tracks(publishing.mids()),
        };
        let sent = self.shared.shards.send(publishing.shard, command);
        sent.map_err(|_| busy())
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
            let (stream, origin) = (StreamId(admitted.stream), admitted.origin);
            for shard in 0..self.shared.shards.count() {
                self.order(shard, Command::MoveOrigin { stream, origin });
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
        let session = publishing.session;
        state.registry.detach(now, session, name);
        if let Err(error) = self.renegotiate(state, key, None) {
            tracing::warn!(stream = %name, ?error, "an order to a media thread was lost");
        }
        state.announce(name);
    }

    /// ICE of the publisher peer begins anew, by an offer of the participant.
    pub(crate) fn restart_publishing(
        &self,
        key: ParticipantKey,
        offer: &str,
    ) -> Result<String, Error> {
        let offer = self.described_by(offer)?;
        let mut state = self.state();
        let member = state.members.member(key)?;
        let publishing = member.publishing.as_mut().ok_or_else(|| {
            let message = "nothing is published: publish anew";
            Error::of("params.peer", Code::NotFound, message)
        })?;
        let answered = publishing
            .negotiator
            .offered(&offer)
            .map_err(|error| self.refused_sdp(&error))?;
        self.renegotiate(&state, key, Some(answered.agreed))?;
        Ok(answered.sdp)
    }
}

impl State {
    /// The lines of a publisher, each with the id of its stream.
    pub(super) fn tracks<'a>(
        &self,
        lines: impl Iterator<Item = (&'a StreamName, &'a str)>,
    ) -> Vec<TrackMapping> {
        let track = |(name, mid): (&StreamName, &str)| {
            let (id, _) = self.registry.location(name)?;
            Some(TrackMapping {
                mid: mid.to_owned(),
                stream: StreamId(id),
            })
        };
        lines.filter_map(track).collect()
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
fn offered(publish: &Publish, offer: &sdp::Description) -> Result<Vec<Kind>, Error> {
    let lines = rtc::media_sections(offer);
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

/// In what each section of a participant may come, by its `a=mid`.
pub(super) struct Formats(Vec<(String, Vec<rtp::Format>)>);

impl Formats {
    pub(super) fn of(agreed: &Agreed) -> Self {
        Self(agreed.received_formats())
    }

    /// The formats of the video sections whose mid `is_meant` accepts.
    pub(super) fn of_video(&self, is_meant: impl Fn(&str) -> bool) -> Vec<rtp::Format> {
        let own = self.0.iter().filter(|(mid, _)| is_meant(mid));
        own.flat_map(|(_, formats)| formats.iter().copied())
            .filter(|format| format.codec.kind() == Kind::Video)
            .collect()
    }
}
