//! The data channels of clients: pings, and the word that video flows.

use std::time::{Duration, Instant};

/// A broadcaster whose video flows pings at least as often; the connection of one that does not
/// is closed. Clients ping every 500 ms.
pub const PING_SILENCE_MAX: Duration = Duration::from_secs(3);

/// How often a broadcaster hears that its video flows.
pub const VIDEO_OK_EVERY: Duration = Duration::from_secs(1);

/// What is told on [`Label::VideoCheck`].
pub(super) const VIDEO_OK: &str = "video-ok";

/// What a data channel is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// Clients ping on it.
    HealthCheck,
    /// Broadcasters hear on it that their video flows.
    VideoCheck,
}

impl Label {
    /// As clients write it; `None`: nothing that the dialect knows.
    pub fn of(label: &str) -> Option<Self> {
        match label {
            "health-check" => Some(Self::HealthCheck),
            "video-check" => Some(Self::VideoCheck),
            _ => None,
        }
    }
}

/// Of one connection.
#[derive(Debug, Default)]
pub(super) struct Health {
    pinged: Option<Instant>,
    /// Since the video of a broadcaster flows.
    watched: Option<Watched>,
}

#[derive(Debug)]
struct Watched {
    since: Instant,
    next_ok: Instant,
}

/// It is time for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    VideoOk,
    Silent,
}

impl Health {
    /// The video of a broadcaster flows. Pings are waited for from now on, whether there were any
    /// or not.
    pub(super) fn video_came(&mut self, now: Instant) {
        let fresh = || Watched {
            since: now,
            next_ok: now,
        };
        self.watched.get_or_insert_with(fresh);
    }

    /// Takes a text of the channel for pings. Returns the answer; `None` when it is no ping.
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
        // Those that were missed are left out, and the rhythm stays.
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
