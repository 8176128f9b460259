//! What rooms decide, carried out.

use room::{ParticipantKey, RoomName, Topology, WebhookEvent};

use crate::core::Core;
use crate::now::Now;
use crate::output::{Fact, Output};
use crate::participant::Transport;
use crate::peer::Track;

impl Core {
    pub(crate) fn room_output(&mut self, now: Now, output: room::Output) {
        match output {
            room::Output::Deliver { to, events } => {
                self.outputs.push_back(Output::Deliver { to, events });
            }
            room::Output::View {
                participant,
                stream,
                kind,
            } => self.view(now, participant, Track { stream, kind }),
            room::Output::Drop {
                participant,
                stream,
                kind,
            } => self.hide(now, participant, &Track { stream, kind }),
            room::Output::TrackSettings {
                participant,
                stream,
                kind,
                settings,
            } => self.set_track_settings(participant, Track { stream, kind }, settings),
            room::Output::EndStream {
                participant,
                stream,
            } => {
                if self.audio_levels.remove(&stream).is_some() {
                    self.show_speakers(now, &RoomName::of(&stream));
                }
                self.end_stream(now, participant, &stream);
            }
            room::Output::EndParticipant { participant } => self.forget(now, participant),
            room::Output::Webhook(event) => {
                let ended = match &event {
                    WebhookEvent::StreamEnded { stream, .. } => Some(stream.clone()),
                    _ => None,
                };
                let topology = Topology::Sfu;
                self.fact(Fact::Room { topology, event });
                if let Some(stream) = ended {
                    self.close_publisher(now, &stream);
                }
            }
        }
    }

    /// A track is to be shown to a participant.
    fn view(&mut self, now: Now, key: ParticipantKey, track: Track) {
        let stream = track.stream.clone();
        match self.participants.transport(key) {
            Some(Transport::Split(_)) => self.view_by_subscriber(now, key, track),
            Some(Transport::Unified(_)) => self.view_by_unified(now, key, track),
            // It opens a session for each stream that it wants.
            Some(Transport::PerStream(_)) | None => return,
        }
        self.unsettled.insert(key);
        self.announce(now, &stream);
    }

    /// A track is to be shown no more.
    fn hide(&mut self, now: Now, key: ParticipantKey, track: &Track) {
        let showing = match self.participants.transport_mut(key) {
            Some(Transport::PerStream(_)) | None => return,
            Some(transport) => transport.forget(track),
        };
        let hidden = showing
            .and_then(|showing| showing.hide(now, track, &mut self.registry, &mut *self.random));
        if let Some((shard, command)) = hidden {
            self.command(shard, command);
        }
        self.unsettled.insert(key);
        self.announce(now, &track.stream);
    }

    /// A participation is over, and its last event is delivered.
    fn forget(&mut self, now: Now, key: ParticipantKey) {
        self.outputs.push_back(Output::Ended { participant: key });
        let Some(participant) = self.participants.remove(key) else {
            return;
        };
        self.unsettled.remove(&key);
        for (session, _) in participant.transport.peers() {
            self.order_close(session);
            let Some(removed) = self.registry.remove(now.instant, session) else {
                continue;
            };
            for stream in removed.streams.keys() {
                self.announce(now, stream);
            }
        }
    }
}
