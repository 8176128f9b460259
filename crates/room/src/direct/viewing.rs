//! Viewers join and leave rooms.

use crate::{EndReason, Role};

use super::room::Linked;
use super::room::{RoomKey, Viewer};
use super::{ClientId, Event, Name, Refusal, Rooms, Switch, Task};

impl Rooms {
    pub(super) fn join(&mut self, viewer: ClientId, room: &str, name: &str) -> Result<(), Refusal> {
        if self.switch == Switch::TwoClicks && self.leave(viewer) {
            return Ok(());
        }
        let admitted = self.admit(viewer, room, name);
        match admitted {
            // A viewer of this very room leaves and enters again: the host sends a new offer.
            Ok((key, name)) => {
                self.leave(viewer);
                self.enter(viewer, key, name);
                Ok(())
            }
            Err(refusal) => {
                self.tell(viewer, Event::JoinFailed);
                Err(refusal)
            }
        }
    }

    /// Checks whether a client may view a room under a name, wherever it is now.
    fn admit(&self, viewer: ClientId, room: &str, name: &str) -> Result<(RoomKey, Name), Refusal> {
        let client = self.clients.get(&viewer).ok_or(Refusal::Gone)?;
        if !client.grants.view {
            return Err(Refusal::Forbidden);
        }
        let name = Name::new(name, self.limits.name_bytes_max)?;
        let (key, room) = self.named(room).ok_or(Refusal::NoRoom)?;
        let others = room.viewers.iter().filter(|other| other.client != viewer);
        let is_host = name == room.name || room.link.is_some_and(|link| link.name() == name);
        if is_host || others.clone().any(|other| other.name == name) {
            return Err(Refusal::Taken);
        }
        if others.count() >= self.limits.viewers_max {
            return Err(Refusal::Full("viewers_max"));
        }
        Ok((key, name))
    }

    fn enter(&mut self, viewer: ClientId, key: RoomKey, name: Name) {
        let link = self.link(Linked::Viewer(viewer));
        let Some(room) = self.rooms.get_mut(&key) else {
            return;
        };
        let (host, told, room_name) = (room.host, room.everybody(), room.name.clone());
        room.viewers.push(Viewer {
            name: name.clone(),
            client: viewer,
            link,
        });
        if let Some(client) = self.clients.get_mut(&viewer) {
            client.views = Some(key);
        }
        match link {
            Some(link) => self.tasks.push_back(Task::Show {
                link,
                room: room_name.clone(),
                viewer: name.clone(),
            }),
            None => self.tell(host, Event::Wanted(name.clone())),
        }
        self.tell_joined(&room_name, &name, Role::Viewer);
        self.tell_all(told, Event::Joined(name));
    }

    /// Takes a viewer out of its room. Returns whether it was in one. The viewer is told nothing.
    pub(super) fn leave(&mut self, viewer: ClientId) -> bool {
        let client = self.clients.get_mut(&viewer);
        let Some(key) = client.and_then(|client| client.views.take()) else {
            return false;
        };
        let Some(room) = self.rooms.get_mut(&key) else {
            return false;
        };
        let place = room.viewers.iter().position(|other| other.client == viewer);
        let Some(place) = place else {
            return false;
        };
        let left = room.viewers.remove(place);
        let (rest, room_name) = (room.everybody(), room.name.clone());
        self.tell_left(&room_name, &left.name, EndReason::Left);
        self.tell_all(rest, Event::Left(left.name));
        self.unlink(left.link);
        true
    }
}
