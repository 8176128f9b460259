//! What participants with a unified peer ask of it.

use std::time::Duration;

use contract::Command;
use model::StreamName;
use room::{Declared, ParticipantId, ParticipantKey};
use rtc::{Agreed, ChannelNumber, Expected, SentTrack};

use crate::core::Core;
use crate::error::Error;
use crate::now::Now;
use crate::output::Fact;
use crate::participant::Transport;
use crate::peer::{Formats, Track, streams, track_mapping};

impl Core {
    /// Asks a participant to send these, and no others yet: the server's offer comes first then.
    pub fn ask_to_send(
        &mut self,
        now: Now,
        key: ParticipantKey,
        wanted: &[Expected],
    ) -> Result<(), Error> {
        let peer = self.participants.unified(key)?;
        for what in wanted {
            peer.showing.negotiator.expect(*what);
        }
        peer.is_asking = true;
        self.unsettled.insert(key);
        self.settle(now);
        Ok(())
    }

    /// Asks a participant to send what it has offered and taken back, because an offer of the
    /// server crossed it.
    pub fn ask_again(
        &mut self,
        now: Now,
        key: ParticipantKey,
        offer: &sdp::Description,
    ) -> Result<(), Error> {
        self.participants
            .unified(key)?
            .showing
            .negotiator
            .expect_offered(offer);
        self.unsettled.insert(key);
        self.settle(now);
        Ok(())
    }

    /// Sends a text over a data channel of a participant. What cannot be sent is lost.
    pub fn write_channel(&mut self, key: ParticipantKey, channel: ChannelNumber, text: String) {
        if let Ok(peer) = self.participants.unified(key) {
            let (session, shard) = (peer.showing.session, peer.showing.shard);
            let command = Command::Write {
                session,
                channel,
                text,
            };
            self.command(shard, command);
        }
    }

    /// Counts a description of a participant. Returns how long the caller has to wait before it
    /// passes that on.
    pub fn pace(&mut self, now: Now, key: ParticipantKey) -> Result<Duration, Error> {
        Ok(self.participants.unified(key)?.pace.take(now.instant))
    }

    /// Takes an offer of a participant. Returns the answer; what it publishes now is in its room.
    pub fn take_offer(
        &mut self,
        now: Now,
        key: ParticipantKey,
        offer: &sdp::Description,
    ) -> Result<String, Error> {
        let answered = self
            .participants
            .unified(key)?
            .showing
            .negotiator
            .offered(offer);
        // Also when this offer is refused: one of the server that was void for it goes out again.
        self.unsettled.insert(key);
        let answered = answered.map_err(Error::from).and_then(|answered| {
            let formats = Formats::of(&answered.agreed);
            self.agree(now, key, answered.agreed)?;
            self.publish_tracks(now, key, rtc::sent_tracks(offer), &formats);
            Ok(answered.sdp)
        });
        self.settle(now);
        answered
    }

    /// Takes the answer to the last offer of the server.
    pub fn take_answer(
        &mut self,
        now: Now,
        key: ParticipantKey,
        answer: &sdp::Description,
    ) -> Result<(), Error> {
        let agreed = self
            .participants
            .unified(key)?
            .showing
            .negotiator
            .answered(answer)?;
        let formats = Formats::of(&agreed);
        // An answer that only takes what is shown need not repeat the names of what it sends.
        let sends_otherwise = agreed.sends_otherwise;
        self.agree(now, key, agreed)?;
        if sends_otherwise {
            self.publish_tracks(now, key, rtc::sent_tracks(answer), &formats);
        }
        self.settle(now);
        Ok(())
    }

    /// Gives a shard what was agreed: with the first of it, the peer.
    fn agree(&mut self, now: Now, key: ParticipantKey, agreed: Agreed) -> Result<(), Error> {
        self.unsettled.insert(key);
        let Ok(peer) = self.participants.unified(key) else {
            return Ok(());
        };
        let (registry, random) = (&self.registry, &mut *self.random);
        let shard = peer.showing.shard;
        for command in peer.showing.agree(now, agreed, registry, random)?.commands {
            self.command(shard, command);
        }
        Ok(())
    }

