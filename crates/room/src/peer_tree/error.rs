use thiserror::Error;

/// Why a call was refused. It has changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Error {
    /// A broadcast of this name exists already.
    #[error("a broadcast of this name is there already")]
    Taken,
    /// There is no broadcast of this name.
    #[error("there is no broadcast of this name")]
    UnknownBroadcast,
    /// The broadcast belongs to another peer.
    #[error("somebody else began this broadcast")]
    NotOwner,
    /// The peer broadcasts already: it can neither begin another one nor join one.
    #[error("this peer broadcasts already: end that first")]
    Broadcasting,
    /// The peer is in no broadcast.
    #[error("this peer is in no broadcast")]
    NotMember,
    /// There is no such peer in the sender's broadcast.
    #[error("there is no such peer in this broadcast")]
    UnknownPeer,
    /// A limit is reached.
    #[error("{limit} is reached: try again later")]
    Full {
        /// The field of [`Limits`](super::Limits).
        limit: &'static str,
    },
    /// A name is too long.
    #[error("a name has at most {max} bytes")]
    TooLong {
        /// The limit, in bytes.
        max: usize,
    },
}
