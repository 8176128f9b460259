//! The peers of participants: what is shown to them, and how their connections do.

use std::time::Instant;

use broadcast::registry::Registry;
use broadcast::room::{self, ParticipantId, ParticipantKey, RoomName};
use broadcast::{Role, SessionId, StreamName};
use rtp::Bitrate;
use shard::{Command, StreamId};
use signaling::dialect::headwater::{self, Answer, Code, Error, Event, PeerName};

use super::members::{Members, Purpose, Sessions};
use super::refusal::{busy, gone};
use super::viewing::{Viewed, Viewing};
use super::{Control, ESTIMATE_INITIAL, State, random};

impl Control {
    /// Takes the answer to an offer of the viewing peer.
    pub(crate) fn answer_viewing(&self, key: ParticipantKey, answer: &Answer) -> Result<(), Error> {
        // Read before the lock: it takes the longest.
        let description = self.described_by(&answer.sdp)?;
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
            .answer(&description, registry, |stream| rooms.stream(stream))
            .map_err(|error| self.refused_sdp(&error))?;
        let (session, shard) = (viewing.session, viewing.shard);
        let mut commands = commands.into_iter();
        if commands
            .try_for_each(|command| self.shared.shards.send(shard, command))
            .is_err()
        {
            // The shard may have got half of it, or no peer at all: another peer is offered.
            self.order(shard, Command::Close { session });
            state.registry.remove(Instant::now(), session);
            self.peer_ended(&mut state, session);
            return Err(busy());
        }
        members.unsettled.insert(key);
        self.settle(&mut state);
        Ok(())
    }

    /// Takes candidates of a participant: of no use to an ICE-lite agent, which learns from checks
    /// (RFC 8445 §2.5).
    pub(crate) fn trickle_of(&self, key: ParticipantKey) -> Result<(), Error> {
        self.state().members.member(key).map(|_| ())
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

    /// What the server measures of a participant's media.
    pub(crate) fn stats_of(&self, key: ParticipantKey) -> Result<headwater::Stats, Error> {
        let mut state = self.state();
        let member = state.members.member(key)?;
        let bandwidth = member.bandwidth;
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
            bandwidth: bandwidth.map(Bitrate::as_bps),
            published,
        })
    }

    pub(super) fn view(&self, state: &mut State, key: ParticipantKey, viewed: Viewed) {
        if self.show_unified(state, key, &viewed, true) {
            return;
        }
        let now = Instant::now();
        let State {
            registry, members, ..
        } = state;
        let member = members.all.get_mut(&key);
        // Other dialects open a session for each stream that they want.
        let Some(member) = member.filter(|member| member.way.linked().is_some()) else {
            return;
        };
        if member.viewing.is_none() {
            member.viewing = self.new_viewing(registry, &mut members.sessions, key, 0);
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
        registry: &mut Registry,
        sessions: &mut Sessions,
        key: ParticipantKey,
        number: u32,
    ) -> Option<Viewing> {
        let (session, shard) = (SessionId(random::<16>()), registry.place_in_room());
        if let Err(error) = registry.open_in_room(session, Role::Viewer, shard) {
            tracing::warn!(%error, "a participant has no viewing peer");
            return None;
        }
        sessions.insert(session, (key, Purpose::All(PeerName::View)));
        let config = self.rtc_config(shard);
        Some(Viewing::new(
            session,
            shard,
            config,
            ESTIMATE_INITIAL,
            number,
        ))
    }

    /// A shard has ended a session of a participant, which may make it anew.
    pub(super) fn peer_ended(&self, state: &mut State, session: SessionId) {
        let Some((key, purpose)) = state.members.sessions.remove(&session) else {
            return;
        };
        if let Some(member) = state.members.all.get_mut(&key) {
            member.quality.remove(&session);
            member.singles.remove(&session);
        }
        let peer = match purpose {
            Purpose::All(peer) => peer,
            // There is no other to go on with.
            Purpose::Both => {
                let (rooms, now) = (&mut state.members.rooms, Instant::now());
                return rooms.leave(now, key, room::EndReason::Lost);
            }
            Purpose::Single => return,
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
                let sessions = &mut members.sessions;
                let viewing = self.new_viewing(registry, sessions, key, old.number());
                let Some(mut viewing) = viewing else {
                    return;
                };
                for viewed in old.viewed() {
                    viewing.view(Instant::now(), viewed.clone(), registry);
                }
                for (viewed, settings) in old.settings() {
                    let published = members.rooms.stream(&viewed.0);
                    viewing.set_settings(viewed.clone(), *settings, published);
                }
                member.viewing = Some(viewing);
                members.unsettled.insert(key);
            }
        }
        self.settle(state);
    }

    /// A participant's connection does better or worse than before. That of its sessions that
    /// does worst is what others see.
    pub(super) fn quality(
        &self,
        session: SessionId,
        quality: room::Quality,
        bandwidth: Option<Bitrate>,
    ) {
        let mut state = self.state();
        let members = &mut state.members;
        let Some((key, purpose)) = members.sessions.get(&session).copied() else {
            return;
        };
        let Some(member) = members.all.get_mut(&key) else {
            return;
        };
        member.quality.insert(session, quality);
        if purpose == Purpose::All(PeerName::View) {
            member.bandwidth = bandwidth;
        }
        let rank = |quality: &room::Quality| match quality {
            room::Quality::Unknown => 0,
            room::Quality::Good => 1,
            room::Quality::Fair => 2,
            room::Quality::Poor => 3,
        };
        if let Some(worst) = member.quality.values().copied().max_by_key(rank) {
            members.rooms.set_quality(Instant::now(), key, worst);
        }
        self.settle(&mut state);
    }

    /// Somebody speaks, or does no more: the room is shown who does, loudest first.
    pub(super) fn audio_level(&self, stream: StreamId, level: Option<u8>) {
        let mut state = self.state();
        let Some(name) = state.registry.name(stream.0).cloned() else {
            return;
        };
        let members = &mut state.members;
        match level {
            Some(level) => members.audio_levels.insert(name.clone(), level),
            None => members.audio_levels.remove(&name),
        };
        members.show_speakers(&RoomName::of(&name));
        self.settle(&mut state);
    }
}

impl State {
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
}

impl Members {
    pub(super) fn show_speakers(&mut self, room: &RoomName) {
        let audio_levels = self.audio_levels.iter();
        let of_room = audio_levels.filter(|(stream, _)| RoomName::of(stream) == *room);
        let mut speakers: Vec<(u8, ParticipantId)> = of_room
            .filter_map(|(stream, level)| {
                let stream = self.rooms.stream(stream)?;
                Some((*level, stream.participant.clone()))
            })
            .collect();
        speakers.sort_by(|(a, _), (b, _)| b.cmp(a));
        let mut ids: Vec<ParticipantId> = Vec::new();
        for (_, id) in speakers {
            // Who speaks by two streams speaks once.
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        self.rooms.set_speakers(Instant::now(), room, ids);
    }
}
