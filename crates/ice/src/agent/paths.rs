use std::time::{Duration, Instant};

use super::question::Question;
use crate::Path;

/// Paths of one session. A client that tries each of its four addresses with four of the server's
/// uses all of them. Checks over further paths are neither verified nor answered.
pub const PATHS_MAX: usize = 16;
/// A path that carried nothing authentic for this long gives way to a new one when there are
/// [`PATHS_MAX`]. Clients repeat checks of paths they care about more often (RFC 8445 §14: Tr is
/// 15 s at most for the one in use, which never gives way).
pub const PATH_IDLE: Duration = Duration::from_secs(10);
/// An unproved address gets at most this many times the bytes that came from it, which is the
/// limit of QUIC (RFC 9000 §8.1).
pub const AMPLIFICATION_MAX: u64 = 3;
/// Bytes that the path of the handshake gets in any case: four flights of DTLS with their headers.
/// A minimal client sends one small check and a ClientHello, and answers no probes; three times its
/// bytes are less than one flight. A session has one such path at a time, and 16 in all.
pub const HANDSHAKE_FREE: u64 = 4_800;
/// Bytes of the IPv4 and UDP headers. They count in both directions, since links carry them too.
const DATAGRAM_HEADERS: u64 = 28;

/// The paths that authentic checks came over. The first one is the lead path: media or the
/// handshake goes over it, so that the lookup for a media packet ends at once.
#[derive(Debug, Default)]
pub(super) struct Paths(Vec<Known>);

/// The state of one path.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) path: Path,
    /// When something authentic last came over the path.
    pub(super) heard: Instant,
    pub(super) nominated: Option<Nomination>,
    /// PRIORITY of the latest check; 0 if it had none.
    pub(super) priority: u32,
    /// The generation of the latest check.
    pub(super) generation: u32,
    /// The peer has received something that was sent over this path.
    pub(super) proved: bool,
    pub(super) question: Option<Box<Question>>,
    received: u64,
    sent: u64,
}

/// A check with USE-CANDIDATE.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nomination {
    pub(super) at: Instant,
    pub(super) generation: u32,
}

impl Known {
    fn new(path: Path, now: Instant) -> Self {
        Self {
            path,
            heard: now,
            nominated: None,
            priority: 0,
            generation: 0,
            proved: false,
            question: None,
            received: 0,
            sent: 0,
        }
    }

    pub(super) fn count_received(&mut self, length: usize) {
        self.received = self.received.saturating_add(on_the_wire(length));
    }

    /// Whether a datagram of `length` bytes may be sent. Counts it if so. `free` bytes may be sent
    /// however little was received.
    pub(super) fn may_send(&mut self, length: usize, free: u64) -> bool {
        let sent = self.sent.saturating_add(on_the_wire(length));
        let limit = self.received.saturating_mul(AMPLIFICATION_MAX).max(free);
        let allowed = self.proved || sent <= limit;
        if allowed {
            self.sent = sent;
        }
        allowed
    }
}

fn on_the_wire(length: usize) -> u64 {
    (length as u64).saturating_add(DATAGRAM_HEADERS)
}

impl Paths {
    pub(super) fn lead(&self) -> Option<&Known> {
        self.0.first()
    }

    pub(super) fn position(&self, path: &Path) -> Option<usize> {
        self.0.iter().position(|known| known.path == *path)
    }

    pub(super) fn get(&self, index: usize) -> Option<&Known> {
        self.0.get(index)
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Known> {
        self.0.get_mut(index)
    }

    pub(super) fn find_mut(&mut self, path: &Path) -> Option<&mut Known> {
        self.0.iter_mut().find(|known| known.path == *path)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Known> {
        self.0.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Known> {
        self.0.iter_mut()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether this path is known or there is room for it.
    pub(super) fn has_place(&self, path: &Path, now: Instant) -> bool {
        self.0.len() < PATHS_MAX
            || self.position(path).is_some()
            || self.idle_position(now).is_some()
    }

    /// Adds the path if it is new. Returns its index and whether it was new, or `None` if there is
    /// no room.
    pub(super) fn enter(&mut self, path: Path, now: Instant) -> Option<(usize, bool)> {
        if let Some(index) = self.position(&path) {
            return Some((index, false));
        }
        let known = Known::new(path, now);
        if self.0.len() < PATHS_MAX {
            self.0.push(known);
            return Some((self.0.len() - 1, true));
        }
        let index = self.idle_position(now)?;
        *self.0.get_mut(index)? = known;
        Some((index, true))
    }

    /// The path that has been silent the longest, if for [`PATH_IDLE`]. Never the lead path.
    fn idle_position(&self, now: Instant) -> Option<usize> {
        let others = self.0.iter().enumerate().skip(1);
        let (index, known) = others.min_by_key(|(_, known)| known.heard)?;
        (now.saturating_duration_since(known.heard) >= PATH_IDLE).then_some(index)
    }

    /// Makes this path the lead path.
    pub(super) fn make_lead(&mut self, index: usize) {
        if index < self.0.len() {
            self.0.swap(0, index);
        }
    }
}
