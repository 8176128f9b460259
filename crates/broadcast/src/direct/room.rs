use super::{ClientId, LinkId, Name};

/// Which room: they count up, so their order is that of their creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RoomKey(pub(super) u64);

/// One room. Its host is called as the room is.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) name: Name,
    pub(super) host: ClientId,
    /// By which the server gets the host's stream, if it does.
    pub(super) link: Option<LinkId>,
    /// In the order in which they came.
    pub(super) viewers: Vec<Viewer>,
}

#[derive(Debug)]
pub(super) struct Viewer {
    pub(super) name: Name,
    pub(super) client: ClientId,
    /// By which the server sends, if it does.
    pub(super) link: Option<LinkId>,
}

impl Room {
    /// The client of the viewer that is called so. Walks over at most
    /// [`Limits::viewers_max`](super::Limits::viewers_max).
    pub(super) fn viewer(&self, name: &str) -> Option<ClientId> {
        let mut viewers = self.viewers.iter();
        let viewer = viewers.find(|viewer| viewer.name.as_str() == name)?;
        Some(viewer.client)
    }

    /// As what a client views the room.
    pub(super) fn viewer_of(&self, client: ClientId) -> Option<&Viewer> {
        let mut viewers = self.viewers.iter();
        viewers.find(|viewer| viewer.client == client)
    }

    /// The viewers.
    pub(super) fn audience(&self) -> Vec<ClientId> {
        self.viewers.iter().map(|viewer| viewer.client).collect()
    }

    /// The host, then the viewers. A host may view its own room and is still named once.
    pub(super) fn everybody(&self) -> Vec<ClientId> {
        let viewers = self.viewers.iter().map(|viewer| viewer.client);
        let others = viewers.filter(|client| *client != self.host);
        std::iter::once(self.host).chain(others).collect()
    }
}
