use thiserror::Error;

use super::NameError;

/// Somebody who can be in rooms. The caller hands these out and never uses one again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u128);

/// What a client's token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grants {
    /// To have a room.
    pub publish: bool,
    /// To view one.
    pub view: bool,
}

/// What a client asks for. Names are as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// A room of its own. Answered with [`Event::Created`](super::Event::Created) or `CreateFailed`.
    Create {
        /// The name of the room, and what its host is called.
        room: String,
    },
    /// The end of its room: of the oldest, if it has several.
    Close,
    /// To view a room. Answered with [`Event::JoinFailed`](super::Event::JoinFailed), or not at
    /// all: the host is told, and offers.
    Join {
        /// Which room.
        room: String,
        /// What the viewer is called there.
        name: String,
    },
    /// To be read by all in a room, itself included.
    Chat {
        /// Which room. The host of a room may leave it out.
        room: Option<String>,
        /// What is written.
        text: String,
    },
    /// To pass something on to the other side.
    Signal {
        /// What it is.
        signal: Signal,
        /// The other side's name: the viewer's, or that of the room for its host.
        to: String,
        /// The thing itself, as the dialect wants it back.
        body: String,
    },
}

/// What the two sides of a connection tell each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// From the host to a viewer.
    Offer,
    /// From a viewer to the host.
    Answer,
    /// An ICE candidate, from either to the other.
    Candidate,
}

/// Why nothing came of a request. Only `Create` and `Join` are answered; the others have no way
/// to fail in this protocol, and are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The client is gone, or never was.
    #[error("the client is gone")]
    Gone,
    /// The client's token does not allow it.
    #[error("the token does not allow this")]
    Forbidden,
    /// The name is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A room of this name, or a viewer of this name in the room, is there already. A viewer
    /// cannot have the name of its room, since that is the host's.
    #[error("the name is taken")]
    Taken,
    /// There is no such room, or the client is not in it.
    #[error("there is no such room here")]
    NoRoom,
    /// Nobody of this name is connected with the client.
    #[error("the other side is not there")]
    NoPeer,
    /// One of the [`Limits`](super::Limits) is reached.
    #[error("{0} is reached")]
    Full(&'static str),
}
