//! Clients of rooms whose media goes from browser to browser.

use room::Grants;
use room::direct::{ClientId, Request};
use room::peer_tree::{Join, PeerId};

use super::world::ControlWorld;

/// Clients of each kind.
const CLIENTS: u64 = 5;

/// Names of rooms that they choose from: some are no names of forwarded rooms.
const NAMES: [&str; 3] = ["dojo", "late show", "k\u{e4}se"];

impl ControlWorld {
    /// A client of a room from a host to viewers does something.
    pub(super) fn act_direct(&mut self) {
        let client = ClientId(self.below(CLIENTS).into());
        let name = NAMES[self.below(NAMES.len() as u64) as usize];
        let (what, now) = (self.below(8), self.now());
        self.trace.add(format_args!(
            "direct client {} does {what} at {name}",
            client.0
        ));
        let grants = Grants {
            publish: true,
            view: true,
        };
        let taken = self.core.in_direct(now, |rooms| match what {
            // One that comes again has gone before.
            0 => {
                rooms.closed(client);
                rooms.opened(now.instant, client, grants);
                Ok(())
            }
            1 => {
                rooms.closed(client);
                Ok(())
            }
            2 | 3 => {
                let room = name.to_owned();
                rooms.request(client, Request::Create { room })
            }
            4 => rooms.request(client, Request::Close),
            _ => {
                let (room, name) = (name.to_owned(), format!("viewer {}", client.0));
                rooms.request(client, Request::Join { room, name })
            }
        });
        self.trace.add(format_args!("  {taken:?}"));
    }

    /// A peer of a broadcast over a tree does something.
    pub(super) fn act_tree(&mut self) {
        let peer = PeerId(self.below(CLIENTS).into());
        let name = NAMES[self.below(NAMES.len() as u64) as usize];
        let (what, now) = (self.below(8), self.now());
        self.trace
            .add(format_args!("tree peer {} does {what} at {name}", peer.0));
        let at = now.instant;
        let taken = self.core.in_trees(now, |broadcasts| match what {
            0 => {
                broadcasts.opened(peer);
                Ok(())
            }
            1 => {
                broadcasts.closed(at, peer);
                Ok(())
            }
            2 | 3 => broadcasts.start(at, peer, name, None),
            4 => broadcasts.leave(at, peer),
            5 => broadcasts.end(at, peer, name),
            _ => {
                let join = Join {
                    name,
                    peer_name: None,
                    offer: "offer",
                };
                broadcasts.join(at, peer, join)
            }
        });
        self.trace.add(format_args!("  {taken:?}"));
    }
}
