use std::sync::Arc;

/// Somebody's socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub u128);

/// Something to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Who gets it.
    pub to: Vec<PeerId>,
    /// What.
    pub event: Event,
}

/// What peers are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Its broadcast has begun.
    Started,
    /// The broadcast is over.
    BroadcastEnded {
        /// Its name.
        name: Arc<str>,
    },
    /// It has ended its broadcast. Comes after [`Self::BroadcastEnded`].
    Ended {
        /// Its name.
        name: Arc<str>,
    },
    /// Somebody is to be fed: make an answer.
    Relay {
        /// Who.
        joiner: PeerId,
        /// As it came.
        offer: Arc<str>,
    },
    /// It is fed now.
    Joined {
        /// By whom.
        parent: PeerId,
        /// As it came.
        answer: Arc<str>,
    },
    /// All who were asked to feed it have said nothing: its offer is given up.
    Unanswered,
    /// Somebody above it is gone: join again.
    Reconnect {
        /// The broadcast.
        name: Arc<str>,
    },
    /// It has left.
    Left,
    /// Candidates of another peer.
    Candidates {
        /// Whose.
        from: PeerId,
        /// As they came.
        candidates: Arc<str>,
    },
    /// Another peer has got its candidates.
    CandidatesReceived {
        /// Who.
        from: PeerId,
    },
    /// It watches a tree now. [`Self::Tree`] comes next.
    Watching,
    /// It does not watch the tree any more.
    NotWatching,
    /// A tree that it watches: parents before children, children in the order in which they came.
    Tree(Vec<TreeNode>),
}

/// Somebody with a place in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeNode {
    /// Hops from the owner, whose depth is 0.
    pub depth: u32,
    /// Who.
    pub peer: PeerId,
    /// What it calls itself.
    pub name: Arc<str>,
}
