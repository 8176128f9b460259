//! The HTTP side of each WHIP and WHEP session: limits of its PATCHes and ICE restarts, and its
//! event subscriptions.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use model::SessionId;
use signaling::Problem;
use signaling::dialect::whep::EventKind;
use tokio_util::sync::CancellationToken;

/// PATCHes per second of one session on average, with bursts of [`PATCHES_AT_ONCE`]. A browser
/// sends one per candidate that it finds, some twenty within a second. Further ones are refused
/// with 429.
const PATCHES_PER_SECOND: u32 = 20;

/// The burst above [`PATCHES_PER_SECOND`].
const PATCHES_AT_ONCE: u32 = 40;

/// ICE restarts per minute of one session, on average and in a burst. Each one is work for a media
/// thread. Further ones are refused with 429.
const RESTARTS_PER_MINUTE: u32 = 10;

/// Entries from which on the table is swept of ended sessions.
const SWEEP_FROM: usize = 1_024;

/// Sessions opened over HTTP. An entry may outlive its session until the next sweep.
#[derive(Debug, Default)]
pub(super) struct OpenSessions {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    sessions: BTreeMap<SessionId, OpenSession>,
    /// The number of entries at which the table is swept.
    sweep_at: usize,
}

#[derive(Debug, Default)]
struct OpenSession {
    /// The value of the answer's `a=ice-options`.
    ice_options: Option<String>,
    patches: Allowance,
    restarts: Allowance,
    is_restarting: bool,
    /// Running event streams, by their subscription; the token ends them.
    followed: BTreeMap<Vec<EventKind>, CancellationToken>,
    /// Subscriptions that a DELETE has ended, at most one per set of kinds.
    unsubscribed: Vec<Vec<EventKind>>,
}

impl OpenSessions {
    /// Adds a session that was opened. `is_open` tells whether another one still is, for the sweep.
    pub(super) fn opened(
        &self,
        session: SessionId,
        ice_options: Option<&str>,
        is_open: impl Fn(SessionId) -> bool,
    ) {
        let mut table = self.table();
        let table = &mut *table;
        // Swept each time it has doubled, so that the cost per session is constant.
        if table.sessions.len() >= table.sweep_at.max(SWEEP_FROM) {
            table.sessions.retain(|session, _| is_open(*session));
            table.sweep_at = 2 * table.sessions.len();
        }
        let opened = OpenSession {
            ice_options: ice_options.map(str::to_owned),
            ..OpenSession::default()
        };
        table.sessions.insert(session, opened);
    }

    /// Removes a session that was closed.
    pub(super) fn closed(&self, session: SessionId) {
        self.table().sessions.remove(&session);
    }

    /// Counts a PATCH. Refused with 429 when there are too many.
    pub(super) fn take_patch(&self, session: SessionId, now: Instant) -> Result<(), Problem> {
        let interval = Duration::from_secs(1) / PATCHES_PER_SECOND;
        let taken = self.with(session, |open| {
            open.patches.take(now, interval, PATCHES_AT_ONCE)
        });
        taken.map_err(|wait| {
            let detail = format!(
                "at most {PATCHES_PER_SECOND} PATCHes per second for one session: send several \
                 candidates in one"
            );
            Problem::later(StatusCode::TOO_MANY_REQUESTS, detail, wait)
        })
    }

    /// Begins an ICE restart, which lasts until the returned value is dropped. Refused with 429
    /// while another restart of the session lasts, and when there are too many.
    pub(super) fn begin_restart(
        &self,
        session: SessionId,
        now: Instant,
    ) -> Result<Restarting<'_>, Problem> {
        let later =
            |detail: String, wait| Err(Problem::later(StatusCode::TOO_MANY_REQUESTS, detail, wait));
        let interval = Duration::from_secs(60) / RESTARTS_PER_MINUTE;
        let begun = self.with(session, |open| {
            if open.is_restarting {
                return Err(None);
            }
            let taken = open.restarts.take(now, interval, RESTARTS_PER_MINUTE);
            taken.map_err(Some)?;
            open.is_restarting = true;
            Ok(open.ice_options.clone())
        });
        match begun {
            Ok(ice_options) => Ok(Restarting {
                sessions: self,
                session,
                ice_options,
            }),
            Err(None) => {
                let detail = "an ICE restart of this session is in progress: wait for its answer";
                later(detail.to_owned(), Duration::from_secs(1))
            }
            Err(Some(wait)) => {
                let detail =
                    format!("at most {RESTARTS_PER_MINUTE} ICE restarts per session per minute");
                later(detail, wait)
            }
        }
    }

    /// Subscribes to events, even if that subscription was ended before.
    pub(super) fn subscribe(&self, session: SessionId, kinds: &[EventKind]) {
        self.with(session, |open| {
            open.unsubscribed.retain(|gone| gone != kinds);
        });
    }

    /// Begins an event stream of a subscription; `None` when it was ended. The token is cancelled
    /// when the subscription ends.
    pub(super) fn follow(
        &self,
        session: SessionId,
        kinds: &[EventKind],
    ) -> Option<CancellationToken> {
        self.with(session, |open| {
            let is_gone = open.unsubscribed.iter().any(|gone| gone == kinds);
            let follow = || open.followed.entry(kinds.to_vec()).or_default().clone();
            (!is_gone).then(follow)
        })
    }

    /// Ends a subscription with its event streams. Returns false when it was ended before.
    pub(super) fn unsubscribe(&self, session: SessionId, kinds: Vec<EventKind>) -> bool {
        self.with(session, |open| {
            if open.unsubscribed.contains(&kinds) {
                return false;
            }
            if let Some(token) = open.followed.remove(&kinds) {
                token.cancel();
            }
            open.unsubscribed.push(kinds);
            true
        })
    }

    fn with<T>(&self, session: SessionId, change: impl FnOnce(&mut OpenSession) -> T) -> T {
        change(self.table().sessions.entry(session).or_default())
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // A poisoned lock is fine: no change leaves the table half done.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An ICE restart in progress. It ends when this value is dropped, also when the client goes away.
#[derive(Debug)]
pub(super) struct Restarting<'a> {
    sessions: &'a OpenSessions,
    session: SessionId,
    /// The value of the answer's `a=ice-options`.
    pub(super) ice_options: Option<String>,
}

