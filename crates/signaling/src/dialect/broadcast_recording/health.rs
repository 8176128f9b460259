//! The data channels of clients: their pings, and the confirmation that video flows.

use std::time::{Duration, Instant};

/// The longest pause between two pings of a broadcaster whose video flows; beyond it, its
/// connection is closed. Clients ping every 500 ms.
pub const PING_SILENCE_MAX: Duration = Duration::from_secs(3);

/// How often a broadcaster is told that its video flows.
pub const VIDEO_OK_EVERY: Duration = Duration::from_secs(1);

/// The text sent on [`Label::VideoCheck`].
pub(super) const VIDEO_OK: &str = "video-ok";

/// The purpose of a data channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// Clients send pings on it.
    HealthCheck,
    /// The server tells broadcasters on it that their video flows.
    VideoCheck,
}

impl Label {
    /// Reads the label of a channel; `None` for one that the dialect does not know.
    pub fn of(label: &str) -> Option<Self> {
        match label {
            "health-check" => Some(Self::HealthCheck),
            "video-check" => Some(Self::VideoCheck),
            _ => None,
        }
    }
}

/// The health of one connection.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// When the last ping came.
    pinged: Option<Instant>,
    /// Set once the video of a broadcaster flows.
    watched: Option<Watched>,
}

#[derive(Debug)]
struct Watched {
    since: Instant,
    next_ok: Instant,
}

/// What [`Health::handle_timeout`] found due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    VideoOk,
    Silent,
}

impl Health {
    /// Records that the video of a broadcaster flows. From now on pings are required, whether the
    /// client has sent any or not.
    pub(super) fn video_came(&mut self, now: Instant) {
        let fresh = || Watched {
            since: now,
            next_ok: now,
        };
        self.watched.get_or_insert_with(fresh);
    }

    /// Handles a text from the channel for pings. Returns the pong; `None` when the text is no
    /// ping.
    pub(super) fn text(&mut self, now: Instant, text: &str) -> Option<String> {
        let mark = text.split('-').nth(1)?;
        self.pinged = Some(now);
        Some(format!("pong-{mark}"))
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let watched = self.watched.as_ref()?;
        Some(watched.next_ok.min(self.silent_at(watched)))
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) -> Option<Due> {
        let watched = self.watched.as_ref()?;
        if now >= self.silent_at(watched) {
            self.watched = None;
            return Some(Due::Silent);
        }
        let watched = self.watched.as_mut().filter(|w| now >= w.next_ok)?;
        // Missed confirmations are skipped, so that the next one keeps its schedule.
        while watched.next_ok <= now {
            watched.next_ok += VIDEO_OK_EVERY;
        }
        Some(Due::VideoOk)
    }

    fn silent_at(&self, watched: &Watched) -> Instant {
        let last = self
            .pinged
            .map_or(watched.since, |at| at.max(watched.since));
        last + PING_SILENCE_MAX
    }
}
