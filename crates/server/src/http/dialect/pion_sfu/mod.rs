//! The dialect of Pion_SFU: a participant has one bidirectional peer connection for all streams,
//! and both sides offer.

mod participant;

use std::ops::ControlFlow;

use auth::Permissions;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::Response;
use room::{EndReason, Event};
use signaling::dialect::pion_sfu::{self, Call, Identity, Unreadable};

use super::Mount;
use crate::control::{Enter, EventBatch, UnifiedOptions};
use crate::http::Service;
use crate::http::admission::{After, Endings, NameError, Names, role};
use crate::http::socket::handler::{self, Handler, Outgoing, Reaction, Rules};
use crate::http::socket::{Close, UpgradeRequest};
use participant::{Participant, SessionEvent};

/// m-lines that a participant is offered before those of ended tracks are used again. Clients know
/// tracks by their ids, and browsers keep the id of the first track on an m-line.
const NEW_LINES_MAX: usize = 64;

/// A participant is shown streams under the names that their publishers gave them.
const OPTIONS: UnifiedOptions = UnifiedOptions {
    stream_name: None,
    new_lines: NEW_LINES_MAX,
};

/// When a participation has ended, the socket may join again.
const ENDINGS: Endings = Endings {
    left: After::Stay,
    lost: After::Stay,
    replaced: After::Stay,
    kicked: After::Stay,
    closed: After::Stay,
};

/// Claims the sockets at the first page of the main port. A port of its own has the socket at any
/// path, and nothing else.
pub(in crate::http) fn mount(mount: &mut Mount<'_>) {
    mount.claim("/", wants_socket, connect);
    let address = mount.dialects.pion_sfu.listen;
    mount.listen("dialects.pion_sfu.listen", address, || {
        Router::new().fallback(connect)
    });
}

fn wants_socket(request: &Request) -> bool {
    let wanted = request.headers().get(header::UPGRADE);
    let wanted = wanted.and_then(|protocol| protocol.to_str().ok());
    wanted.is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"))
}

async fn connect(State(service): State<Service>, request: UpgradeRequest) -> Response {
    let rules = Rules::new("pion-sfu", &service);
    let own = service.clone();
    let begin = move |outgoing, permissions| Session {
        service: own,
        outgoing,
        permissions,
        participant: None,
    };
    handler::open(service, request, rules, begin)
}

/// One socket.
struct Session {
    service: Service,
    outgoing: Outgoing,
    permissions: Permissions,
    /// The participation; `None` before the client joins and after it has ended.
    participant: Option<Participant>,
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
        let participant = self.participant.as_mut();
        let Some(participant) =
            participant.filter(|participant| request.named.fits(&participant.identity))
        else {
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
            Call::Offer(sdp) => participant.offered(control, outgoing, sdp).await,
            Call::Answer(sdp) => participant.answered(control, &sdp).await,
            Call::Candidate(candidate) => participant.candidate(control, candidate),
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
        match &mut self.participant {
            Some(participant) => participant.next_event().await,
            None => std::future::pending().await,
        }
    }

    async fn handle_event(&mut self, event: SessionEvent) -> ControlFlow<Close> {
        let Some(participant) = &mut self.participant else {
            return ControlFlow::Continue(());
        };
        match event {
            SessionEvent::Events(events) => return self.handle_events(events),
            SessionEvent::Offer(offer) => participant.offer(&self.outgoing, &offer),
            SessionEvent::Unanswered => {
                let taken = participant.take_crossed(&self.service.control, &self.outgoing);
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
            Ok(participant) => {
                self.participant = Some(participant);
                Reaction::Taken
            }
            Err(reason) => Reaction::Close(Close::new(Close::POLICY, reason)),
        }
    }

    fn enter(&self, identity: Identity) -> Result<Participant, String> {
        let names = Names::of_texts(&identity.room, &identity.peer).map_err(|error| {
            let field = match error {
                NameError::Room(_) => "room_id",
                NameError::Participant(_) => "self_id",
            };
            format!("{field}: {error}")
        })?;
        let opening = self.service.take_opening();
        opening.map_err(|error| error.to_string())?;
        let enter = Enter {
            auto_subscribe: self.permissions.join_as_viewer().is_ok(),
            ..names.enter(role(&self.permissions), "Pion_SFU")
        };
        let participation = self.service.control.enter_unified(enter, OPTIONS);
        let participation = participation.map_err(|error| error.to_string())?;
        Ok(Participant::new(identity, participation))
    }

    fn leave(&mut self, reason: EndReason) {
        if let Some(participant) = self.participant.take() {
            let control = &self.service.control;
            control.leave(participant.key, reason);
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
        self.participant = None;
        ENDINGS.of(reason)
    }
}
