//! The sockets of a dialect whose clients are told by a state machine of the core.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use auth::Permissions;
use room::Grants;

use super::handler::Outgoing;

/// Identifies a socket. Random and not guessable, so that other clients may be told it to address
/// this socket.
pub(in crate::http) type SocketId = u128;

/// The sending ends of sockets, by their ids. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(in crate::http) struct SocketTable(Arc<Mutex<BTreeMap<SocketId, Outgoing>>>);

impl SocketTable {
    /// Adds a socket, under an id that no other has.
    pub(in crate::http) fn insert(&self, id: SocketId, outgoing: Outgoing) {
        self.sockets().insert(id, outgoing);
    }

    /// Removes a socket. What is sent to it from now on is lost.
    pub(in crate::http) fn remove(&self, id: SocketId) {
        self.sockets().remove(&id);
    }

    /// Sends a frame to these sockets. Sockets that are gone are left out.
    pub(in crate::http) fn send(&self, to: impl IntoIterator<Item = SocketId>, frame: &Arc<str>) {
        let sockets = self.sockets();
        for id in to {
            if let Some(outgoing) = sockets.get(&id) {
                outgoing.send(frame.clone());
            }
        }
    }

    fn sockets(&self) -> MutexGuard<'_, BTreeMap<SocketId, Outgoing>> {
        // Changed in whole steps: a panic elsewhere leaves it as it is.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a client may do in rooms whose media goes from browser to browser.
pub(in crate::http) fn grants(permissions: &Permissions) -> Grants {
    Grants {
        publish: permissions.join_as_publisher().is_ok(),
        view: permissions.join_as_viewer().is_ok(),
    }
}
