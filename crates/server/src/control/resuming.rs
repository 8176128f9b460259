//! Participations by the Headwater protocol that are over, whose clients may not have seen why: one
//! that resumes is told.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use room::ParticipantKey;

use super::link::Link;
use super::outlets::{Linked, Outlets};

/// How long a client can learn why its participation ended.
const ENDED_KEPT: Duration = Duration::from_secs(30);

/// How many of these are kept. The oldest gives way.
const ENDED_MAX: usize = 10_000;

/// Oldest first.
#[derive(Debug, Default)]
pub(super) struct Ended(VecDeque<EndedParticipation>);

#[derive(Debug)]
struct EndedParticipation {
    at: Instant,
    key: ParticipantKey,
    secret: u128,
    received: u64,
    link: Arc<Link>,
}

/// What a client that resumes goes on with.
pub(super) struct Resumable {
    pub(super) key: ParticipantKey,
    pub(super) link: Arc<Link>,
    /// The highest id of a request that was received.
    pub(super) received: u64,
}

impl Ended {
    /// Closes the link of a participation, and keeps it for a while.
    pub(super) fn keep(&mut self, key: ParticipantKey, linked: Linked, now: Instant) {
        linked.link.close();
        self.0.push_back(EndedParticipation {
            at: now,
            key,
            secret: linked.secret,
            received: linked.received,
            link: linked.link,
        });
        while self.0.len() > ENDED_MAX || self.0.front().is_some_and(|ended| ended.is_old(now)) {
            self.0.pop_front();
        }
    }

    fn find(&self, secret: u128, now: Instant) -> Option<Resumable> {
        let mut ended = self.0.iter().rev();
        let ended = ended.find(|ended| ended.secret == secret && !ended.is_old(now))?;
        Some(Resumable {
            key: ended.key,
            link: ended.link.clone(),
            received: ended.received,
        })
    }
}

impl EndedParticipation {
    fn is_old(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.at) > ENDED_KEPT
    }
}

impl Outlets {
    /// The participation with this secret, also one that has ended a moment ago.
    pub(super) fn find(&self, secret: u128, now: Instant) -> Option<Resumable> {
        let Some(key) = self.secrets.get(&secret) else {
            return self.ended.find(secret, now);
        };
        let linked = self.linked(*key)?;
        Some(Resumable {
            key: *key,
            link: linked.link.clone(),
            received: linked.received,
        })
    }
}
