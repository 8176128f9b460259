//! Events of shards.

use contract::{ClosedReason, Event};
use model::StreamId;
use model::{Heard, Quality, SessionId, TrackStatus};
use room::{EndReason, ParticipantKey, RoomName};
use rtp::Bitrate;

use crate::core::Core;
use crate::now::Now;
use crate::output::{ChannelMessage, Output, PeerKind};
use crate::participant::Transport;

impl Core {
    /// Takes an event of a shard.
    pub fn handle_event(&mut self, now: Now, event: Event) {
        match event {
            Event::Connected { session, .. } => self.prove(session),
            Event::Closed {
                session, reason, ..
            } => {
                if reason == ClosedReason::Remote {
                    self.hung_up(now, session);
                }
                self.forget_session(now, session);
            }
            Event::IceRestarted { session, local } => self.ice_restarted(session, &local),
            Event::Layer {
                session,
                stream,
                rid,
            } => self.layer_event(session, stream, rid),
            Event::AudioLevel { stream, level } => self.audio_level(now, stream, level),
            Event::Quality {
                session,
                quality,
                bandwidth,
            } => self.quality(now, session, quality, bandwidth),
            Event::ChannelOpened {
                session,
                channel,
                label,
            } => self.channel_message(session, ChannelMessage::Opened(channel, label)),
            Event::ChannelText {
                session,
                channel,
                text,
            } => self.channel_message(session, ChannelMessage::Text(channel, text)),
            Event::Status {
                stream,
                heard,
                tracks,
            } => self.stream_status(now, stream, heard, tracks),
            // Of these only the log and the metrics tell.
            Event::Refused { .. } | Event::Keyframe { .. } | Event::FirstPicture { .. } => {}
        }
        self.settle(now);
    }

    /// A client has closed its connection. A participant that has no other leaves, and is not lost.
    fn hung_up(&mut self, now: Now, session: SessionId) {
        let session = self.registry.session(session);
        let part = session.and_then(|session| session.owner.part());
        if let Some((key, PeerKind::Unified)) = part {
            self.leave(now, key, EndReason::Left);
        }
    }

    /// A session of a participant is over. What the participant needs is made anew.
    pub(crate) fn peer_ended(
        &mut self,
        now: Now,
        key: ParticipantKey,
        session: SessionId,
        kind: PeerKind,
    ) {
        match kind {
            // There is no other to go on with.
            PeerKind::Unified => self.rooms.leave(now.instant, key, EndReason::Lost),
            PeerKind::OneStream => {
                if let Some(Transport::PerStream(sessions)) = self.participants.transport_mut(key) {
                    sessions.remove(&session);
                }
            }
            PeerKind::Publisher => {
                if let Ok(split) = self.participants.split(key) {
                    split.publisher = None;
                }
                self.outputs.push_back(Output::PeerLost {
                    to: key,
                    peer: kind,
                });
            }
            PeerKind::Subscriber => {
                self.outputs.push_back(Output::PeerLost {
                    to: key,
                    peer: kind,
                });
                self.renew_subscriber(now, key);
            }
        }
    }

    fn layer_event(&mut self, session: SessionId, stream: StreamId, rid: String) {
        let owner = self.registry.session(session).map(|session| &session.owner);
        let Some(owner) = owner else {
            return;
        };
        let Some(to) = owner.participant() else {
            return self.layer_changed(session, rid);
        };
        if let Some(stream) = self.registry.name(stream).cloned() {
            self.outputs.push_back(Output::Layer { to, stream, rid });
        }
    }

    /// A connection does better or worse than before. Others see of a participant the session that
    /// does worst.
    fn quality(
        &mut self,
        now: Now,
        session: SessionId,
        quality: Quality,
        bandwidth: Option<Bitrate>,
    ) {
        let Some(known) = self.registry.session_mut(session) else {
            return;
        };
        known.quality = quality;
        known.bandwidth = bandwidth;
        let Some(key) = known.owner.participant() else {
            return;
        };
        let rank = |quality: &Quality| match quality {
            Quality::Unknown => 0,
            Quality::Good => 1,
            Quality::Fair => 2,
            Quality::Poor => 3,
        };
        let peers = self.participants.transport(key).map(Transport::peers);
        let peers = peers.unwrap_or_default().into_iter();
        let qualities = peers.filter_map(|(id, _)| Some(self.registry.session(id)?.quality));
        if let Some(worst) = qualities.max_by_key(rank) {
            self.rooms.set_quality(now.instant, key, worst);
        }
    }

    /// A participant speaks, or does no more.
    fn audio_level(&mut self, now: Now, stream: StreamId, level: Option<u8>) {
        let Some(name) = self.registry.name(stream).cloned() else {
            return;
        };
        match level {
            Some(level) => self.audio_levels.insert(name.clone(), level),
            None => self.audio_levels.remove(&name),
        };
        self.show_speakers(now, &RoomName::of(&name));
    }

    fn channel_message(&mut self, session: SessionId, message: ChannelMessage) {
        let session = self.registry.session(session);
        if let Some(from) = session.and_then(|session| session.owner.participant()) {
            self.outputs
                .push_back(Output::ChannelMessage { from, message });
        }
    }

    fn stream_status(
        &mut self,
        now: Now,
        stream: StreamId,
        heard: Heard,
        tracks: Vec<TrackStatus>,
    ) {
        if let Some(name) = self.registry.report(stream, heard, tracks) {
            self.announce(now, &name);
            self.report(now, &name);
        }
    }
}
