//! The dialect of tributary: signalling between broadcasters and viewers. Media goes from browser
//! to browser, in a tree.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use room::Grants;
use room::peer_tree::{Output, PeerId};
use signaling::dialect::tributary::{self, IceServers, Refused};
use tower_http::services::ServeDir;

use super::Mount;
use crate::control::{Control, TreeOutlet, random};
use crate::http::Service;
use crate::http::socket::handler::{self, Handler, Outgoing, Reaction, Rules, never};
use crate::http::socket::table::{SocketTable, grants};
use crate::http::socket::{Close, UpgradeRequest};

/// Adds the socket to the main port. A port of its own has it too, and the files of a directory at
/// all other paths.
pub(in crate::http) fn mount(mount: &mut Mount<'_>) {
    let config = &mount.dialects.tributary;
    let shared = Shared {
        sockets: SocketTable::default(),
        ice_servers: Arc::new(IceServers::new(&config.ice_servers_json(mount.ice))),
    };
    let outlet = Outlet(shared.sockets.clone());
    mount.service.control.attach_trees(Box::new(outlet));
    let connect = move |service, request| std::future::ready(connect(service, shared, request));
    mount.route("/api/ws", get(connect.clone()));
    mount.listen("dialects.tributary.listen", config.listen, || {
        let router = Router::new().route("/api/ws", get(connect));
        match &config.static_dir {
            Some(directory) => router.fallback_service(ServeDir::new(directory)),
            None => router.fallback(no_files),
        }
    });
}

fn connect(State(service): State<Service>, shared: Shared, request: UpgradeRequest) -> Response {
    let rules = Rules::new("tributary", &service);
    let control = service.control.clone();
    let begin = move |outgoing: Outgoing, permissions| {
        let peer = tributary::peer_id(random::<16>());
        shared.sockets.insert(peer.0, outgoing.clone());
        control.with_core(|core, now| core.in_trees(now, |broadcasts| broadcasts.opened(peer)));
        Session {
            control,
            shared,
            outgoing,
            peer,
            grants: grants(&permissions),
        }
    };
    handler::open(service, request, rules, begin)
}

async fn no_files() -> (StatusCode, &'static str) {
    const TEXT: &str = "The socket is at /api/ws. To serve pages here too, set \
                        dialects.tributary.static_dir to their directory.\n";
    (StatusCode::NOT_FOUND, TEXT)
}

/// What all sockets of the dialect share.
#[derive(Debug, Clone)]
struct Shared {
    sockets: SocketTable,
    ice_servers: Arc<IceServers>,
}

/// Writes the events of broadcasts.
#[derive(Debug)]
struct Outlet(SocketTable);

impl TreeOutlet for Outlet {
    fn send(&mut self, Output { to, event }: Output) {
        // Written once for all recipients.
        let frame = tributary::write(&event).into();
        let sockets = to.into_iter().map(|peer| peer.0);
        self.0.send(sockets, &frame);
    }
}

/// One socket: a peer that may be in one broadcast at a time.
struct Session {
    control: Control,
    shared: Shared,
    outgoing: Outgoing,
    peer: PeerId,
    grants: Grants,
}

impl Handler for Session {
    type Event = Infallible;

    async fn received(&mut self, text: &str) -> Reaction {
        let (ice_servers, grants, peer) = (&self.shared.ice_servers, self.grants, self.peer);
        self.control.with_core(|core, now| {
            core.in_trees(now, |broadcasts| {
                let at = now.instant;
                // Replies are sent here, before the events that follow.
                match tributary::handle(broadcasts, ice_servers, grants, at, peer, text) {
                    Ok(reply) => {
                        if let Some(text) = reply {
                            self.outgoing.send(text);
                        }
                        Reaction::Taken
                    }
                    Err(Refused::Frame(text)) => {
                        self.outgoing.send(text);
                        Reaction::Refused
                    }
                    Err(Refused::Close(reason)) => {
                        Reaction::Close(Close::new(Close::POLICY, reason))
                    }
                }
            })
        })
    }

    async fn next_event(&mut self) -> Infallible {
        never().await
    }

    async fn handle_event(&mut self, event: Infallible) -> ControlFlow<Close> {
        match event {}
    }

    fn ended(self) {
        let peer = self.peer;
        self.shared.sockets.remove(peer.0);
        self.control.with_core(|core, now| {
            core.in_trees(now, |broadcasts| broadcasts.closed(now.instant, peer));
        });
    }
}
