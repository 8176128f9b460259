//! What the two sides of a connection tell each other, passed on.

use super::{ClientId, Event, Media, Name, Refusal, Rooms, Signal};

impl Rooms {
    pub(super) fn signal(
        &mut self,
        from: ClientId,
        signal: Signal,
        to: &str,
        body: String,
    ) -> Result<(), Refusal> {
        if self.media == Media::Server {
            return self.say_to_server(from, signal, to, body);
        }
        let other_side = match signal {
            Signal::Offer => self.viewer_of(from, to),
            Signal::Answer => self.host_of(from, to),
            // One client may host a room and view another: the pair that exists counts.
            Signal::Candidate => self.viewer_of(from, to).or_else(|| self.host_of(from, to)),
        };
        let (to, from) = other_side.ok_or(Refusal::NoPeer)?;
        self.tell(to, Event::Signal { signal, from, body });
        Ok(())
    }

    /// The viewer of this name in a room of the host, and the host's name there.
    fn viewer_of(&self, host: ClientId, name: &str) -> Option<(ClientId, Name)> {
        let mut rooms = self.hosted(host);
        rooms.find_map(|room| Some((room.viewer(name)?, room.name.clone())))
    }

    /// The host of the room that the viewer views, if that is its name, and the viewer's name.
    fn host_of(&self, viewer: ClientId, name: &str) -> Option<(ClientId, Name)> {
        let room = self.viewed(viewer)?;
        let is_meant = room.name.as_str() == name;
        is_meant.then_some((room.host, room.viewer_of(viewer)?.name.clone()))
    }
}
