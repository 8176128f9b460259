//! The dialect of gortcserver: protoo over a WebSocket, and one peer connection per stream.

mod calls;
mod membership;

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use auth::Permissions;
use axum::Router;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use model::StreamName;
use room::{EndReason, Event, ParticipantId, ParticipantKey, RoomName};
use signaling::Problem;
use signaling::dialect::gortc::{self, Node, Notifications};

use super::Mount;
use crate::config::Gortc as Config;
use crate::control::EventBatch;
use crate::http::admission::{After, Endings, participant_id};
use crate::http::socket::handler::{self, Handler, Outgoing, Reaction, Rules};
use crate::http::socket::{Close, UpgradeRequest};
use crate::http::{RateLimit, Service};
use membership::InRoom;

/// Announcements per second in rooms that requests of one socket for missing streams cause, with
/// bursts of twice as many. Further such requests are refused without an announcement.
const ANNOUNCED_PER_SECOND: u32 = 5;

/// A socket that is silent for this long counts as lost. Its client reconnects by itself, and finds
/// its user still in its rooms.
const SILENCE_MAX: Duration = Duration::from_millis(5_500);

/// The state that all sockets of the dialect share.
#[derive(Debug)]
struct Gortc {
    notifications: Notifications,
    /// How long a participant stays after its socket was lost.
    grace: Duration,
    /// A stream without media for this long ends.
    silence: Duration,
    present: Mutex<Present>,
}

/// The sockets in each room, with the ids of their users.
type Present = BTreeMap<RoomName, BTreeMap<ParticipantKey, (ParticipantId, Outgoing)>>;

/// With the code of [`Close::REPLACED`] clients do not reconnect.
const ENDINGS: Endings = Endings {
    left: After::Stay,
    lost: After::Stay,
    replaced: After::Close(Close::REPLACED, "replaced or kicked"),
    kicked: After::Close(Close::REPLACED, "replaced or kicked"),
    closed: After::Stay,
};

/// Claims the sockets at `/ws` of the main port whose query names a user. A port of its own has the
/// socket too.
pub(in crate::http) fn mount(mount: &mut Mount<'_>) {
    let config = &mount.dialects.gortc;
    let gortc = start(config);
    let connect = move |State(service), query: UserQuery, request| async move {
        connect(service, gortc, &query, request)
    };
    mount.claim("/ws", names_user, connect.clone());
    mount.listen("dialects.gortc.listen", config.listen, || {
        Router::new().route("/ws", get(connect))
    });
}

/// The query of a socket's address.
type UserQuery = Query<Vec<(String, String)>>;

/// Whether a request is of a client of this dialect: it names its user in the query (`peer`).
fn names_user(request: &Request) -> bool {
    let query = UserQuery::try_from_uri(request.uri());
    query.is_ok_and(|query| query.iter().any(|(name, _)| name == "peer"))
}

/// Makes the state, without sockets.
fn start(config: &Config) -> Arc<Gortc> {
    let node = Node {
        signalid: config.signalid(),
        sfuid: config.sfuid(),
    };
    let names = config.notification_names;
    Arc::new(Gortc {
        notifications: Notifications { node, names },
        grace: Duration::from_secs(config.grace_s),
        silence: Duration::from_secs(config.silence_s),
        present: Mutex::default(),
    })
}

/// Opens the socket. Answers 400 without a valid user in the query.
fn connect(
    service: Service,
    gortc: Arc<Gortc>,
    query: &[(String, String)],
    request: UpgradeRequest,
) -> Response {
    let peer = query.iter().find(|(name, _)| name == "peer");
    let Some((_, uid)) = peer.filter(|(_, uid)| !uid.is_empty()) else {
        return refused("the URL of this socket must name its user: /ws?peer=<uid>".to_owned());
    };
    let id = match participant_id(uid) {
        Ok(id) => id,
        Err(error) => return refused(format!("peer: {error}")),
    };
    let rules = Rules {
        subprotocol: Some(gortc::SUBPROTOCOL),
        frame_bytes_max: gortc::MESSAGE_BYTES_MAX,
        silence_max: SILENCE_MAX,
        ..Rules::new("gortc", &service)
    };
    let own = service.clone();
    let begin = move |outgoing, permissions| Session {
        gortc,
        service: own,
        outgoing,
        permissions,
        uid: id.text(),
        id,
        rooms: BTreeMap::new(),
        announced: RateLimit::new(ANNOUNCED_PER_SECOND),
    };
    handler::open(service, request, rules, begin)
}

fn refused(detail: String) -> Response {
    let problem = Problem::new(StatusCode::BAD_REQUEST, detail);
    problem.into_response().map(Body::from)
}

impl Gortc {
    fn present(&self) -> MutexGuard<'_, Present> {
        // A poisoned lock is fine: no change leaves the map half done.
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, room: RoomName, key: ParticipantKey, id: ParticipantId, outgoing: Outgoing) {
        let mut present = self.present();
        present.entry(room).or_default().insert(key, (id, outgoing));
    }

    fn leave(&self, room: &RoomName, key: ParticipantKey) {
        let mut present = self.present();
        if let Some(sockets) = present.get_mut(room) {
            sockets.remove(&key);
            if sockets.is_empty() {
                present.remove(room);
            }
        }
    }

    /// Tells the sockets in a room that a stream is gone, which a client asked for in vain. Its
    /// publisher is not told.
    fn announce_gone(&self, room: &RoomName, mid: &str) {
        let uid = gortc::uid_of(mid);
        let removed = self.notifications.removed(&room.text(), uid, mid);
        let removed: Arc<str> = removed.into();
        let present = self.present();
        for (id, outgoing) in present.get(room).into_iter().flat_map(BTreeMap::values) {
            if id.text() != uid {
                outgoing.send(removed.clone());
            }
        }
    }
}

