use super::{ClientId, Name, Signal};

/// An event to send to clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The clients that get it, each once: for a room, the host first and then the viewers.
    pub to: Vec<ClientId>,
    /// The event.
    pub event: Event,
}

/// An event that clients are told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// To every client: all rooms, oldest first. Comes every [`PUSH_EVERY`](super::PUSH_EVERY).
    Rooms(Vec<Name>),
    /// To a whole room: the number of clients in it, the host included. Comes every
    /// [`PUSH_EVERY`](super::PUSH_EVERY).
    Count(usize),
    /// To the client that asked for a room: it was created.
    Created,
    /// To the client that asked for a room: it was not created.
    CreateFailed,
    /// To the client that asked to view a room: it was refused.
    JoinFailed,
    /// To the host: this viewer waits for an offer.
    Wanted(Name),
    /// To the host and the other viewers: this viewer joined.
    Joined(Name),
    /// To the host and the other viewers: this viewer left.
    Left(Name),
    /// To the viewers: the room was closed.
    Closed,
    /// To the whole room: a client sent a chat message.
    Chat {
        /// The sender: the viewer's name, or the room's name for its host.
        from: Name,
        /// The text of the message.
        text: String,
    },
    /// To the other side of a connection: an offer, answer or candidate.
    Signal {
        /// Which of these it is.
        signal: Signal,
        /// The sender: the viewer's name, or the room's name for its host.
        from: Name,
        /// The offer, answer or candidate, as it came.
        body: String,
    },
}
