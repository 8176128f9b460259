//! What participants with a subscriber peer ask of it.

use room::{ParticipantKey, TrackSettings};

use crate::core::Core;
use crate::error::Error;
use crate::now::Now;
use crate::output::{Fact, PeerKind};
use crate::peer::{SubscriberPeer, Track};
use crate::registry::Owner;

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

    pub(crate) fn set_track_settings(
        &mut self,
        key: ParticipantKey,
        track: Track,
        settings: TrackSettings,
    ) {
        let published = self.rooms.stream(&track.stream);
        let peer = self.participants.subscriber(key);
        let command = peer.and_then(|peer| peer.set_track_settings(track, settings, published));
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
            self.set_track_settings(key, track, settings);
        }
        self.unsettled.insert(key);
    }
}
