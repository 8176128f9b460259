//! Rooms whose media goes through the server. To a host, the server is its only viewer; to viewers,
//! it is the host.

use super::room::Linked;
use super::task::{LinkId, Media, Task};
use super::{ClientId, Event, Rooms, Signal};

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
