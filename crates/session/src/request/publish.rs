//! What participants with a publisher peer ask of it.

use std::collections::BTreeMap;

use contract::Command;
use model::{OpenError, Role, SessionId, ShardId, StreamName};
use room::{Declared, Layer, ParticipantKey};
use rtc::{Agreed, Negotiator, Peer};

use crate::core::Core;
use crate::error::Error;
use crate::now::Now;
use crate::output::PeerKind;
use crate::participant::Transport;
use crate::peer::{Formats, PublisherPeer, track_mapping};
use crate::registry::Owner;

/// A request to begin a stream, or to change it.
#[derive(Debug, Clone)]
pub struct Publish {
    /// Tells the participant's streams apart; `None`: the stream is named for the participant alone.
    pub label: Option<String>,
    /// At most one of each kind.
    pub tracks: Vec<DeclaredTrack>,
}

/// One m-line of an offer that belongs to a stream.
#[derive(Debug, Clone)]
pub struct DeclaredTrack {
    /// The m-line's `a=mid`.
    pub mid: String,
    /// Where it comes from, such as `camera`.
    pub source: Option<String>,
    /// It begins muted.
    pub muted: bool,
    /// Its simulcast layers, worst first; empty: as measured.
    pub layers: Vec<Layer>,
}

/// A stream that was begun or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its name.
    pub stream: StreamName,
    /// The SDP answer.
    pub sdp: String,
}

impl Core {
    /// Begins a stream of a participant, or changes it, by an offer for its publisher peer.
    pub fn publish(
        &mut self,
        now: Now,
        key: ParticipantKey,
        publish: Publish,
        offer: &sdp::Description,
    ) -> Result<Published, Error> {
        let tracks = declared_tracks(&publish.tracks, offer)?;
        let name = self.stream_name(key, publish.label.as_deref())?;
        let mids = publish.tracks.into_iter().map(|track| track.mid).collect();
        let sdp = match self.participants.split(key)?.publisher {
            None => self.publish_first(now, key, &name, mids, offer),
            Some(_) => self.publish_more(now, key, &name, mids, offer),
        };
        let published = sdp.and_then(|sdp| {
            let declared = Declared {
                label: publish.label,
                metadata: String::new(),
                tracks,
            };
            match self.rooms.publish(now.instant, key, name.clone(), declared) {
                Ok(_) => Ok(Published { stream: name, sdp }),
                Err(error) => {
                    self.end_stream(now, key, &name);
                    Err(error.into())
                }
            }
        });
        self.settle(now);
        published
    }

    /// The first offer makes the peer.
    fn publish_first(
        &mut self,
        now: Now,
        key: ParticipantKey,
        name: &StreamName,
        mids: Vec<String>,
        offer: &sdp::Description,
    ) -> Result<String, Error> {
        self.registry.check_full()?;
        let shard = self.registry.place(Role::Publisher, name);
        let config = &self.peers[shard.index()];
        let mut negotiator = Negotiator::new(config, rtc::Role::Publishers);
        let answered = negotiator.offered(offer)?;
        let formats = Formats::of(&answered.agreed).of_video(|mid| mids.iter().any(|m| m == mid));
        let peer = Box::new(Peer::new(config, answered.agreed, None, now.instant)?);
        let owner = Owner::Participant(key, PeerKind::Publisher);
        let session = self.add_session(shard, self.participants.client(key), owner);
        if let Err(error) = self.attach(now, session, name, formats) {
            self.registry.remove(now.instant, session);
            return Err(error.into());
        }
        let publisher = PublisherPeer {
            session,
            shard,
            negotiator,
            streams: BTreeMap::from([(name.clone(), mids)]),
        };
        let tracks = track_mapping(&self.registry, publisher.mids());
        self.participants.split(key)?.publisher = Some(publisher);
        let command = Command::Publish {
            session,
            tracks,
            peer,
        };
        self.command(shard, command);
        Ok(answered.sdp)
    }

    /// A further offer. A refused one changes nothing.
    fn publish_more(
        &mut self,
        now: Now,
        key: ParticipantKey,
        name: &StreamName,
        mids: Vec<String>,
        offer: &sdp::Description,
    ) -> Result<String, Error> {
        let publisher = self.publisher(key)?;
        let (session, before) = (publisher.session, publisher.streams.clone());
        let answered = publisher.negotiator.offered(offer)?;
        let formats = Formats::of(&answered.agreed).of_video(|mid| mids.iter().any(|m| m == mid));
        // A section belongs to one stream.
        for others in publisher.streams.values_mut() {
            others.retain(|mid| !mids.contains(mid));
        }
        publisher.streams.insert(name.clone(), mids);
        let attached = self.attach(now, session, name, formats);
        if attached.is_err() {
            self.publisher(key)?.streams = before;
        }
        // Also when the stream is refused: the answer is void for nobody, and the peer has to know
        // what was agreed.
        self.renegotiate(key, Some(answered.agreed));
        attached?;
        Ok(answered.sdp)
    }

