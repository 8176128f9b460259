//! Rooms whose media goes from browser to browser: how their dialects are told what to send.

use std::fmt::Debug;

use room::{ParticipantKey, direct, peer_tree};

use super::{Control, State};

/// The way to the clients of rooms from a host to viewers.
///
/// Its methods, as those of [`TreeOutlet`], are called under the lock of the control plane, in the
/// order of the core. So they neither wait nor call the control plane.
pub(crate) trait DirectOutlet: Debug + Send {
    /// Sends an event.
    fn send(&mut self, output: direct::Output);

    /// Has a task carried out. Returns the participant that leaves its forwarded room with it.
    fn task(&mut self, task: direct::Task) -> Option<ParticipantKey>;
}

/// The way to the peers of broadcasts over trees.
pub(crate) trait TreeOutlet: Debug + Send {
    /// Sends an event.
    fn send(&mut self, output: peer_tree::Output);
}

/// The outlets; `None` before their dialects are mounted.
#[derive(Debug, Default)]
pub(super) struct PeerToPeerOutlets {
    pub(super) direct: Option<Box<dyn DirectOutlet>>,
    pub(super) trees: Option<Box<dyn TreeOutlet>>,
}

impl Control {
    /// Clients of rooms from a host to viewers are reached by this from now on.
    pub(crate) fn attach_direct(&self, outlet: Box<dyn DirectOutlet>) {
        self.state().peer_to_peer.direct = Some(outlet);
    }

    /// Peers of broadcasts over trees are reached by this from now on.
    pub(crate) fn attach_trees(&self, outlet: Box<dyn TreeOutlet>) {
        self.state().peer_to_peer.trees = Some(outlet);
    }
}

impl State {
    /// Has a task of a room from a host to viewers carried out.
    pub(super) fn direct_task(&mut self, now: session::Now, task: direct::Task) {
        let outlet = self.peer_to_peer.direct.as_mut();
        if let Some(leaving) = outlet.and_then(|outlet| outlet.task(task)) {
            self.core.leave(now, leaving, room::EndReason::Left);
        }
    }
}
