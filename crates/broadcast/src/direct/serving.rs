//! Rooms whose media goes through the server. It is the one viewer that a host hears of as such,
//! and to viewers it is the host.

use super::room::RoomKey;
use super::{ClientId, Event, Name, Rooms, Signal};

/// The way of the media from a host to its viewers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Media {
    /// The host's browser sends to the browser of each viewer.
    #[default]
    Direct,
    /// The host's browser sends to the server, once, and the server to each viewer.
    Server,
}

/// A connection of the server with a client: with the host of a room, or with a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(u64);

/// What the server is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// A room is open: take its host's stream, and say [`Rooms::ask`] when the host may offer it.
    Take {
        /// The connection with the host.
        link: LinkId,
        /// What the room is called.
        room: Name,
    },
    /// Somebody views a room: [`Rooms::say`] an offer.
    Show {
        /// The connection with the viewer.
        link: LinkId,
        /// What the room is called.
        room: Name,
        /// What the viewer is called there.
        viewer: Name,
    },
    /// A host has offered, or a viewer has answered.
    Said {
        /// Which of them.
        link: LinkId,
        /// What it said, as the dialect wants it back.
        body: String,
    },
    /// The room is closed, or the viewer has left it. Comes once for each connection.
    End(LinkId),
}

impl LinkId {
    /// What the server is called towards the host. A host may have several rooms, and knows
    /// viewers by name alone.
    pub fn name(self) -> Name {
        Name::new(&format!("server-{}", self.0), usize::MAX).expect("these are plain letters")
    }
}

/// With whom a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Linked {
    /// The host of a room.
    Host(RoomKey),
    Viewer(ClientId),
}

impl Rooms {
    /// Asks a host to offer its stream to the server, as if somebody had come to view it. May be
    /// said again when the connection is lost. Like of all that is said by a connection, nothing
    /// comes of it when that has ended.
    pub fn ask(&mut self, link: LinkId) {
        if let Some(host) = self.host_by(link) {
            self.tell(host, Event::Wanted(link.name()));
        }
    }

    /// Tells a host what the server answers, or a viewer what it offers.
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

    /// The server cannot take the stream of a host, whose room is closed for that, or cannot show
    /// it to a viewer, who leaves. Either is told that what it asked for has failed.
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

    /// A connection with somebody, where media goes through the server.
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
