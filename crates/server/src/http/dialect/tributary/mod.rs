//! The dialect of tributary: signalling between broadcasters and viewers. Media goes from browser
//! to browser, in a tree.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use auth::Permissions;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use room::Grants;
use room::peer_tree::{Broadcasts, Output, PeerId};
use signaling::dialect::tributary::{self, IceServers, Refused};
use tower_http::services::ServeDir;

use super::Mount;
use crate::http::Service;
use crate::http::socket::handler::{self, Reaction, Rules};
use crate::http::socket::hub::{Hub, Machine, Sent, SocketId, grants};
use crate::http::socket::{Close, UpgradeRequest};

/// Adds the socket to the main port. A port of its own has it too, and the files of a directory at
/// all other paths.
pub(in crate::http) fn mount(mount: &mut Mount<'_>) {
    let config = &mount.dialects.tributary;
    let protocol = Protocol {
        broadcasts: Broadcasts::new(config.limits()),
        ice_servers: IceServers::new(&config.ice_servers_json(mount.ice)),
        peers: BTreeMap::new(),
        replies: VecDeque::new(),
    };
    let hub = Hub::start(|_| protocol);
    let connect = move |State(service), request| async move { connect(service, hub, request) };
    mount.route("/api/ws", get(connect.clone()));
    mount.listen("dialects.tributary.listen", config.listen, || {
        let router = Router::new().route("/api/ws", get(connect));
        match &config.static_dir {
            Some(directory) => router.fallback_service(ServeDir::new(directory)),
            None => router.fallback(no_files),
        }
    });
}

fn connect(service: Service, hub: Hub<Protocol>, request: UpgradeRequest) -> Response {
    let rules = Rules::new("tributary", &service);
    let begin = move |outgoing, permissions| hub.join(outgoing, &permissions);
    handler::open(service, request, rules, begin)
}

async fn no_files() -> (StatusCode, &'static str) {
    const TEXT: &str = "The socket is at /api/ws. To serve pages here too, set \
                        dialects.tributary.static_dir to their directory.\n";
    (StatusCode::NOT_FOUND, TEXT)
}

/// The broadcasts behind the dialect: reads requests and writes events.
#[derive(Debug)]
struct Protocol {
    broadcasts: Broadcasts,
    ice_servers: IceServers,
    peers: BTreeMap<PeerId, (SocketId, Grants)>,
    /// Replies to the senders of frames, sent before events.
    replies: VecDeque<Sent>,
}

impl Protocol {
    fn reply(&mut self, to: SocketId, text: String) {
        let (to, text) = (vec![to], text.into());
        self.replies.push_back(Sent { to, text });
    }
}

impl Machine for Protocol {
    fn opened(&mut self, _now: Instant, socket: SocketId, permissions: &Permissions) {
        let peer = tributary::peer_id(socket.0);
        self.peers.insert(peer, (socket, grants(permissions)));
        self.broadcasts.opened(peer);
    }

    fn received(&mut self, now: Instant, socket: SocketId, text: &str) -> Reaction {
        let peer = tributary::peer_id(socket.0);
        let Some((_, grants)) = self.peers.get(&peer) else {
            return Reaction::Refused;
        };
        let (broadcasts, ice_servers) = (&mut self.broadcasts, &self.ice_servers);
        match tributary::handle(broadcasts, ice_servers, *grants, now, peer, text) {
            Ok(reply) => {
                if let Some(text) = reply {
                    self.reply(socket, text);
                }
                Reaction::Taken
            }
            Err(Refused::Frame(text)) => {
                self.reply(socket, text);
                Reaction::Refused
            }
            Err(Refused::Close(reason)) => Reaction::Close(Close::new(Close::POLICY, reason)),
        }
    }

    fn closed(&mut self, now: Instant, socket: SocketId) {
        let peer = tributary::peer_id(socket.0);
        self.broadcasts.closed(now, peer);
        self.peers.remove(&peer);
    }

    fn poll_output(&mut self) -> Option<Sent> {
        if let Some(reply) = self.replies.pop_front() {
            return Some(reply);
        }
        let Output { to, event } = self.broadcasts.poll_output()?;
        let sockets = to.iter().filter_map(|peer| self.peers.get(peer));
        Some(Sent {
            to: sockets.map(|(socket, _)| *socket).collect(),
            // Written once for all recipients.
            text: tributary::write(&event).into(),
        })
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.broadcasts.poll_timeout()
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.broadcasts.handle_timeout(now);
    }
}
