use std::time::{Duration, Instant};

use super::generations::Generation;
use crate::credentials::fill_random;
use crate::stun::{TransactionId, Writer};

/// Requests of ours over one path before the question is given up. The client's next check of the
/// path asks it anew.
pub const ATTEMPTS_MAX: u8 = 4;
/// The time until the first retransmission; it doubles each time. RFC 8445 §14.3 asks for 500 ms
/// where nothing is known; these requests are few, and a viewer waits for its picture.
pub const RETRY_AFTER: Duration = Duration::from_millis(250);

/// type preference of a host candidate, any local preference, component 1 (RFC 8445 §5.1.2.1).
/// Clients need the attribute to be there; a lite agent has one candidate as good as another.
const PRIORITY: u32 = (126 << 24) | (0xffff << 8) | 255;

/// A Binding request of ours to find out whether the peer receives what is sent over a path.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) motive: Motive,
    /// The generation whose credentials it is asked with.
    pub(super) generation: u32,
    /// When it is sent, or sent again, or given up.
    pub(super) due: Instant,
    id: TransactionId,
    attempts: u8,
}

/// Why a path is asked, and so what its answer leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Motive {
    /// The client nominated the path: an answer selects it.
    Nominated,
    /// The selected path fell silent and the client uses this one: an answer selects it, unless
    /// the selected path was heard since.
    Silence { since: Instant },
    /// The path is the selected one and fell silent: an answer shows that it lives.
    Liveness { since: Instant },
    /// DTLS needs to know that the path leads to its peer.
    Handshake,
}

impl Question {
    pub(super) fn new(motive: Motive, generation: u32, due: Instant) -> Self {
        Self {
            motive,
            generation,
            due,
            id: TransactionId::default(),
            attempts: 0,
        }
    }

    /// The path is to be asked for another reason, or again.
    pub(super) fn change(&mut self, motive: Motive, due: Instant) {
        // A nomination outlasts lesser reasons, and takes over a request that is on its way.
        if motive == Motive::Nominated {
            self.motive = motive;
            if !self.was_sent() {
                self.due = due;
            }
        } else if self.motive != Motive::Nominated && !self.was_sent() {
            self.motive = motive;
            self.due = due;
        }
    }

    pub(super) fn was_sent(&self) -> bool {
        self.attempts > 0
    }

    pub(super) fn is_over(&self) -> bool {
        self.attempts >= ATTEMPTS_MAX
    }

    /// Whether an answer with this id may be one to this question.
    pub(super) fn matches(&self, id: &TransactionId) -> bool {
        self.was_sent() && self.id == *id
    }

    /// Whether hearing the selected path at `heard` makes the question needless.
    pub(super) fn is_settled_by(&self, heard: Instant) -> bool {
        match self.motive {
            Motive::Silence { since } | Motive::Liveness { since } => heard > since,
            Motive::Nominated | Motive::Handshake => false,
        }
    }

    /// Appends the request, the same each time (RFC 8489 §6.2.1), and schedules the next step.
    pub(super) fn write(
        &mut self,
        now: Instant,
        generation: &Generation,
        tie_breaker: u64,
        out: &mut Vec<u8>,
    ) {
        let Some(remote) = &generation.remote else {
            self.attempts = ATTEMPTS_MAX;
            return;
        };
        if !self.was_sent() {
            fill_random(&mut self.id);
        }
        // RFC 8445 §7.1: what a check of a controlled agent consists of.
        Writer::binding_request(out, self.id)
            .username(remote.ufrag(), generation.local.ufrag())
            .priority(PRIORITY)
            .controlled(tie_breaker)
            .finish(Some(remote.pwd().as_bytes()));
        self.due = now + RETRY_AFTER * (1 << self.attempts.min(ATTEMPTS_MAX));
        self.attempts += 1;
    }
}