impl Drop for Restarting<'_> {
    fn drop(&mut self) {
        // The session may have ended meanwhile, and must not get a new entry.
        if let Some(open) = self.sessions.table().sessions.get_mut(&self.session) {
            open.is_restarting = false;
        }
    }
}

/// A token bucket, kept as the time at which it will be full again.
#[derive(Debug, Default)]
struct Allowance {
    full_at: Option<Instant>,
}

impl Allowance {
    /// Takes one of `at_once` tokens, of which one comes back per `interval`. `Err` is the time to
    /// wait for the next one.
    fn take(&mut self, now: Instant, interval: Duration, at_once: u32) -> Result<(), Duration> {
        let full_at = self.full_at.map_or(now, |at| at.max(now)) + interval;
        let wait = (full_at - now).saturating_sub(interval * at_once);
        if wait > Duration::ZERO {
            return Err(wait);
        }
        self.full_at = Some(full_at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: SessionId = SessionId(7);

    #[test]
    fn patches_are_paced_for_each_session() {
        let (sessions, now) = (OpenSessions::default(), Instant::now());
        let is_taken = |session, now| sessions.take_patch(session, now).is_ok();
        let taken = |session, now| (0..200).filter(|_| is_taken(session, now)).count();
        assert_eq!(taken(SESSION, now), 40);
        assert_eq!(taken(SessionId(8), now), 40);
        let refused = sessions.take_patch(SESSION, now).expect_err("too many");
        assert_eq!(refused.status, 429);
        assert!(refused.retry_after.is_some());
        let later = now + Duration::from_secs(1);
        assert_eq!(taken(SESSION, later), 20);
    }

    #[test]
    fn restart_is_refused_during_another_and_above_ten_a_minute() {
        let (sessions, now) = (OpenSessions::default(), Instant::now());
        let status = |now| {
            sessions
                .begin_restart(SESSION, now)
                .err()
                .map(|p| p.status.as_u16())
        };
        let first = sessions.begin_restart(SESSION, now).expect("the first");
        assert_eq!(status(now), Some(429));
        drop(first);
        assert_eq!((0..20).filter(|_| status(now).is_none()).count(), 9);
        let wait = sessions.begin_restart(SESSION, now).expect_err("too many");
        assert_eq!(wait.retry_after, Some(Duration::from_secs(6)));
        assert_eq!(status(now + Duration::from_secs(6)), None);
    }

    #[test]
    fn restart_in_progress_ends_with_its_session() {
        let (sessions, now) = (OpenSessions::default(), Instant::now());
        sessions.opened(SESSION, Some("trickle"), |_| true);
        let restarting = sessions.begin_restart(SESSION, now).expect("the first");
        assert_eq!(restarting.ice_options.as_deref(), Some("trickle"));
        sessions.closed(SESSION);
        drop(restarting);
        assert!(sessions.table().sessions.is_empty());
    }

    #[test]
    fn ended_subscription_is_gone_until_subscribed_again() {
        let sessions = OpenSessions::default();
        let (one, other) = ([EventKind::Active], [EventKind::Active, EventKind::Layers]);
        let token = sessions.follow(SESSION, &one).expect("never ended");
        let kept = sessions.follow(SESSION, &other).expect("never ended");
        assert!(sessions.unsubscribe(SESSION, one.to_vec()));
        assert!(token.is_cancelled() && !kept.is_cancelled());
        assert!(sessions.follow(SESSION, &one).is_none());
        assert!(!sessions.unsubscribe(SESSION, one.to_vec()));
        sessions.subscribe(SESSION, &one);
        let again = sessions.follow(SESSION, &one);
        assert!(again.is_some_and(|token| !token.is_cancelled()));
    }

    #[test]
    fn ended_sessions_are_swept() {
        let sessions = OpenSessions::default();
        for session in 0..5_000 {
            sessions.opened(SessionId(session), None, |other| other.0 + 10 > session);
        }
        assert!(sessions.table().sessions.len() <= SWEEP_FROM);
        assert!(sessions.table().sessions.contains_key(&SessionId(4_999)));
    }
}
