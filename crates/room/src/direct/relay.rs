//! Passes on the signalling between the two sides of a connection.

use super::{ClientId, Event, LinkId, Name, Refusal, Rooms, Signal, Task};

/// The other side of a client's connection.
enum Other {
    /// Another client, and the name of the sender towards it.
    Client(ClientId, Name),
    /// The server, where media goes through it.
    Server(LinkId),
}

impl Rooms {
    pub(super) fn signal(
        &mut self,
        from: ClientId,
        signal: Signal,
        to: &str,
        body: String,
    ) -> Result<(), Refusal> {
        let other_side = match signal {
            Signal::Offer => self.viewer_of(from, to),
            Signal::Answer => self.host_of(from, to),
            // One client may host a room and view another: the pair that exists counts.
            Signal::Candidate => self.viewer_of(from, to).or_else(|| self.host_of(from, to)),
        };
        match other_side.ok_or(Refusal::NoPeer)? {
            Other::Client(to, from) => self.tell(to, Event::Signal { signal, from, body }),
            // The server sees from where a client sends.
            Other::Server(_) if signal == Signal::Candidate => {}
            Other::Server(link) => self.tasks.push_back(Task::Said { link, body }),
        }
        Ok(())
    }

    /// The viewer with this name in a room of the host.
    fn viewer_of(&self, host: ClientId, name: &str) -> Option<Other> {
        let mut rooms = self.hosted(host);
        rooms.find_map(|room| match room.link {
            Some(link) => (link.name().as_str() == name).then_some(Other::Server(link)),
            None => Some(Other::Client(room.viewer(name)?, room.name.clone())),
        })
    }

    /// The host of the room that the viewer views, if that is its name.
    fn host_of(&self, viewer: ClientId, name: &str) -> Option<Other> {
        let room = self.viewed(viewer);
        let room = room.filter(|room| room.name.as_str() == name)?;
        let viewer = room.viewer_of(viewer)?;
        Some(match viewer.link {
            Some(link) => Other::Server(link),
            None => Other::Client(room.host, viewer.name.clone()),
        })
    }
}
