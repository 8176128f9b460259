//! A session in one of its rooms.

use std::collections::BTreeMap;
use std::time::Instant;

use model::{SessionId, StreamName};
use room::{Event, ParticipantId, ParticipantKey};
use tokio::sync::mpsc;

use crate::control::{Control, EventBatch};

/// Streams that one user can watch in one room at a time; one more is refused.
pub(super) const WATCHES_MAX: usize = 512;

/// The participation of a user in one room.
#[derive(Debug)]
pub(super) struct InRoom {
    pub(super) key: ParticipantKey,
    pub(super) events: mpsc::Receiver<EventBatch>,
    /// The user's streams without media, and when they end because of that.
    silent: BTreeMap<StreamName, Instant>,
    /// Streams that the user watches, by `sid`.
    watches: BTreeMap<String, Watch>,
}

#[derive(Debug)]
struct Watch {
    session: SessionId,
    stream: StreamName,
}

impl InRoom {
    pub(super) fn new(key: ParticipantKey, events: mpsc::Receiver<EventBatch>) -> Self {
        Self {
            key,
            events,
            silent: BTreeMap::new(),
            watches: BTreeMap::new(),
        }
    }

    /// The silent stream that ends first, and when.
    pub(super) fn silent(&self) -> Option<(&StreamName, Instant)> {
        let streams = self.silent.iter().map(|(stream, at)| (stream, *at));
        streams.min_by_key(|(_, at)| *at)
    }

    /// Adds a published stream, which ends unless media arrives before `until`.
    pub(super) fn published(&mut self, stream: StreamName, until: Instant) {
        self.silent.insert(stream, until);
    }

    /// Removes a stream that is no longer published.
    pub(super) fn unpublished(&mut self, stream: &StreamName) {
        self.silent.remove(stream);
    }

    /// Notes whether the user's streams are active. One that falls silent ends at `until` unless
    /// media arrives again.
    pub(super) fn note(&mut self, event: &Event, me: &ParticipantId, until: Instant) {
        match event {
            Event::StreamChanged(stream) if stream.participant == *me => {
                if stream.active {
                    self.silent.remove(&stream.name);
                } else {
                    self.silent.entry(stream.name.clone()).or_insert(until);
                }
            }
            Event::StreamRemoved(stream) => self.unpublished(&stream.name),
            _ => {}
        }
    }

    /// Whether the user watches [`WATCHES_MAX`] streams. Drops those whose sessions have ended
    /// first.
    pub(super) fn is_full(&mut self, control: &Control) -> bool {
        if self.watches.len() >= WATCHES_MAX {
            self.watches
                .retain(|_, watch| control.is_open(watch.session));
        }
        self.watches.len() >= WATCHES_MAX
    }

    pub(super) fn is_taken(&self, sid: &str) -> bool {
        self.watches.contains_key(sid)
    }

    pub(super) fn watched(&mut self, sid: String, session: SessionId, stream: StreamName) {
        self.watches.insert(sid, Watch { session, stream });
    }

    /// Ends the session `sid` if it watches this stream.
    pub(super) fn close_watch(&mut self, sid: &str, stream: &StreamName, control: &Control) {
        let is_it = |watch: &&Watch| watch.stream == *stream;
        if let Some(watch) = self.watches.get(sid).filter(is_it) {
            control.close_single(self.key, watch.session);
            self.watches.remove(sid);
        }
    }

    /// Ends all sessions that watch a stream that has ended.
    pub(super) fn close_watches_of(&mut self, stream: &StreamName, control: &Control) {
        let key = self.key;
        self.watches.retain(|_, watch| {
            let stays = watch.stream != *stream;
            if !stays {
                control.close_single(key, watch.session);
            }
            stays
        });
    }
}
