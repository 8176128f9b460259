//! The peer of all that a participant is shown: the server offers.

use std::collections::BTreeMap;

use contract::Command;
use model::{SessionId, ShardId, StreamName};
use room::{ParticipantKey, TrackSettings};
use rtc::LineIndex;
use rtp::{Bitrate, Kind};

use crate::core::{Core, Now};
use crate::error::Error;
use crate::output::{Fact, Offer, OfferedLine, PeerKind};
use crate::random::Random;
use crate::registry::{Owner, Registry};
use crate::showing_peer::ShowingPeer;
use crate::shown_tracks::{Track, outgoing};

/// A subscriber peer.
#[derive(Debug)]
pub(crate) struct SubscriberPeer {
    showing: ShowingPeer,
    settings: BTreeMap<Track, TrackSettings>,
}

/// What the server measures of a participant's media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// What the path to the participant carries; `None` before anything was sent.
    pub bandwidth: Option<Bitrate>,
    /// What it publishes.
    pub published: Vec<LayerStats>,
}

/// What the server measures of one layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerStats {
    /// The stream.
    pub stream: StreamName,
    /// Which track of it.
    pub kind: Kind,
    /// The layer's rid, with simulcast.
    pub rid: Option<String>,
    /// In bit/s.
    pub bitrate: u64,
}

impl SubscriberPeer {
    /// A peer that shows nothing yet. `number` is that of the last offer of its predecessor.
    fn new(session: SessionId, shard: ShardId, config: &rtc::Config, number: u32) -> Self {
        let role = rtc::Role::Subscriber;
        Self {
            showing: ShowingPeer::new(session, shard, config, role, number),
            settings: BTreeMap::new(),
        }
    }

    pub(crate) fn session(&self) -> SessionId {
        self.showing.session
    }

    /// A track is to be shown. False when there are as many as a peer can carry.
    fn view(&mut self, now: Now, track: Track, registry: &mut Registry) -> bool {
        if self.showing.shown.has(&track) {
            return true;
        }
        let offered = outgoing(&track, registry);
        self.showing.view(now, track, offered, registry).is_some()
    }

    /// A track is shown no more. Returns what a shard is to be told.
    pub(crate) fn hide(
        &mut self,
        now: Now,
        track: &Track,
        registry: &mut Registry,
        random: &mut dyn Random,
    ) -> Option<(ShardId, Command)> {
        self.settings.remove(track);
        let command = self.showing.hide(now, track, registry, random)?;
        Some((self.showing.shard, command))
    }

    /// How a track is to come. Returns what a shard is to be told.
    fn adjust(
        &mut self,
        track: Track,
        settings: TrackSettings,
        stream: Option<&room::Stream>,
    ) -> Option<(ShardId, Command)> {
        let line = self.showing.shown.line(&track);
        let command = line.map(|line| self.track_settings(line, settings, stream));
        self.settings.insert(track, settings);
        let command = command.filter(|_| self.showing.is_on_shard())?;
        Some((self.showing.shard, command))
    }

    fn track_settings(
        &self,
        line: LineIndex,
        settings: TrackSettings,
        stream: Option<&room::Stream>,
    ) -> Command {
        Command::TrackSettings {
            session: self.showing.session,
            line,
            paused: settings.paused,
            rid_max: stream.and_then(|stream| rid_max(stream, settings)),
        }
    }

    /// The next offer, when there is something to tell and no other waits for its answer.
    pub(crate) fn offer(&mut self) -> Option<Offer> {
        let showing = &mut self.showing;
        let sdp = showing.offer()?;
        let line = |(line, track): (LineIndex, &Track)| OfferedLine {
            mid: showing.negotiator.mid(line).unwrap_or_default().to_owned(),
            stream: track.stream.clone(),
            kind: track.kind,
        };
        Some(Offer {
            number: showing.number,
            sdp,
            lines: showing.shown.iter().map(line).collect(),
        })
    }

    /// Takes the answer to the last offer. Returns what the shard is to be told.
    fn answer<'a>(
        &mut self,
        now: Now,
        answer: &sdp::Description,
        registry: &Registry,
        random: &mut dyn Random,
        stream: impl Fn(&StreamName) -> Option<&'a room::Stream>,
    ) -> Result<Vec<Command>, Error> {
        let agreed = self.showing.negotiator.answered(answer)?;
        let showing = self.showing.agree(now, agreed, registry, random)?;
        let mut commands = showing.commands;
        // Settings that came before the track could.
        for line in showing.begun {
            let track = self.showing.shown.track(line);
            if let Some((track, settings)) = track.and_then(|t| self.settings.get_key_value(t)) {
                commands.push(self.track_settings(line, *settings, stream(&track.stream)));
            }
        }
        Ok(commands)
    }
}