    /// ICE of the publisher peer begins anew, by an offer of the participant. Returns the answer.
    pub fn restart_publisher(
        &mut self,
        key: ParticipantKey,
        offer: &sdp::Description,
    ) -> Result<String, Error> {
        let answered = self.publisher(key)?.negotiator.offered(offer)?;
        self.renegotiate(key, Some(answered.agreed));
        Ok(answered.sdp)
    }

    fn publisher(&mut self, key: ParticipantKey) -> Result<&mut PublisherPeer, Error> {
        let publisher = self.participants.split(key)?.publisher.as_mut();
        publisher.ok_or(Error::NotPublishing)
    }

    /// Gives the publisher peer of a participant what was agreed, and its track mapping.
    fn renegotiate(&mut self, key: ParticipantKey, agreed: Option<Agreed>) {
        if let Some(Transport::Split(split)) = self.participants.transport(key)
            && let Some(publisher) = &split.publisher
        {
            let command = publisher.renegotiate(&self.registry, agreed);
            let shard = publisher.shard;
            self.command(shard, command);
        }
    }

    /// The registry learns that a session of a participant publishes a stream; viewers follow it.
    pub(crate) fn attach(
        &mut self,
        now: Now,
        session: SessionId,
        name: &StreamName,
        formats: Vec<rtp::Format>,
    ) -> Result<(), OpenError> {
        let attached = self.registry.publish(now.instant, session, name, formats)?;
        if attached.moved {
            let (stream, origin) = (attached.stream, attached.origin);
            for shard in ShardId::all(self.peers.len()) {
                self.command(shard, Command::MoveOrigin { stream, origin });
            }
        }
        Ok(())
    }

    /// A room is done with a stream of a participant: nothing of it is taken any more.
    pub(crate) fn end_stream(&mut self, now: Now, key: ParticipantKey, name: &StreamName) {
        match self.participants.transport(key) {
            Some(Transport::Split(_)) => {}
            Some(Transport::Unified(_)) => return self.end_unified_stream(now, key, name),
            Some(Transport::PerStream(_)) | None => return,
        }
        let Ok(publisher) = self.publisher(key) else {
            return;
        };
        if publisher.streams.remove(name).is_some() {
            let session = publisher.session;
            self.registry.detach(now.instant, session, name);
            self.renegotiate(key, None);
            self.announce(now, name);
        }
    }

    /// What a stream of a participant is called.
    fn stream_name(&self, key: ParticipantKey, label: Option<&str>) -> Result<StreamName, Error> {
        let (room, participant) = (self.rooms.room_of(key), self.rooms.participant(key));
        let (room, participant) = room.zip(participant).ok_or(Error::Gone)?;
        if !participant.role.may_publish() {
            return Err(Error::MayNotPublish);
        }
        let name = match label {
            None => format!("{room}/{}", participant.id),
            Some(label) => format!("{room}/{}~{label}", participant.id),
        };
        Ok(StreamName::new(&name)?)
    }
}

/// The tracks that are declared, with the kinds that the offer has for them.
fn declared_tracks(
    declared: &[DeclaredTrack],
    offer: &sdp::Description,
) -> Result<Vec<room::Track>, Error> {
    let sections = rtc::media_sections(offer);
    let mut tracks: Vec<room::Track> = Vec::new();
    for (index, track) in declared.iter().enumerate() {
        let section = sections.iter().find(|(mid, _)| *mid == track.mid);
        let Some((_, kind)) = section else {
            let (track, mid) = (index, track.mid.clone());
            return Err(Error::UnknownMid { track, mid });
        };
        let kind = *kind;
        if tracks.iter().any(|before| before.kind == kind) {
            return Err(Error::SecondTrack { track: index, kind });
        }
        tracks.push(room::Track {
            kind,
            source: track.source.clone(),
            muted: track.muted,
            codec: None,
            layers: track.layers.clone(),
        });
    }
    match tracks.is_empty() {
        true => Err(Error::NoTracks),
        false => Ok(tracks),
    }
}
