//! Rooms whose media goes from browser to browser: how their dialects are told what to send.

use std::fmt::Debug;

use room::{ParticipantKey, direct, peer_tree};

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
