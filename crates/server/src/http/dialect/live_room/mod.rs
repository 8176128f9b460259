//! The dialect of the live room: signalling between a host and its viewers. Media goes from browser
//! to browser, or through the server.

mod host;
mod links;
mod server;
mod viewer;

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use room::direct::{self, ClientId, Output, Request, Task};
use room::{ParticipantKey, Rooms};
use session::{Core, Now};
use signaling::dialect::live_room;

use super::Mount;
use crate::control::{Control, DirectOutlet, random};
use crate::http::Service;
use crate::http::socket::handler::{self, Handler, Reaction, Rules, never};
use crate::http::socket::table::{SocketTable, grants};
use crate::http::socket::{Close, UpgradeRequest};
use links::Links;
use server::{Names, Server};

/// Adds the socket to the main port. A port of its own has it at any path, and nothing else.
pub(in crate::http) fn mount(mount: &mut Mount<'_>) {
    let config = &mount.dialects.live_room;
    let service = mount.service;
    let links = (direct::Media::from(config.media) == direct::Media::Server).then(|| {
        Links::start(Server {
            control: service.control.clone(),
            settings: service.settings.clone(),
            opens: service.opens.clone(),
        })
    });
    let shared = Shared {
        sockets: SocketTable::default(),
        through_server: links.is_some(),
    };
    let outlet = Outlet {
        sockets: shared.sockets.clone(),
        links,
    };
    service.control.attach_direct(Box::new(outlet));
    let own = shared.clone();
    let connect = move |service, request| std::future::ready(connect(service, own, request));
    mount.route("/rtc", get(connect));
    let any_path = move |service, method, address, request| {
        std::future::ready(any_path(service, shared, (method, address), request))
    };
    mount.listen("dialects.live_room.listen", config.listen, || {
        Router::new().fallback(any_path)
    });
}

fn connect(State(service): State<Service>, shared: Shared, request: UpgradeRequest) -> Response {
    let rules = Rules::new("live-room", &service);
    let control = service.control.clone();
    let begin = move |outgoing, permissions| {
        let client = ClientId(random::<16>());
        shared.sockets.insert(client.0, outgoing);
        let grants = grants(&permissions);
        control.with_core(|core, now| {
            core.in_direct(now, |rooms| rooms.opened(now.instant, client, grants));
        });
        Session {
            control,
            shared,
            client,
        }
    };
    handler::open(service, request, rules, begin)
}

/// Opens the socket at any path; any other request gets 404.
fn any_path(
    service: State<Service>,
    shared: Shared,
    (method, address): (Method, Uri),
    request: UpgradeRequest,
) -> Response {
    if request.upgrade.is_err() {
        let text = format!("Cannot {method} {}\n", address.path());
        return (StatusCode::NOT_FOUND, text).into_response();
    }
    connect(service, shared, request)
}

/// What all sockets of the dialect share.
#[derive(Debug, Clone)]
struct Shared {
    sockets: SocketTable,
    /// Media goes through the server.
    through_server: bool,
}

/// Writes the events of rooms, and has their tasks carried out.
#[derive(Debug)]
struct Outlet {
    sockets: SocketTable,
    /// The server's connections, if media goes through the server.
    links: Option<Links>,
}

impl DirectOutlet for Outlet {
    fn send(&mut self, Output { to, event }: Output) {
        // Written once for all recipients.
        let frame = Arc::from(live_room::write(&event));
        let sockets = to.into_iter().map(|client| client.0);
        self.sockets.send(sockets, &frame);
    }

    fn task(&mut self, task: Task) -> Option<ParticipantKey> {
        self.links.as_ref()?.take(task)
    }
}

/// One socket.
struct Session {
    control: Control,
    shared: Shared,
    client: ClientId,
}

impl Session {
    /// Carries out a request. Returns whether it was taken.
    fn request(&self, core: &mut Core, now: Now, request: Request) -> Result<(), String> {
        let client = self.client;
        // Media through the server needs the name to be free among the streams of all protocols.
        if let Request::Create { room } = &request
            && self.shared.through_server
            && let Err(error) = may_take(core.rooms(), room)
        {
            core.in_direct(now, |rooms| rooms.refuse_room(client));
            return Err(error);
        }
        let taken = core.in_direct(now, |rooms| rooms.request(client, request));
        taken.map_err(|refusal| refusal.to_string())
    }
}

/// Checks whether a host can create a room of this name. A publisher may be live under it by
/// another protocol.
fn may_take(rooms: &Rooms, room: &str) -> Result<(), String> {
    let names = Names::of(room).map_err(|error| error.to_string())?;
    let is_taken =
        rooms.key(&names.room, &names.host).is_some() || rooms.stream(&names.stream).is_some();
    match is_taken {
        true => Err("a publisher by another protocol is live under this name".to_owned()),
        false => Ok(()),
    }
}

impl Handler for Session {
    type Event = Infallible;

    async fn received(&mut self, text: &str) -> Reaction {
        let request = match live_room::read(text) {
            Ok(request) => request,
            Err(unreadable) => {
                tracing::debug!(%unreadable, "a live-room frame was dropped");
                return Reaction::Refused;
            }
        };
        let control = &self.control;
        match control.with_core(|core, now| self.request(core, now, request)) {
            Ok(()) => Reaction::Taken,
            Err(why) => {
                tracing::debug!(why, "a live-room request was refused");
                Reaction::Refused
            }
        }
    }

    async fn next_event(&mut self) -> Infallible {
        never().await
    }

    async fn handle_event(&mut self, event: Infallible) -> ControlFlow<Close> {
        match event {}
    }

    fn ended(self) {
        let client = self.client;
        self.shared.sockets.remove(client.0);
        self.control.with_core(|core, now| {
            core.in_direct(now, |rooms| rooms.closed(client));
        });
    }
}
