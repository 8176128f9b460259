//! The dialect of the live room: signalling between a host and its viewers. Media goes from browser
//! to browser, or through the server.

mod host;
mod server;
mod viewer;

use std::sync::Arc;
use std::time::Instant;

use auth::Permissions;
use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use room::direct::{self, ClientId, Output, Request, Rooms};
use signaling::dialect::live_room;

use super::Mount;
use crate::http::Service;
use crate::http::socket::UpgradeRequest;
use crate::http::socket::handler::{self, Reaction, Rules};
use crate::http::socket::hub::{Hub, Machine, Sent, SocketId, grants};
use server::{Links, Server};

/// All live rooms with their sockets.
type LiveRooms = Hub<Protocol>;

/// Adds the socket to the main port. A port of its own has it at any path, and nothing else.
pub(in crate::http) fn mount(mount: &mut Mount<'_>) {
    let config = &mount.dialects.live_room;
    let media = config.media.into();
    let rooms = Rooms::new(config.limits(), config.switch.into(), media);
    let hub = Hub::start(|handle| {
        let server = Server {
            control: mount.service.control.clone(),
            settings: mount.service.settings.clone(),
            opens: mount.service.opens.clone(),
            rooms: handle,
        };
        let links = (media == direct::Media::Server).then(|| Links::new(server));
        Protocol { rooms, links }
    });
    let own = hub.clone();
    let connect = move |State(service), request| async move { connect(service, own, request) };
    mount.route("/rtc", get(connect));
    let any_path = move |State(service), method, address, request| async move {
        any_path(service, hub, (&method, &address), request)
    };
    mount.listen("dialects.live_room.listen", config.listen, || {
        Router::new().fallback(any_path)
    });
}

fn connect(service: Service, rooms: LiveRooms, request: UpgradeRequest) -> Response {
    let rules = Rules::new("live-room", &service);
    let begin = move |outgoing, permissions| rooms.join(outgoing, &permissions);
    handler::open(service, request, rules, begin)
}

/// Opens the socket at any path; any other request gets 404.
fn any_path(
    service: Service,
    rooms: LiveRooms,
    (method, address): (&Method, &Uri),
    request: UpgradeRequest,
) -> Response {
    if request.upgrade.is_err() {
        let text = format!("Cannot {method} {}\n", address.path());
        return (StatusCode::NOT_FOUND, text).into_response();
    }
    connect(service, rooms, request)
}

/// The rooms behind the dialect: reads requests and writes events.
#[derive(Debug)]
struct Protocol {
    rooms: Rooms,
    /// The server's connections, if media goes through the server.
    links: Option<Links>,
}

impl Machine for Protocol {
    fn opened(&mut self, now: Instant, socket: SocketId, permissions: &Permissions) {
        let client = ClientId(socket.0);
        self.rooms.opened(now, client, grants(permissions));
    }

    fn received(&mut self, _now: Instant, socket: SocketId, text: &str) -> Reaction {
        let request = match live_room::read(text) {
            Ok(request) => request,
            Err(unreadable) => {
                tracing::debug!(%unreadable, "a live-room frame was dropped");
                return Reaction::Refused;
            }
        };
        // Media through the server needs the name to be free among the streams of all protocols.
        if let (Request::Create { room }, Some(links)) = (&request, &self.links)
            && let Err(error) = links.may_take(room)
        {
            tracing::debug!(%error, "a live room was refused");
            self.rooms.refuse_room(ClientId(socket.0));
            return Reaction::Refused;
        }
        match self.rooms.request(ClientId(socket.0), request) {
            Ok(()) => Reaction::Taken,
            Err(refusal) => {
                tracing::debug!(%refusal, "a live-room request was refused");
                Reaction::Refused
            }
        }
    }

    fn closed(&mut self, _now: Instant, socket: SocketId) {
        self.rooms.closed(ClientId(socket.0));
    }

    fn poll_output(&mut self) -> Option<Sent> {
        while let Some(task) = self.rooms.poll_task() {
            if let Some(links) = &mut self.links
                && let Err((link, error)) = links.carry_out(task)
            {
                server::fail(&mut self.rooms, link, &error);
            }
        }
        let Output { to, event } = self.rooms.poll_output()?;
        Some(Sent {
            to: to.into_iter().map(|client| SocketId(client.0)).collect(),
            // Written once for all recipients.
            text: Arc::from(live_room::write(&event)),
        })
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.rooms.poll_timeout()
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.rooms.handle_timeout(now);
    }
}