    /// What a participant sends is in its room, as streams with at most one track of a kind.
    fn publish_tracks(
        &mut self,
        now: Now,
        key: ParticipantKey,
        tracks: Vec<SentTrack>,
        formats: &Formats,
    ) {
        let (room, participant) = (self.rooms.room_of(key), self.rooms.participant(key));
        let Some((room, participant)) = room.zip(participant) else {
            return;
        };
        if !participant.role.may_publish() {
            return;
        }
        let base = format!("{room}/{}", participant.id);
        let Ok(peer) = self.participants.unified(key) else {
            return;
        };
        let session = peer.session();
        let before = std::mem::take(&mut peer.published);
        let after = streams(&base, &before, tracks);
        peer.published.clone_from(&after);
        for name in before.keys().filter(|name| !after.contains_key(name)) {
            self.registry.detach(now.instant, session, name);
            // An error says that the room has ended it before.
            _ = self.rooms.unpublish(now.instant, key, name);
        }
        for (name, tracks) in &after {
            let label = name.as_str().strip_prefix(&base);
            let label = label.and_then(|rest| rest.strip_prefix('~'));
            if let Err(error) = self.publish_unified(now, key, name, label, tracks, formats) {
                self.fact(Fact::StreamRefused {
                    stream: name.clone(),
                    why: error.to_string(),
                });
                if let Ok(peer) = self.participants.unified(key) {
                    peer.published.remove(name);
                }
                self.registry.detach(now.instant, session, name);
            }
        }
        self.map_unified_tracks(key);
    }

    fn publish_unified(
        &mut self,
        now: Now,
        key: ParticipantKey,
        name: &StreamName,
        label: Option<&str>,
        tracks: &[SentTrack],
        formats: &Formats,
    ) -> Result<(), Error> {
        let session = self.participants.unified(key)?.session();
        let formats = formats.of_video(|mid| tracks.iter().any(|track| track.mid == mid));
        self.attach(now, session, name, formats)?;
        let track = |track: &SentTrack| room::Track {
            kind: track.kind,
            source: None,
            muted: false,
            codec: None,
            layers: Vec::new(),
        };
        let declared = Declared {
            label: label.map(str::to_owned),
            metadata: String::new(),
            tracks: tracks.iter().map(track).collect(),
        };
        self.rooms
            .publish(now.instant, key, name.clone(), declared)?;
        self.announce(now, name);
        Ok(())
    }

    /// The shard learns the track mapping of what a participant publishes.
    fn map_unified_tracks(&mut self, key: ParticipantKey) {
        if let Some(Transport::Unified(peer)) = self.participants.transport(key) {
            let (shard, session) = (peer.showing.shard, peer.showing.session);
            let tracks = track_mapping(&self.registry, peer.mids());
            let command = Command::Renegotiate {
                session,
                agreed: None,
                tracks,
            };
            self.command(shard, command);
        }
    }

    /// A room is done with a stream of a participant with a unified peer.
    pub(crate) fn end_unified_stream(&mut self, now: Now, key: ParticipantKey, name: &StreamName) {
        let Ok(peer) = self.participants.unified(key) else {
            return;
        };
        let session = peer.session();
        if peer.published.remove(name).is_some() {
            self.registry.detach(now.instant, session, name);
            self.map_unified_tracks(key);
            self.announce(now, name);
        }
    }

    pub(crate) fn view_by_unified(&mut self, now: Now, key: ParticipantKey, track: Track) {
        let publisher = self.track_publisher(&track);
        let stream = track.stream.clone();
        let Ok(peer) = self.participants.unified(key) else {
            return;
        };
        if !peer.view(now, track, publisher, &mut self.registry) {
            let participant = key;
            self.fact(Fact::LinesFull {
                participant,
                stream,
            });
        }
    }

    /// The participant that publishes a track, and the names that it gave the track, if it has said
    /// any.
    fn track_publisher(&self, track: &Track) -> Option<(ParticipantId, Option<SentTrack>)> {
        let owner = self.rooms.owner(&track.stream)?;
        let id = self.rooms.participant(owner)?.id.clone();
        let Some(Transport::Unified(peer)) = self.participants.transport(owner) else {
            return Some((id, None));
        };
        let sent = peer.published.get(&track.stream);
        let sent = sent.and_then(|tracks| tracks.iter().find(|sent| sent.kind == track.kind));
        Some((id, sent.cloned()))
    }
}
