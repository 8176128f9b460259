//! One SSRC: its SRTP indices, and the layer that its packets belong to.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rtp::{LayerIndex, seq};

use super::reception::Reception;
use crate::index::SectionIndex;
use crate::window::Window;

/// Words of the replay window, 64 numbers each: a packet that lags further behind the newest one,
/// by two seconds at 10 Mbit/s, is refused. RFC 3711 §3.3.2 asks for one word.
pub(super) const WINDOW_WORDS: usize = 32;

/// A source that sent within this time counts as running.
const RUNS_FOR: Duration = Duration::from_secs(1);

/// A layer of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) section: SectionIndex,
    pub(super) layer: LayerIndex,
}

/// What a source sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Media,
    /// Retransmissions of the source with this SSRC; `None` until it is known.
    Rtx {
        of: Option<u32>,
    },
}

/// One SSRC that has sent an authentic packet.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) ssrc: u32,
    /// `None` for a source of a section that was closed: its rollover counter is needed if the
    /// section is opened again.
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
    /// Creates a source whose first packet has this index. That is its sequence number, since the
    /// rollover counter begins at zero.
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

    /// Loads into the cache the state that the next packet needs.
    pub(super) fn prefetch(&self) {
        black_box((self.ssrc, self.highest, self.heard));
    }

    /// Returns the sequence number extended by the rollover counter.
    pub(super) fn index(&self, seq: u16) -> u64 {
        seq::extend16(self.highest, seq)
    }

    /// Whether a packet with this index arrived before, or is too old for the window.
    pub(super) fn has_had(&self, index: u64) -> bool {
        !self.came.is_new(index)
    }

    /// Records an authentic packet.
    pub(super) fn take(&mut self, now: Instant, index: u64) {
        self.came.take(index);
        self.highest = self.highest.max(index);
        self.heard = now;
        self.is_over = false;
    }

    /// Handles a BYE of the source (RFC 3550 §6.6).
    pub(super) fn end(&mut self) {
        self.is_over = true;
    }

    /// Whether the source has sent recently and has not ended.
    pub(super) fn runs(&self, now: Instant) -> bool {
        !self.is_over && now.saturating_duration_since(self.heard) < RUNS_FOR
    }

    /// Returns when its last packet arrived.
    pub(super) fn heard(&self) -> Instant {
        self.heard
    }
}
