//! Chat messages in rooms.

use super::room::Room;
use super::{ClientId, Event, Name, Refusal, Rooms};

impl Rooms {
    pub(super) fn chat(
        &mut self,
        from: ClientId,
        room: Option<&str>,
        text: String,
    ) -> Result<(), Refusal> {
        if text.len() > self.limits.chat_bytes_max {
            return Err(Refusal::Full("chat_bytes_max"));
        }
        let (room, from) = self.speaks_in(from, room).ok_or(Refusal::NoRoom)?;
        let everybody = room.everybody();
        self.tell_all(everybody, Event::Chat { from, text });
        Ok(())
    }

    /// The room to which a client's message goes, and the client's name there.
    ///
    /// A viewer of the named room writes there. A host writes in the room it names, else in its
    /// oldest one: the pages of hosts name no room, or one that they once viewed.
    fn speaks_in(&self, from: ClientId, named: Option<&str>) -> Option<(&Room, Name)> {
        let is_named = |room: &&Room| Some(room.name.as_str()) == named;
        if let Some(room) = self.viewed(from).filter(is_named) {
            return Some((room, room.viewer_of(from)?.name.clone()));
        }
        let mut hosted = self.hosted(from);
        let room = hosted.find(is_named).or_else(|| self.hosted(from).next())?;
        Some((room, room.name.clone()))
    }
}
