//! The peer of all that a participant is shown: the server offers.

use std::collections::BTreeMap;

use contract::Command;
use model::{SessionId, ShardId, StreamName};
use room::{ParticipantKey, TrackSettings};
use rtc::{Agreed, LineIndex, Negotiator, Peer};
use rtp::{Bitrate, Kind};

use crate::core::{Core, ESTIMATE_INITIAL, Now};
use crate::error::Error;
use crate::output::{Fact, Offer, OfferedLine, Output, PeerKind};
use crate::participant::Transport;
use crate::random::Random;
use crate::registry::{Owner, Registry, Session};
use crate::shown_tracks::{ShownTracks, Track, outgoing};

/// A subscriber peer.
#[derive(Debug)]
pub(crate) struct SubscriberPeer {
    pub(crate) session: SessionId,
    shard: ShardId,
    negotiator: Negotiator,
    /// What its peer is made from, until the first answer.
    unconnected: Option<rtc::Config>,
    /// Of the last offer.
    number: u32,
    shown: ShownTracks,
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
        Self {
            session,
            shard,
            negotiator: Negotiator::new(config, rtc::Role::Subscriber),
            unconnected: Some(config.clone()),
            number,
            shown: ShownTracks::default(),
            settings: BTreeMap::new(),
        }
    }

    /// A track is to be shown. False when there are as many as a peer can carry.
    fn view(&mut self, now: Now, track: Track, registry: &mut Registry) -> bool {
        if self.shown.has(&track) {
            return true;
        }
        let Some(line) = self.negotiator.add(outgoing(&track, registry)) else {
            return false;
        };
        registry.attach_viewer(now.instant, self.session, &track.stream);
        self.shown.add(line, track);
        true
    }

    /// A track is shown no more. Returns what the shard is to be told.
    fn hide(
        &mut self,
        now: Now,
        track: &Track,
        registry: &mut Registry,
        random: &mut dyn Random,
    ) -> Option<Command> {
        self.settings.remove(track);
        let line = self.shown.remove(track)?;
        self.negotiator.remove(line);
        let command = self.set_subscriptions(None, registry, random);
        // What else of the stream is shown still needs it.
        if !self.shown.shows(&track.stream) {
            registry.detach(now.instant, self.session, &track.stream);
        }
        self.unconnected.is_none().then_some(command)
    }

    /// How a track is to come. Returns what the shard is to be told.
    fn adjust(
        &mut self,
        track: Track,
        settings: TrackSettings,
        stream: Option<&room::Stream>,
    ) -> Option<Command> {
        let line = self.shown.line(&track);
        let command = line.map(|line| self.track_settings(line, settings, stream));
        self.settings.insert(track, settings);
        command.filter(|_| self.unconnected.is_none())
    }

    fn track_settings(
        &self,
        line: LineIndex,
        settings: TrackSettings,
        stream: Option<&room::Stream>,
    ) -> Command {
        Command::TrackSettings {
            session: self.session,
            line,
            paused: settings.paused,
            rid_max: stream.and_then(|stream| rid_max(stream, settings)),
        }
    }

    /// The next offer, when there is something to tell and no other waits for its answer.
    pub(crate) fn offer(&mut self) -> Option<Offer> {
        let sdp = self.negotiator.offer()?;
        self.number += 1;
        let line = |(line, track): (LineIndex, &Track)| OfferedLine {
            mid: self.negotiator.mid(line).unwrap_or_default().to_owned(),
            stream: track.stream.clone(),
            kind: track.kind,
        };
        Some(Offer {
            number: self.number,
            sdp,
            lines: self.shown.iter().map(line).collect(),
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
        let agreed = self.negotiator.answered(answer)?;
        let begun = self.shown.agree(&agreed);
        let mut commands = match self.unconnected.take() {
            Some(config) => {
                let peer = Peer::new(&config, agreed, Some(ESTIMATE_INITIAL), now.instant)?;
                let (session, peer) = (self.session, Box::new(peer));
                vec![
                    Command::View { session, peer },
                    self.set_subscriptions(None, registry, random),
                ]
            }
            None => vec![self.set_subscriptions(Some(Box::new(agreed)), registry, random)],
        };
        // Settings that came before the track could.
        for line in begun {
            let track = self.shown.track(line);
            if let Some((track, settings)) = track.and_then(|t| self.settings.get_key_value(t)) {
                commands.push(self.track_settings(line, *settings, stream(&track.stream)));
            }
        }
        Ok(commands)
    }

    fn set_subscriptions(
        &self,
        agreed: Option<Box<Agreed>>,
        registry: &Registry,
        random: &mut dyn Random,
    ) -> Command {
        Command::SetSubscriptions {
            session: self.session,
            agreed,
            lines: self.shown.subscriptions(registry, random),
        }
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
        let transport = self.participants.get_mut(&key).map(|p| &mut p.transport);
        let Some(Transport::Split(split)) = transport else {
            return Err(Error::Gone);
        };
        let peer = split.subscriber.as_mut();
        let peer = peer.filter(|peer| peer.number == number);
        let peer = peer.ok_or(Error::UnknownOffer)?;
        let (rooms, shard) = (&self.rooms, peer.shard);
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
        if let Some(peer) = &mut self.split(key)?.subscriber {
            peer.negotiator.restart();
            self.unsettled.insert(key);
        }
        self.settle(now);
        Ok(())
    }

    /// What the server measures of a participant's media.
    pub fn stats(&mut self, key: ParticipantKey) -> Result<Stats, Error> {
        let split = self.split(key)?;
        let streams = split.publisher.iter().flat_map(|peer| peer.streams());
        let streams: Vec<StreamName> = streams.cloned().collect();
        let subscriber = split.subscriber.as_ref().map(|peer| peer.session);
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
        let has_peer = self
            .split(key)
            .is_ok_and(|split| split.subscriber.is_some());
        if !has_peer && !self.new_subscriber(key, 0) {
            return;
        }
        let stream = track.stream.clone();
        let transport = self.participants.get_mut(&key).map(|p| &mut p.transport);
        let Some(Transport::Split(split)) = transport else {
            return;
        };
        let peer = split.subscriber.as_mut();
        if peer.is_some_and(|peer| !peer.view(now, track, &mut self.registry)) {
            let participant = key;
            let fact = Fact::LinesFull {
                participant,
                stream,
            };
            self.outputs.push_back(Output::Fact(fact));
        }
    }

    pub(crate) fn hide_by_subscriber(&mut self, now: Now, key: ParticipantKey, track: &Track) {
        let transport = self.participants.get_mut(&key).map(|p| &mut p.transport);
        let Some(Transport::Split(split)) = transport else {
            return;
        };
        let Some(peer) = &mut split.subscriber else {
            return;
        };
        let shard = peer.shard;
        if let Some(command) = peer.hide(now, track, &mut self.registry, &mut *self.random) {
            self.command(shard, command);
        }
    }

    pub(crate) fn adjust(&mut self, key: ParticipantKey, track: Track, settings: TrackSettings) {
        let transport = self.participants.get_mut(&key).map(|p| &mut p.transport);
        let Some(Transport::Split(split)) = transport else {
            return;
        };
        let Some(peer) = &mut split.subscriber else {
            return;
        };
        let (shard, published) = (peer.shard, self.rooms.stream(&track.stream));
        if let Some(command) = peer.adjust(track, settings, published) {
            self.command(shard, command);
        }
    }

    /// Adds a subscriber peer. False when there are as many sessions as there may be.
    fn new_subscriber(&mut self, key: ParticipantKey, number: u32) -> bool {
        if self.registry.check_full().is_err() {
            let fact = Fact::NoSubscriberPeer { participant: key };
            self.outputs.push_back(Output::Fact(fact));
            return false;
        }
        let session = self.next_session();
        let shard = self.registry.least_loaded();
        let client = self.participants.get(&key).map(|p| p.client.clone());
        let owner = Owner::Participant(key, PeerKind::Subscriber);
        let new = Session::new(shard, client.unwrap_or_default(), owner);
        self.registry.insert(session, new);
        let peer = SubscriberPeer::new(session, shard, &self.peers[shard.index()], number);
        if let Ok(split) = self.split(key) {
            split.subscriber = Some(peer);
        }
        true
    }

    /// The subscriber peer of a participant has ended: another shows the same.
    pub(crate) fn renew_subscriber(&mut self, now: Now, key: ParticipantKey) {
        let old = self
            .split(key)
            .ok()
            .and_then(|split| split.subscriber.take());
        let Some(old) = old else {
            return;
        };
        if !self.new_subscriber(key, old.number) {
            return;
        }
        for (_, track) in old.shown.iter() {
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
