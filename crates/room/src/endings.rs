use std::sync::Arc;
use std::time::Instant;

use rtp::Kind;

use super::context::Context;
use super::state::RoomState;
use super::timers::Timer;
use super::{EndReason, Event, ParticipantKey, RoomName, Rooms, WebhookEvent};
use model::StreamName;

impl Rooms {
    /// Ends a participation. A room that is empty then ends after a while, or at once if no
    /// participant proved that it was there. Returns false if the participation is over already.
    pub(super) fn end(
        &mut self,
        now: Instant,
        key: ParticipantKey,
        reason: EndReason,
        text: Option<String>,
    ) -> bool {
        let Some((room, cx)) = self.at(key) else {
            return false;
        };
        room.end_member(now, key, reason, text, cx);
        let left = room.members.is_empty().then(|| room.name.clone());
        if let Some(name) = left {
            if room.is_proved {
                let at = now + cx.limits.empty_grace;
                cx.empty.begin(name, at);
            } else {
                // No participant was ever proved: offers to invented names must not keep rooms.
                self.end_room(&name, EndReason::Closed, None);
            }
        }
        self.places.remove(&key);
        true
    }

    /// Ends a room with all participations in it. Returns false if there is no such room.
    pub(super) fn end_room(
        &mut self,
        name: &RoomName,
        reason: EndReason,
        text: Option<String>,
    ) -> bool {
        let Some(mut room) = self.rooms.remove(name) else {
            return false;
        };
        for key in room.members.keys() {
            self.places.remove(key);
        }
        room.end_all(reason, text, &mut self.context);
        true
    }
}

impl RoomState {
    /// Ends a participation: first its streams, then its subscriptions, then itself. The
    /// participant's own last event comes after all others that it gets.
    fn end_member(
        &mut self,
        now: Instant,
        key: ParticipantKey,
        reason: EndReason,
        text: Option<String>,
        cx: &mut Context,
    ) {
        for stream in self.streams_of(key) {
            self.remove_stream(now, &stream, cx);
        }
        // It still gets what was gathered for it, but not that it leaves.
        self.flush_one(key, cx);
        self.log.remove(key);
        let Some(mut member) = self.members.remove(&key) else {
            return;
        };
        for (stream, kind) in member.subscriptions.end_all() {
            cx.drop(key, &stream, kind);
        }
        cx.timers.cancel(Timer::Lost(key));
        let id = member.participant.id.clone();
        self.keys.remove(&id);
        if member.is_seen() {
            self.seen -= 1;
            self.tell(now, Event::ParticipantLeft { id, reason }, cx);
            self.counts_changed(now, cx);
            cx.webhook(WebhookEvent::ParticipantLeft {
                room: self.name.clone(),
                participant: member.participant.id,
                reason,
            });
        }
        cx.deliver(vec![key], Arc::new([Event::Ended { reason, text }]));
        cx.end_participant(key);
    }

    /// Ends a stream: tells all participants, and takes its tracks from its viewers.
    pub(super) fn remove_stream(&mut self, now: Instant, stream: &StreamName, cx: &mut Context) {
        let Some(published) = self.streams.remove(stream) else {
            return;
        };
        cx.end_stream(published.owner, stream);
        self.tell(now, Event::StreamRemoved(published.stream.clone()), cx);
        for kind in published.kinds() {
            self.hide(stream, kind, cx);
        }
        for member in self.members.values_mut() {
            member.subscriptions.forget(stream);
        }
        cx.webhook(WebhookEvent::StreamEnded {
            room: self.name.clone(),
            stream: stream.clone(),
        });
    }

    /// Ends the room with all participations in it. Each participant is told only of its own end:
    /// no one is left who would need to know of the others'.
    fn end_all(&mut self, reason: EndReason, text: Option<String>, cx: &mut Context) {
        self.flush(cx);
        for (stream, published) in std::mem::take(&mut self.streams) {
            cx.end_stream(published.owner, &stream);
            for kind in published.kinds() {
                self.hide(&stream, kind, cx);
            }
            cx.webhook(WebhookEvent::StreamEnded {
                room: self.name.clone(),
                stream,
            });
        }
        if !self.members.is_empty() {
            let to = self.members.keys().copied().collect();
            cx.deliver(to, Arc::new([Event::Ended { reason, text }]));
        }
        for (key, member) in std::mem::take(&mut self.members) {
            if member.is_seen() {
                cx.webhook(WebhookEvent::ParticipantLeft {
                    room: self.name.clone(),
                    participant: member.participant.id,
                    reason,
                });
            }
            cx.timers.cancel(Timer::Lost(key));
            cx.end_participant(key);
        }
        cx.timers.cancel(Timer::Counts(self.name.clone()));
        cx.empty.cancel(self.name.clone());
        cx.webhook(WebhookEvent::RoomEnded {
            room: self.name.clone(),
        });
    }

    fn streams_of(&self, key: ParticipantKey) -> Vec<StreamName> {
        let own = self.streams.iter().filter(|(_, p)| p.owner == key);
        own.map(|(name, _)| name.clone()).collect()
    }

    /// Takes a track that ended from all participants that were given it.
    pub(super) fn hide(&mut self, stream: &StreamName, kind: Kind, cx: &mut Context) {
        for (key, member) in &mut self.members {
            if member.subscriptions.end(stream, kind) {
                cx.drop(*key, stream, kind);
            }
        }
    }
}
