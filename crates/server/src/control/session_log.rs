//! What the log and the metrics say of sessions: one line when one is connected, one when it ends,
//! and one for each cause for which something of it does not work.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use broadcast::{Role, SessionId};
use rtc::{Connection, Ended, Refused, Traffic};
use shard::ClosedReason;

use super::{Control, State};

/// Whose a session is. Kept from its connection to its end, since what it was for may be forgotten
/// before.
#[derive(Debug, Clone)]
pub(super) struct Whose {
    /// The stream, or the participant with its room.
    of: String,
    role: &'static str,
    client: String,
}

/// A session that is over.
#[derive(Debug)]
pub(super) struct Over {
    pub(super) session: SessionId,
    pub(super) reason: ClosedReason,
    pub(super) ended: Option<Ended>,
    pub(super) lasted: Duration,
    pub(super) traffic: Traffic,
}

impl Control {
    /// A session is connected.
    pub(super) fn connected(
        &self,
        session: SessionId,
        connection: &Connection,
        received: &str,
        sent: &str,
    ) {
        let mut state = self.state();
        state.prove(session);
        let Whose { of, role, client } = state.whose(session);
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
        state.connected.insert(session, Whose { of, role, client });
    }

    /// A session is over: the registry may have forgotten it before. Strangers open as many that
    /// never connect as they like: of these each cause is told once a minute.
    pub(super) fn ended(&self, over: &Over) {
        let metrics = &self.shared.metrics;
        metrics.closed(over.reason);
        let mut state = self.state();
        let known = state.connected.remove(&over.session);
        let untold = match known {
            Some(_) => Some(0),
            None => metrics.unconnected.count(over.cause(), Instant::now()),
        };
        let Some(untold) = untold else {
            return;
        };
        let Whose { of, role, client } = known.unwrap_or_else(|| state.whose(over.session));
        drop(state);
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
    pub(super) fn not_taken(
        &self,
        session: SessionId,
        refused: Refused,
        remote: SocketAddr,
        source: Option<(u32, u8)>,
    ) {
        let state = self.state();
        let not_taken = &self.shared.metrics.not_taken;
        if !state.connected.contains_key(&session)
            && not_taken.pass(refused.label(), Instant::now()).is_none()
        {
            return;
        }
        let Whose { of, role, client } = state.whose(session);
        drop(state);
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

impl Over {
    /// Why it never connected, as a metric names it.
    fn cause(&self) -> &'static str {
        match &self.ended {
            Some(ended) => ended.label(),
            None => "ended",
        }
    }

    fn why(&self) -> String {
        match (self.reason, &self.ended) {
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
    fn whose(&self, session: SessionId) -> Whose {
        if let Some(whose) = self.connected.get(&session) {
            return whose.clone();
        }
        if let Some((key, _)) = self.members.sessions.get(&session) {
            let rooms = &self.members.rooms;
            let (room, participant) = (rooms.room_of(*key), rooms.participant(*key));
            let of = room
                .zip(participant)
                .map(|(room, who)| format!("{room}/{}", who.id));
            let member = self.members.all.get(key);
            return Whose {
                of: of.unwrap_or_default(),
                role: "participant",
                client: member
                    .map(|member| member.client.clone())
                    .unwrap_or_default(),
            };
        }
        let known = self.registry.session(session);
        let stream = known.and_then(|session| session.stream());
        let described = self.described.get(&session);
        Whose {
            of: stream.map(ToString::to_string).unwrap_or_default(),
            role: match known.map(|session| session.role) {
                Some(Role::Publisher) => "publisher",
                Some(Role::Viewer) => "viewer",
                None => "",
            },
            client: described.map(|it| it.client.clone()).unwrap_or_default(),
        }
    }
}
