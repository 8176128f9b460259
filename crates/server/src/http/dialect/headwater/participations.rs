//! All participations by this protocol, found by the secrets that resume them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use signaling::dialect::headwater;

use super::link::Link;
use crate::control::EventBatch;

/// How long a client can learn why its participation ended.
const ENDED_KEPT: Duration = Duration::from_secs(30);

/// How many of these are kept. The oldest gives way.
const ENDED_MAX: usize = 10_000;

/// The present participations, and those that ended a moment ago: a client that resumes one of
/// these is told why.
#[derive(Debug, Default)]
pub(super) struct Participations {
    table: Mutex<Table>,
    written: Mutex<Option<Written>>,
}

#[derive(Debug, Default)]
struct Table {
    present: BTreeMap<u128, Arc<Link>>,
    /// Oldest first.
    ended: VecDeque<Ended>,
}

#[derive(Debug)]
struct Ended {
    at: Instant,
    secret: u128,
    link: Arc<Link>,
}

/// The event batch that was written last, with the body of its frame.
#[derive(Debug)]
struct Written {
    events: EventBatch,
    body: Arc<str>,
}

impl Participations {
    /// Adds a participation that its client resumes by this secret.
    pub(super) fn insert(&self, secret: u128, link: Arc<Link>) {
        self.table().present.insert(secret, link);
    }

    /// Closes the link of a participation, and keeps it for a while.
    pub(super) fn end(&self, secret: u128, now: Instant) {
        let mut table = self.table();
        let Some(link) = table.present.remove(&secret) else {
            return;
        };
        link.close();
        let ended = &mut table.ended;
        ended.push_back(Ended {
            at: now,
            secret,
            link,
        });
        while ended.len() > ENDED_MAX || ended.front().is_some_and(|ended| ended.is_old(now)) {
            ended.pop_front();
        }
    }

    /// The participation with this secret, also one that has ended a moment ago.
    pub(super) fn find(&self, secret: u128, now: Instant) -> Option<Arc<Link>> {
        let table = self.table();
        if let Some(link) = table.present.get(&secret) {
            return Some(link.clone());
        }
        let mut ended = table.ended.iter().rev();
        let ended = ended.find(|ended| ended.secret == secret && !ended.is_old(now))?;
        Some(ended.link.clone())
    }

    /// The body of the frame for an event batch, which is written once for all who get it: they
    /// get it one after the other.
    pub(super) fn written(&self, events: &EventBatch) -> Arc<str> {
        let mut last = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = &*last
            && Arc::ptr_eq(&last.events, events)
        {
            return last.body.clone();
        }
        let written: Vec<headwater::Event> = events.iter().map(headwater::Event::from).collect();
        let body: Arc<str> = headwater::events(&written).into();
        // With its events, so that no other batch can have their address.
        *last = Some(Written {
            events: events.clone(),
            body: body.clone(),
        });
        body
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // A poisoned lock is fine: no change leaves the table half done.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ended {
    fn is_old(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.at) > ENDED_KEPT
    }
}

#[cfg(test)]
mod tests {
    use room::{Event, ParticipantKey};

    use super::*;

    #[test]
    fn batch_is_written_once_for_all_receivers() {
        let participations = Participations::default();
        let batch = || -> EventBatch { Arc::new([Event::Speakers(Vec::new())]) };
        let (one, other) = (batch(), batch());
        let first = participations.written(&one);
        assert!(Arc::ptr_eq(&first, &participations.written(&one)));
        assert!(!Arc::ptr_eq(&first, &participations.written(&other)));
    }

    #[test]
    fn ended_participation_is_found_for_30_s() {
        let (participations, now) = (Participations::default(), Instant::now());
        participations.insert(7, Link::new(ParticipantKey(1), 1));
        participations.end(7, now);
        let found = |now| participations.find(7, now);
        assert!(found(now + ENDED_KEPT).is_some_and(|link| link.is_over()));
        let later = now + ENDED_KEPT + Duration::from_secs(1);
        assert!(found(later).is_none());
    }
}