/// One socket: a user in any number of rooms.
struct Session {
    service: Service,
    gortc: Arc<Gortc>,
    outgoing: Outgoing,
    permissions: Permissions,
    id: ParticipantId,
    /// The id as the client wrote it.
    uid: String,
    rooms: BTreeMap<RoomName, InRoom>,
    announced: RateLimit,
}

/// An event that no request of the client causes.
enum SessionEvent {
    /// Events in a room; `None` when the participation there has ended.
    Events(RoomName, Option<EventBatch>),
    /// A stream of this user has been silent for too long.
    Silent(RoomName, StreamName),
}

impl Handler for Session {
    type Event = SessionEvent;

    async fn received(&mut self, text: &str) -> Reaction {
        let Some(request) = gortc::read(text) else {
            return Reaction::Refused;
        };
        let answer = match request.call {
            Ok(call) => self.call(call).await,
            Err(error) => Err(error),
        };
        let taken = answer.is_ok();
        if let Some(id) = request.id {
            self.outgoing.send(match answer {
                Ok(data) => gortc::success(&id, &data),
                Err(error) => gortc::failure(&id, &error),
            });
        }
        if taken {
            Reaction::Taken
        } else {
            Reaction::Refused
        }
    }

    async fn next_event(&mut self) -> SessionEvent {
        let silent = self.rooms.iter().filter_map(|(room, inside)| {
            let (stream, at) = inside.silent()?;
            Some((at, room.clone(), stream.clone()))
        });
        let silent = silent.min();
        let rooms = &mut self.rooms;
        let events = poll_fn(|cx| {
            for (room, inside) in &mut *rooms {
                if let Poll::Ready(events) = inside.events.poll_recv(cx) {
                    return Poll::Ready((room.clone(), events));
                }
            }
            Poll::Pending
        });
        let Some((at, room, stream)) = silent else {
            let (room, events) = events.await;
            return SessionEvent::Events(room, events);
        };
        tokio::select! {
            (room, events) = events => SessionEvent::Events(room, events),
            () = tokio::time::sleep_until(at.into()) => SessionEvent::Silent(room, stream),
        }
    }

    async fn handle_event(&mut self, event: SessionEvent) -> ControlFlow<Close> {
        match event {
            SessionEvent::Events(room, None) => self.forget(&room),
            SessionEvent::Events(room, Some(events)) => {
                for event in &*events {
                    self.room_event(&room, event)?;
                }
            }
            SessionEvent::Silent(room, stream) => self.end_silent(&room, &stream),
        }
        ControlFlow::Continue(())
    }

    fn ended(self) {
        for (room, inside) in self.rooms {
            self.gortc.leave(&room, inside.key);
            let (key, grace) = (inside.key, self.gortc.grace);
            let control = &self.service.control;
            control.with_rooms(|rooms, now| rooms.lost_for(now, key, grace));
        }
    }
}

impl Session {
    /// Handles an event in a room. Breaks when it ends the socket.
    fn room_event(&mut self, room: &RoomName, event: &Event) -> ControlFlow<Close> {
        if let Event::Ended { reason, .. } = event {
            return self.sent_away(room, *reason);
        }
        if let Some(inside) = self.rooms.get_mut(room) {
            inside.note(event, &self.id, Instant::now() + self.gortc.silence);
            if let Event::StreamRemoved(stream) = event {
                inside.close_watches_of(&stream.name, &self.service.control);
            }
        }
        if let Some(frame) = self.gortc.notifications.of(room, &self.id, event) {
            self.outgoing.send(frame);
        }
        ControlFlow::Continue(())
    }

    /// Handles the end of the participation in a room. Breaks when that ends the socket.
    fn sent_away(&mut self, room: &RoomName, reason: EndReason) -> ControlFlow<Close> {
        self.forget(room);
        if let EndReason::Replaced | EndReason::Kicked | EndReason::Closed = reason {
            let kicked = self.gortc.notifications.kicked(room, &self.id);
            self.outgoing.send(kicked);
        }
        ENDINGS.of(reason)
    }

    /// Ends a silent stream of this user, as if the user had unpublished it.
    fn end_silent(&mut self, room: &RoomName, stream: &StreamName) {
        let Some(inside) = self.rooms.get_mut(room) else {
            return;
        };
        inside.unpublished(stream);
        let key = inside.key;
        let control = &self.service.control;
        let ended = control.with_rooms(|rooms, now| rooms.unpublish(now, key, stream));
        if let Err(error) = ended {
            tracing::debug!(%stream, %error, "a silent stream had already ended");
        }
    }

    /// Removes a room from the session.
    fn forget(&mut self, room: &RoomName) {
        if let Some(inside) = self.rooms.remove(room) {
            self.gortc.leave(room, inside.key);
        }
    }
}
