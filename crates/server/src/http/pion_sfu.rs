//! The dialect of Pion_SFU: a participant has one bidirectional peer connection for all streams,
//! and both sides offer.

mod inside;

use std::ops::ControlFlow;
use std::time::Instant;

use auth::Permissions;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use room::{EndReason, Event, ParticipantId, RoomName};
use signaling::dialect::pion_sfu::{self, Call, Identity, Unreadable};

use super::handler::{self, Handler, Outgoing, Reaction, Rules};
use super::socket::Close;
use super::upgrade_request::UpgradeRequest;
use super::{Service, pages};
use crate::control::{Enter, EventBatch, UnifiedOptions};
use inside::{Inside, SessionEvent};

/// m-lines that a participant is offered before those of ended tracks are used again. Clients know
/// tracks by their ids, and browsers keep the id of the first track on an m-line.
const NEW_LINES_MAX: usize = 64;

/// Serves the index page, or upgrades to the Pion_SFU socket when asked.
pub(super) async fn page_or_socket(
    service: State<Service>,
    headers: HeaderMap,
    request: UpgradeRequest,
) -> Response {
    let wanted = headers.get(header::UPGRADE);
    let wanted = wanted.and_then(|protocol| protocol.to_str().ok());
    if wanted.is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket")) {
        connect(service, request).await
    } else {
        pages::studio(&headers)
    }
}

/// The routes of its own port: the socket at any path, and nothing else.
pub(super) fn router(service: Service) -> Router {
    Router::new().fallback(connect).with_state(service)
}

async fn connect(State(service): State<Service>, request: UpgradeRequest) -> Response {
    let rules = Rules::new("pion-sfu", &service);
    let own = service.clone();
    let begin = move |outgoing, permissions| Session {
        service: own,
        outgoing,
        permissions,
        inside: None,
    };
    handler::open(service, request, rules, begin)
}

/// One socket.
struct Session {
    service: Service,
    outgoing: Outgoing,
    permissions: Permissions,
    /// The participation; `None` before the client joins and after it has ended.
    inside: Option<Inside>,
}

impl Handler for Session {
    type Event = SessionEvent;

    async fn received(&mut self, text: &str) -> Reaction {
        let request = match pion_sfu::read(text) {
            Ok(request) => request,
            Err(error @ Unreadable::NoJson(_)) => {
                return Reaction::Close(Close::new(Close::POLICY, error.to_string()));
            }
            Err(unreadable) => {
                tracing::debug!(%unreadable, "a Pion_SFU frame was dropped");
                return Reaction::Refused;
            }
        };
        if let Call::Join(identity) = request.call {
            return self.join(identity);
        }
        let inside = self.inside.as_mut();
        let Some(inside) = inside.filter(|inside| request.named.fits(&inside.identity)) else {
            tracing::debug!("a Pion_SFU frame names another participant");
            return Reaction::Refused;
        };
        let (control, outgoing) = (&self.service.control, &self.outgoing);
        let done = match request.call {
            Call::Join(_) => return Reaction::Refused,
            Call::Leave => {
                self.leave(EndReason::Left);
                Ok(())
            }
            Call::Offer(sdp) => inside.offered(control, outgoing, sdp).await,
            Call::Answer(sdp) => inside.answered(control, &sdp).await,
            Call::Candidate(candidate) => inside.candidate(control, candidate),
        };
        match done {
            Ok(()) => Reaction::Taken,
            Err(error) => {
                tracing::debug!(%error, "a Pion_SFU request was refused");
                Reaction::Refused
            }
        }
    }

    async fn next_event(&mut self) -> SessionEvent {
        match &mut self.inside {
            Some(inside) => inside.next_event().await,
            None => std::future::pending().await,
        }
    }

    async fn handle_event(&mut self, event: SessionEvent) -> ControlFlow<Close> {
        let Some(inside) = &mut self.inside else {
            return ControlFlow::Continue(());
        };
        match event {
            SessionEvent::Events(events) => return self.handle_events(events),
            SessionEvent::Offer(offer) => inside.offer(&self.outgoing, &offer),
            SessionEvent::Unanswered => {
                let taken = inside.take_crossed(&self.service.control, &self.outgoing);
                if let Err(error) = taken.await {
                    tracing::debug!(%error, "a Pion_SFU offer was refused");
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn ended(mut self) {
        self.leave(EndReason::Lost);
    }
}

impl Session {
    /// Joins a room, after leaving the one before. The protocol has no response to it, so a refusal
    /// closes the socket: otherwise the client would wait for ever.
    fn join(&mut self, identity: Identity) -> Reaction {
        self.leave(EndReason::Left);
        match self.enter(identity) {
            Ok(inside) => {
                self.inside = Some(inside);
                Reaction::Taken
            }
            Err(reason) => Reaction::Close(Close::new(Close::POLICY, reason)),
        }
    }

    fn enter(&self, identity: Identity) -> Result<Inside, String> {
        let room = RoomName::of_text(&identity.room);
        let room = room.map_err(|error| format!("room_id: {error}"))?;
        let id = ParticipantId::of_text(&identity.peer);
        let id = id.map_err(|error| format!("self_id: {error}"))?;
        if !self.service.opens.take(Instant::now()) {
            return Err("limits.sessions_per_second is reached: try again later".to_owned());
        }
        let enter = Enter {
            room,
            id,
            name: Some(identity.peer.clone()),
            metadata: String::new(),
            role: match self.permissions.join_as_publisher().is_ok() {
                true => room::Role::Publisher,
                false => room::Role::Viewer,
            },
            client: "Pion_SFU",
        };
        let options = UnifiedOptions {
            shown_all: self.permissions.join_as_viewer().is_ok(),
            called_all: None,
            new_lines: NEW_LINES_MAX,
        };
        let participation = self.service.control.enter_unified(enter, options);
        let participation = participation.map_err(|error| error.to_string())?;
        Ok(Inside::new(identity, participation))
    }

    fn leave(&mut self, reason: EndReason) {
        if let Some(inside) = self.inside.take() {
            let control = &self.service.control;
            control.leave(inside.key, reason);
        }
    }

    /// Handles the end of this participation. Other events are not passed on: clients learn of
    /// others by their tracks. Breaks when the socket ends.
    fn handle_events(&mut self, events: Option<EventBatch>) -> ControlFlow<Close> {
        let ended = events.as_deref().map_or(Some(EndReason::Lost), |events| {
            events.iter().find_map(|event| match event {
                Event::Ended { reason, .. } => Some(*reason),
                _ => None,
            })
        });
        let Some(reason) = ended else {
            return ControlFlow::Continue(());
        };
        self.inside = None;
        match reason {
            // The socket may join again.
            EndReason::Left
            | EndReason::Lost
            | EndReason::Replaced
            | EndReason::Kicked
            | EndReason::Closed => ControlFlow::Continue(()),
            EndReason::Slow => ControlFlow::Break(Close::new(Close::POLICY, "client is too slow")),
            EndReason::Stopping => {
                ControlFlow::Break(Close::new(Close::GOING_AWAY, "the server is stopping"))
            }
        }
    }
}
