//! The tasks of the server in rooms that send their media through it.

use super::Name;

/// The path of the media from a host to its viewers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Media {
    /// The host's browser sends to the browser of each viewer.
    #[default]
    Direct,
    /// The host's browser sends to the server, once, and the server to each viewer.
    Server,
}

/// Identifies a media connection between the server and a client: the host of a room or a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub(super) u64);

/// A task for the server, in rooms whose media goes through it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// A room is open: take its host's stream, and call [`Rooms::ask`](super::Rooms::ask) when the host may offer it.
    Take {
        /// The connection with the host.
        link: LinkId,
        /// The name of the room.
        room: Name,
    },
    /// A viewer has joined a room: send it an offer with [`Rooms::say`](super::Rooms::say).
    Show {
        /// The connection with the viewer.
        link: LinkId,
        /// The name of the room.
        room: Name,
        /// The name of the viewer in the room.
        viewer: Name,
    },
    /// A host has sent an offer, or a viewer an answer.
    Said {
        /// The connection with that client.
        link: LinkId,
        /// The offer or answer, as the dialect wrote it.
        body: String,
    },
    /// The room is closed, or the viewer has left it. Comes once for each connection.
    End(LinkId),
}

impl LinkId {
    /// The name of the server towards the host, unique for each connection: a host may have several
    /// rooms, and tells viewers apart only by name.
    pub fn name(self) -> Name {
        Name::new(&format!("server-{}", self.0), usize::MAX).expect("these are plain letters")
    }
}
