//! What the log and the metrics say of sessions: one line when one is connected, one when it ends,
//! and one for each cause for which something of it does not work.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use contract::{ClosedReason, Event};
use model::SessionId;
use rtc::{Connection, Ended, Refused, Traffic};

use super::session_log::Whose;
use super::{Control, State};

/// A session that is over.
struct Over<'a> {
    session: SessionId,
    reason: ClosedReason,
    ended: Option<&'a Ended>,
    lasted: Duration,
    traffic: Traffic,
}

impl Control {
    /// Tells the log and the metrics of an event, before the core takes it.
    pub(super) fn observe(&self, state: &mut State, event: &Event) {
        match event {
            Event::Connected {
                session,
                connection,
                received,
                sent,
            } => state.connected(*session, connection, received, sent),
            Event::Closed {
                session,
                reason,
                ended,
                lasted,
                traffic,
            } => self.ended(
                state,
                &Over {
                    session: *session,
                    reason: *reason,
                    ended: ended.as_ref(),
                    lasted: *lasted,
                    traffic: *traffic,
                },
            ),
            Event::Refused {
                session,
                refused,
                remote,
                source,
            } => self.not_taken(state, *session, *refused, *remote, *source),
            Event::Keyframe { wait } => self.shared.metrics.keyframe(*wait),
            Event::FirstPicture { wait, .. } => self.shared.metrics.first_picture(*wait),
            _ => {}
        }
    }

    /// A session is over: the core may have forgotten it before. Strangers open as many that
    /// never connect as they like: of these each cause is told once a minute.
    fn ended(&self, state: &mut State, over: &Over<'_>) {
        let metrics = &self.shared.metrics;
        metrics.closed(over.reason);
        let known = state.log.connected.remove(&over.session);
        let untold = match known {
            Some(_) => Some(0),
            None => metrics.unconnected.count(over.cause(), Instant::now()),
        };
        let Some(untold) = untold else {
            return;
        };
        let Whose { of, role, client } = known.unwrap_or_else(|| state.whose(over.session));
        tracing::info!(
            session = ?over.session,
            of,
            role,
            client,
            why = over.why(),
            seconds = over.lasted.as_secs_f64(),
            received = %over.traffic.received,
            sent = %over.traffic.sent,
            untold,
            "session ended"
        );
    }

    /// A datagram of a session changes nothing, for the first time for this reason. Of sessions that
    /// are not connected, which anybody may open, each reason is told once a minute.
    fn not_taken(
        &self,
        state: &State,
        session: SessionId,
        refused: Refused,
        remote: SocketAddr,
        source: Option<(u32, u8)>,
    ) {
        let not_taken = &self.shared.metrics.not_taken;
        if !state.log.connected.contains_key(&session)
            && not_taken.pass(refused.label(), Instant::now()).is_none()
        {
            return;
        }
        let Whose { of, role, client } = state.whose(session);
        let (ssrc, payload_type) = source.unzip();
        tracing::info!(
            ?session,
            of,
            role,
            client,
            %remote,
            ssrc,
            payload_type,
            why = %refused,
            "a datagram is not taken; more for this reason are only counted"
        );
    }
}

impl Over<'_> {
    /// Why it never connected, as a metric names it.
    fn cause(&self) -> &'static str {
        self.ended.map_or("ended", Ended::label)
    }

    fn why(&self) -> String {
        match (self.reason, self.ended) {
            (_, Some(ended)) => ended.to_string(),
            (ClosedReason::Remote, None) => "closed by the client".to_owned(),
            (ClosedReason::Silent, None) => {
                "nothing came from the client for media.silence_timeout_s".to_owned()
            }
            (ClosedReason::NeverConnected, None) => "it did not connect".to_owned(),
            (ClosedReason::Ordered, None) => "ended by a request, or by the server".to_owned(),
        }
    }
}

impl State {
    /// A session is connected.
    fn connected(
        &mut self,
        session: SessionId,
        connection: &Connection,
        received: &str,
        sent: &str,
    ) {
        let whose = self.whose(session);
        let Whose { of, role, client } = &whose;
        tracing::info!(
            ?session,
            of,
            role,
            client,
            path = %connection.path,
            dtls = %connection.version,
            srtp = %connection.protection,
            receives = received,
            sends = sent,
            "session connected"
        );
        self.log.connected.insert(session, whose);
    }

    fn whose(&self, session: SessionId) -> Whose {
        if let Some(whose) = self.log.connected.get(&session) {
            return whose.clone();
        }
        let (of, role) = self.core.purpose(session).unwrap_or_default();
        let client = self.core.client(session).unwrap_or_default().to_owned();
        Whose { of, role, client }
    }
}
