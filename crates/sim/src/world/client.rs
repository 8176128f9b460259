use std::net::SocketAddr;
use std::time::Instant;

use model::SessionId;

use crate::{Clock, Link, Publisher, Viewer};

/// One client: its peer, its links and what it does.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) session: SessionId,
    pub(super) shard: usize,
    pub(super) address: SocketAddr,
    /// The address that the shard sees: that of the NAT before the client.
    pub(super) outside: SocketAddr,
    pub(super) peer: client::Peer,
    pub(super) up: Link,
    pub(super) down: Link,
    pub(super) wake: Option<Instant>,
    /// The client is switched off: it sends and receives nothing.
    pub(super) gone: bool,
    pub(super) closed: bool,
    pub(super) role: Role,
}

/// What a client does: one of these, or both over one connection.
#[derive(Debug, Default)]
pub(super) struct Role {
    pub(super) publisher: Option<Publisher>,
    pub(super) viewer: Option<Viewer>,
}

impl Client {
    /// When the client wants its turn; `None` when it is switched off or has nothing to do.
    pub(super) fn due(&self) -> Option<Instant> {
        if self.gone {
            return None;
        }
        let Role { publisher, viewer } = &self.role;
        let writes = publisher.as_ref().and_then(Publisher::due);
        let asks = viewer.as_ref().and_then(Viewer::due);
        writes.into_iter().chain(asks).chain(self.wake).min()
    }

    /// Passes an event of the peer to what the client does.
    pub(super) fn event(&mut self, clock: &Clock, event: &client::Event) {
        let Role { publisher, viewer } = &mut self.role;
        match event {
            client::Event::Closed => self.gone = true,
            client::Event::Connected => {
                if let Some(publisher) = publisher {
                    publisher.begin(clock.now());
                }
                if let Some(viewer) = viewer {
                    viewer.connected_at(clock.elapsed());
                }
            }
            client::Event::KeyframeRequest { .. } => {
                if let Some(publisher) = publisher {
                    publisher.keyframe_requested(clock.elapsed());
                }
            }
            client::Event::Packet { packet, .. } => {
                if let Some(viewer) = viewer {
                    viewer.packet(clock, packet);
                }
            }
            _ => {}
        }
    }
}
