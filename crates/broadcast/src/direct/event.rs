use super::{ClientId, Name, Signal};

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Who gets it, each once, in the order of a room.
    pub to: Vec<ClientId>,
    /// What they get.
    pub event: Event,
}

/// What clients are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Every client: all rooms there are, oldest first. Comes every
    /// [`PUSH_EVERY`](super::PUSH_EVERY).
    Rooms(Vec<Name>),
    /// A room: how many are in it, the host counted. Comes every [`PUSH_EVERY`](super::PUSH_EVERY).
    Count(usize),
    /// Who asked for a room: it is there.
    Created,
    /// Who asked for a room: no.
    CreateFailed,
    /// Who asked to view a room: no.
    JoinFailed,
    /// The host: this viewer waits for an offer.
    Wanted(Name),
    /// The host and the other viewers: this one came.
    Joined(Name),
    /// The host and the other viewers: this one left.
    Left(Name),
    /// The viewers: the room is no more.
    Closed,
    /// The whole room: somebody wrote.
    Chat {
        /// Who: the viewer's name, or the room's for its host.
        from: Name,
        /// What.
        text: String,
    },
    /// The other side of a connection: something was passed on.
    Signal {
        /// What it is.
        signal: Signal,
        /// Who sends it: the viewer's name, or the room's for its host.
        from: Name,
        /// The thing itself, as it came.
        body: String,
    },
}
