use thiserror::Error;

use super::NameError;

/// Identifies a client. The caller chooses the ids, and never uses one again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u128);

/// A request of a client. Names are not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Create a room. Answered with [`Event::Created`](super::Event::Created) or `CreateFailed`.
    Create {
        /// The name of the room and of its host.
        room: String,
    },
    /// Close the client's room: the oldest, if it has several.
    Close,
    /// View a room. Answered only if it is refused, with
    /// [`Event::JoinFailed`](super::Event::JoinFailed); else the host is told, and sends an offer.
    Join {
        /// The name of the room.
        room: String,
        /// The name of the viewer in the room.
        name: String,
    },
    /// Send a chat message to all clients in a room, the sender included.
    Chat {
        /// The name of the room. Its host may leave it out.
        room: Option<String>,
        /// The text of the message.
        text: String,
    },
    /// Pass an offer, answer or candidate on to the other side of a connection.
    Signal {
        /// Which of these it is.
        signal: Signal,
        /// The name of the other side: the viewer's, or the room's for its host.
        to: String,
        /// The offer, answer or candidate, as the dialect writes it.
        body: String,
    },
}

/// A signalling message between the two sides of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// From the host to a viewer.
    Offer,
    /// From a viewer to the host.
    Answer,
    /// An ICE candidate, from either to the other.
    Candidate,
}

/// Why a request was refused. Only a refused `Create` or `Join` is answered. The others cannot fail
/// in this protocol, and are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The client is gone, or never was there.
    #[error("the client is gone")]
    Gone,
    /// The client's token does not allow it.
    #[error("the token does not allow this")]
    Forbidden,
    /// The name is not allowed.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A room has this name already, or a viewer in the room has. A viewer cannot have the name of
    /// its room, which is the host's.
    #[error("the name is taken")]
    Taken,
    /// There is no such room, or the client is not in it.
    #[error("there is no such room here")]
    NoRoom,
    /// The client has no connection with a client of this name.
    #[error("the other side is not there")]
    NoPeer,
    /// The named one of the [`Limits`](super::Limits) is reached.
    #[error("{0} is reached")]
    Full(&'static str),
}
