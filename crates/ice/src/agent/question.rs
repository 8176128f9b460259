use std::time::{Duration, Instant};

use super::generations::Generation;
use crate::credentials::fill_random;
use crate::stun::{TransactionId, Writer};

/// Requests that one probe sends before it is given up. The client's next check of the path starts
/// a new probe.
pub const ATTEMPTS_MAX: u8 = 4;
/// The time until the first retransmission; it doubles each time. RFC 8445 §14.3 asks for 500 ms
/// where the round trip is unknown. These requests are few, and a viewer waits for its picture.
pub const RETRY_AFTER: Duration = Duration::from_millis(250);

/// The priority of a host candidate with the highest local preference, component 1 (RFC 8445
/// §5.1.2.1). Clients need the attribute to be present; its value does not matter for a lite agent.
const PRIORITY: u32 = (126 << 24) | (0xffff << 8) | 255;

/// A probe: a Binding request that finds out whether the peer receives what we send over a path.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) motive: Motive,
    /// The generation whose credentials the request uses.
    pub(super) generation: u32,
    /// When the request is sent, retransmitted, or given up.
    pub(super) due: Instant,
    id: TransactionId,
    attempts: u8,
}

/// Why a path is probed, which decides what its answer leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Motive {
    /// The client nominated the path. An answer selects it.
    Nominated,
    /// The selected path fell silent and the client uses this one. An answer selects it, unless
    /// the selected path has been heard since.
    Silence { since: Instant },
    /// This is the selected path and it fell silent. An answer shows that it is alive.
    Liveness { since: Instant },
    /// The DTLS handshake needs to know that the path leads to its peer.
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

    /// Changes why the path is probed, and when, as far as the pending probe allows.
    pub(super) fn change(&mut self, motive: Motive, due: Instant) {
        // A nomination overrides the other motives, and takes over a request that is in flight.
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

    /// Whether a response with this transaction id may answer this probe.
    pub(super) fn matches(&self, id: &TransactionId) -> bool {
        self.was_sent() && self.id == *id
    }

    /// Whether the probe is unnecessary, because the selected path was heard at `heard`.
    pub(super) fn is_settled_by(&self, heard: Instant) -> bool {
        match self.motive {
            Motive::Silence { since } | Motive::Liveness { since } => heard > since,
            Motive::Nominated | Motive::Handshake => false,
        }
    }

    /// Appends the request, the same each time (RFC 8489 §6.2.1), and schedules the next attempt.
    pub(super) fn write(
        &mut self,
        now: Instant,
        generation: &Generation,
        tie_breaker: u64,
        out: &mut Vec<u8>,
    ) {
        let Some(remote) = &generation.remote else {
            // Without the peer's password there is nothing to send: the probe is over.
            self.attempts = ATTEMPTS_MAX;
            return;
        };
        if !self.was_sent() {
            fill_random(&mut self.id);
        }
        // RFC 8445 §7.1: the attributes of a controlled agent's check.
        Writer::binding_request(out, self.id)
            .username(remote.ufrag(), generation.local.ufrag())
            .priority(PRIORITY)
            .controlled(tie_breaker)
            .finish(Some(remote.pwd().as_bytes()));
        self.due = now + RETRY_AFTER * (1 << self.attempts.min(ATTEMPTS_MAX));
        self.attempts += 1;
    }
}
