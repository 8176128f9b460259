//! Rooms whose media goes through the server. To a host, the server is its only viewer; to viewers,
//! it is the host.

use super::room::RoomKey;
use super::{ClientId, Event, Name, Rooms, Signal};

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
pub struct LinkId(u64);

/// A task for the server, in rooms whose media goes through it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// A room is open: take its host's stream, and call [`Rooms::ask`] when the host may offer it.
    Take {
        /// The connection with the host.
        link: LinkId,
        /// The name of the room.
        room: Name,
    },
    /// A viewer has joined a room: send it an offer with [`Rooms::say`].
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

/// The client at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Linked {
    /// The host of a room.
    Host(RoomKey),
    Viewer(ClientId),
}

impl Rooms {
    /// Asks a host to offer its stream to the server, as if a viewer had joined. Call it again when
    /// the connection is lost. Does nothing when the connection has ended, like all calls for a
    /// connection.
    pub fn ask(&mut self, link: LinkId) {
        if let Some(host) = self.host_by(link) {
            self.tell(host, Event::Wanted(link.name()));
        }
    }

    /// Sends the server's answer to a host, or its offer to a viewer.
    pub fn say(&mut self, link: LinkId, body: String) {
        if let Some(host) = self.host_by(link) {
            let (signal, from) = (Signal::Answer, link.name());
            self.tell(host, Event::Signal { signal, from, body });
        } else if let Some(Linked::Viewer(viewer)) = self.links.get(&link).copied()
            && let Some(room) = self.viewed(viewer)
        {
            let (signal, from) = (Signal::Offer, room.name.clone());
            self.tell(viewer, Event::Signal { signal, from, body });
        }
    }

    /// Notes that the server cannot take the stream of a host, or cannot show it to a viewer. The
    /// room is closed, or the viewer leaves; the client is told that its request failed.
    pub fn fail(&mut self, link: LinkId) {
        match self.links.get(&link).copied() {
            Some(Linked::Host(key)) => {
                let host = self.host_by(link);
                self.close(key);
                if let Some(host) = host {
                    self.tell(host, Event::CreateFailed);
                }
            }
            Some(Linked::Viewer(viewer)) => {
                self.leave(viewer);
                self.tell(viewer, Event::JoinFailed);
            }
            None => {}
        }
    }

    fn host_by(&self, link: LinkId) -> Option<ClientId> {
        match self.links.get(&link)? {
            Linked::Host(key) => Some(self.rooms.get(key)?.host),
            Linked::Viewer(_) => None,
        }
    }

    /// Creates a connection with a client; `None` where media does not go through the server.
    pub(super) fn link(&mut self, with: Linked) -> Option<LinkId> {
        if self.media == Media::Direct {
            return None;
        }
        let link = LinkId(self.next_link);
        self.next_link += 1;
        self.links.insert(link, with);
        Some(link)
    }

    pub(super) fn unlink(&mut self, link: Option<LinkId>) {
        if let Some(link) = link.filter(|link| self.links.remove(link).is_some()) {
            self.tasks.push_back(Task::End(link));
        }
    }
}
