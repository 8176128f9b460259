use super::{ClientId, LinkId, Name};

/// Identifies a room. Keys count up, so their order is that of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RoomKey(pub(super) u64);

/// One room. Its host has the name of the room.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) name: Name,
    pub(super) host: ClientId,
    /// The connection by which the server gets the host's stream, if it does.
    pub(super) link: Option<LinkId>,
    /// The viewers in the order in which they joined.
    pub(super) viewers: Vec<Viewer>,
}

#[derive(Debug)]
pub(super) struct Viewer {
    pub(super) name: Name,
    pub(super) client: ClientId,
    /// The connection by which the server sends the stream, if it does.
    pub(super) link: Option<LinkId>,
}

impl Room {
    /// The client of the viewer with this name. Walks over at most
    /// [`Limits::viewers_max`](super::Limits::viewers_max) viewers.
    pub(super) fn viewer(&self, name: &str) -> Option<ClientId> {
        let mut viewers = self.viewers.iter();
        let viewer = viewers.find(|viewer| viewer.name.as_str() == name)?;
        Some(viewer.client)
    }

    /// The viewer that a client is in this room.
    pub(super) fn viewer_of(&self, client: ClientId) -> Option<&Viewer> {
        let mut viewers = self.viewers.iter();
        viewers.find(|viewer| viewer.client == client)
    }

    /// The viewers.
    pub(super) fn audience(&self) -> Vec<ClientId> {
        self.viewers.iter().map(|viewer| viewer.client).collect()
    }

    /// The host, then the viewers. A host that views its own room is in the list once.
    pub(super) fn everybody(&self) -> Vec<ClientId> {
        let viewers = self.viewers.iter().map(|viewer| viewer.client);
        let others = viewers.filter(|client| *client != self.host);
        std::iter::once(self.host).chain(others).collect()
    }
}

/// The client at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Linked {
    /// The host of a room.
    Host(RoomKey),
    Viewer(ClientId),
}