impl Core {
    /// Takes the answer of a participant to offer `number` of its subscriber peer.
    pub fn answer(
        &mut self,
        now: Now,
        key: ParticipantKey,
        number: u32,
        answer: &sdp::Description,
    ) -> Result<(), Error> {
        let peer = self.participants.split(key)?.subscriber.as_mut();
        let peer = peer.filter(|peer| peer.showing.number == number);
        let peer = peer.ok_or(Error::UnknownOffer)?;
        let (rooms, shard) = (&self.rooms, peer.showing.shard);
        let commands = peer.answer(now, answer, &self.registry, &mut *self.random, |stream| {
            rooms.stream(stream)
        })?;
        for command in commands {
            self.command(shard, command);
        }
        self.unsettled.insert(key);
        self.settle(now);
        Ok(())
    }

    /// ICE of the subscriber peer begins anew: an offer follows.
    pub fn restart_subscriber(&mut self, now: Now, key: ParticipantKey) -> Result<(), Error> {
        if let Some(peer) = &mut self.participants.split(key)?.subscriber {
            peer.showing.negotiator.restart();
            self.unsettled.insert(key);
        }
        self.settle(now);
        Ok(())
    }

    /// What the server measures of a participant's media.
    pub fn stats(&mut self, key: ParticipantKey) -> Result<Stats, Error> {
        let split = self.participants.split(key)?;
        let streams = split.publisher.iter().flat_map(|peer| peer.streams());
        let streams: Vec<StreamName> = streams.cloned().collect();
        let subscriber = split.subscriber.as_ref().map(SubscriberPeer::session);
        let subscriber = subscriber.and_then(|id| self.registry.session(id));
        let mut published = Vec::new();
        for stream in streams {
            let status = self.registry.status(&stream).unwrap_or_default();
            for track in status.tracks {
                let stats = |layer: model::LayerStatus| LayerStats {
                    stream: stream.clone(),
                    kind: track.kind,
                    rid: layer.rid,
                    bitrate: layer.bitrate,
                };
                published.extend(track.layers.into_iter().map(stats));
            }
        }
        Ok(Stats {
            bandwidth: subscriber.and_then(|session| session.bandwidth),
            published,
        })
    }

    pub(crate) fn view_by_subscriber(&mut self, now: Now, key: ParticipantKey, track: Track) {
        if self.participants.subscriber(key).is_none() && !self.new_subscriber(key, 0) {
            return;
        }
        let stream = track.stream.clone();
        let peer = self.participants.subscriber(key);
        if peer.is_some_and(|peer| !peer.view(now, track, &mut self.registry)) {
            let participant = key;
            self.fact(Fact::LinesFull {
                participant,
                stream,
            });
        }
    }

    pub(crate) fn adjust(&mut self, key: ParticipantKey, track: Track, settings: TrackSettings) {
        let published = self.rooms.stream(&track.stream);
        let peer = self.participants.subscriber(key);
        let command = peer.and_then(|peer| peer.adjust(track, settings, published));
        if let Some((shard, command)) = command {
            self.command(shard, command);
        }
    }

    /// Adds a subscriber peer. False when there are as many sessions as there may be.
    fn new_subscriber(&mut self, key: ParticipantKey, number: u32) -> bool {
        if self.registry.check_full().is_err() {
            self.fact(Fact::NoSubscriberPeer { participant: key });
            return false;
        }
        let shard = self.registry.least_loaded();
        let owner = Owner::Participant(key, PeerKind::Subscriber);
        let session = self.add_session(shard, self.participants.client(key), owner);
        let peer = SubscriberPeer::new(session, shard, &self.peers[shard.index()], number);
        if let Ok(split) = self.participants.split(key) {
            split.subscriber = Some(peer);
        }
        true
    }

    /// The subscriber peer of a participant has ended: another shows the same.
    pub(crate) fn renew_subscriber(&mut self, now: Now, key: ParticipantKey) {
        let split = self.participants.split(key).ok();
        let Some(old) = split.and_then(|split| split.subscriber.take()) else {
            return;
        };
        if !self.new_subscriber(key, old.showing.number) {
            return;
        }
        for (_, track) in old.showing.shown.iter() {
            self.view_by_subscriber(now, key, track.clone());
        }
        for (track, settings) in old.settings {
            self.adjust(key, track, settings);
        }
        self.unsettled.insert(key);
    }
}

/// The smallest layer that is as large as the video is shown; `None` when all may be of use, or
/// their sizes are not known.
fn rid_max(stream: &room::Stream, settings: TrackSettings) -> Option<String> {
    if settings.width == 0 && settings.height == 0 {
        return None;
    }
    let video = stream.tracks.iter().find(|t| t.kind == Kind::Video)?;
    let known = |layer: &&room::Layer| layer.width > 0 && layer.height > 0;
    let large =
        |layer: &&room::Layer| layer.width >= settings.width && layer.height >= settings.height;
    let mut layers = video.layers.iter().filter(known);
    layers.find(large).map(|layer| layer.rid.clone())
}
