//! One SSRC: its numbers under SRTP, and where its packets belong.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rtp::seq;

use super::reception::Reception;
use crate::window::Window;

/// A packet that comes so much later than the newest, 64 times as many, is refused: two seconds
/// at 10 Mbit/s. RFC 3711 §3.3.2 asks for one word.
pub(super) const WINDOW_WORDS: usize = 32;

/// A source that sent within this time still runs.
const RUNS_FOR: Duration = Duration::from_secs(1);

/// A layer of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) section: usize,
    pub(super) layer: usize,
}

/// What a source sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Media,
    /// Retransmissions of the source with this SSRC; `None` until that is known.
    Rtx {
        of: Option<u32>,
    },
}

/// One SSRC that has sent an authentic packet.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) ssrc: u32,
    /// `None` for a source of a section that was closed: when it comes back, its count of wraps
    /// is still needed.
    pub(super) place: Option<Place>,
    pub(super) role: Role,
    pub(super) reception: Reception,
    /// Highest sequence number, extended by the rollover counter (RFC 3711 §3.3.1).
    highest: u64,
    came: Window<WINDOW_WORDS>,
    heard: Instant,
    is_over: bool,
}

impl Source {
    /// A source whose first packet has this index: its sequence number, since the rollover
    /// counter begins at zero.
    pub(super) fn new(now: Instant, ssrc: u32, index: u64) -> Self {
        Self {
            ssrc,
            place: None,
            role: Role::Media,
            reception: Reception::default(),
            highest: index,
            came: Window::default(),
            heard: now,
            is_over: false,
        }
    }

    /// Reads what the next packet will need.
    pub(super) fn prefetch(&self) {
        black_box((self.ssrc, self.highest, self.heard));
    }

    /// The sequence number extended by the rollover counter.
    pub(super) fn index(&self, seq: u16) -> u64 {
        seq::extend16(self.highest, seq)
    }

    /// Whether a packet with this index came before, or is too old to tell.
    pub(super) fn has_had(&self, index: u64) -> bool {
        !self.came.is_new(index)
    }

    /// Takes an authentic packet.
    pub(super) fn take(&mut self, now: Instant, index: u64) {
        self.came.take(index);
        self.highest = self.highest.max(index);
        self.heard = now;
        self.is_over = false;
    }

    /// The source said that it ends (RFC 3550 §6.6).
    pub(super) fn end(&mut self) {
        self.is_over = true;
    }

    pub(super) fn runs(&self, now: Instant) -> bool {
        !self.is_over && now.saturating_duration_since(self.heard) < RUNS_FOR
    }

    /// When its last packet came.
    pub(super) fn heard(&self) -> Instant {
        self.heard
    }
}
