use std::sync::Arc;

/// Identifies a peer by its socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub u128);

/// An event to send to peers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The peers that get it.
    pub to: Vec<PeerId>,
    /// The event.
    pub event: Event,
}

/// An event that a peer is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The peer's own broadcast has begun.
    Started,
    /// The broadcast in which the peer is has ended.
    BroadcastEnded {
        /// The broadcast's name.
        name: Arc<str>,
    },
    /// The peer has ended its own broadcast. Comes after [`Self::BroadcastEnded`].
    Ended {
        /// The broadcast's name.
        name: Arc<str>,
    },
    /// The peer is to feed another one: answer its offer.
    Relay {
        /// The joining peer.
        joiner: PeerId,
        /// Its offer, as it came.
        offer: Arc<str>,
    },
    /// The peer's offer was answered.
    Joined {
        /// The parent that feeds it.
        parent: PeerId,
        /// The parent's answer, as it came.
        answer: Arc<str>,
    },
    /// None of the parents that were asked has answered: the peer's offer is given up.
    Unanswered,
    /// A peer above this one is gone: join again.
    Reconnect {
        /// The broadcast's name.
        name: Arc<str>,
    },
    /// The peer has left its broadcast.
    Left,
    /// Candidates of another peer.
    Candidates {
        /// The other peer.
        from: PeerId,
        /// Its candidates, as they came.
        candidates: Arc<str>,
    },
    /// Another peer has received this one's candidates.
    CandidatesReceived {
        /// The other peer.
        from: PeerId,
    },
    /// The peer watches a tree now. [`Self::Tree`] comes next.
    Watching,
    /// The peer no longer watches the tree.
    NotWatching,
    /// A tree that the peer watches: parents before children, children in the order in which they
    /// were placed.
    Tree(Vec<TreeNode>),
}

/// A peer with a place in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeNode {
    /// Hops from the owner, whose depth is 0.
    pub depth: u32,
    /// The peer.
    pub peer: PeerId,
    /// The name that it gave itself.
    pub name: Arc<str>,
}
