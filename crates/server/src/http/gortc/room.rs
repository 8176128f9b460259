//! A session in one of its rooms.

use std::collections::BTreeMap;
use std::time::Instant;

use broadcast::room::{Event, ParticipantId, ParticipantKey};
use broadcast::{SessionId, StreamName};
use tokio::sync::mpsc;

use crate::control::{Control, EventBatch};

/// Streams that one user watches in one room at a time. One more is refused.
pub(super) const WATCHES_MAX: usize = 512;

/// Somebody in a room.
#[derive(Debug)]
pub(super) struct InRoom {
    pub(super) key: ParticipantKey,
    pub(super) events: mpsc::Receiver<EventBatch>,
    /// Own streams from which nothing comes, and when they end for that.
    silent: BTreeMap<StreamName, Instant>,
    /// Streams that it watches, by `sid`.
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

    /// The own stream that ends first, and when.
    pub(super) fn silent(&self) -> Option<(&StreamName, Instant)> {
        let streams = self.silent.iter().map(|(stream, at)| (stream, *at));
        streams.min_by_key(|(_, at)| *at)
    }

    /// A stream is published: it has until then to begin.
    pub(super) fn published(&mut self, stream: StreamName, until: Instant) {
        self.silent.insert(stream, until);
    }

    /// A stream is not published any more.
    pub(super) fn unpublished(&mut self, stream: &StreamName) {
        self.silent.remove(stream);
    }

    /// Takes note of what own streams do. One that falls silent has until then to go on.
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

    /// Whether there is no place to watch another stream. Forgets those whose connection is over.
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

    /// Ends one watching of a stream, if there is such a one.
    pub(super) fn close_watch(&mut self, sid: &str, stream: &StreamName, control: &Control) {
        let is_it = |watch: &&Watch| watch.stream == *stream;
        if let Some(watch) = self.watches.get(sid).filter(is_it) {
            control.close_single(self.key, watch.session);
            self.watches.remove(sid);
        }
    }

    /// A stream is over, and so is all watching of it.
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
