//! Creates and closes rooms.

use super::room::Linked;
use super::room::{Room, RoomKey};
use super::{ClientId, Event, Name, Refusal, Rooms, Task};

impl Rooms {
    pub(super) fn create(&mut self, host: ClientId, name: &str) -> Result<(), Refusal> {
        let created = self.try_create(host, name);
        let event = match created {
            Ok(()) => Event::Created,
            Err(_) => Event::CreateFailed,
        };
        self.tell(host, event);
        created
    }

    /// Tells a client that its room was not created, for a reason that only the caller knows.
    pub fn refuse_room(&mut self, host: ClientId) {
        if self.clients.contains_key(&host) {
            self.tell(host, Event::CreateFailed);
        }
    }

    fn try_create(&mut self, host: ClientId, name: &str) -> Result<(), Refusal> {
        let client = self.clients.get_mut(&host).ok_or(Refusal::Gone)?;
        if !client.grants.publish {
            return Err(Refusal::Forbidden);
        }
        let name = Name::new(name, self.limits.name_bytes_max)?;
        if self.keys.contains_key(&name) {
            return Err(Refusal::Taken);
        }
        if client.hosts.len() >= self.limits.rooms_per_host_max {
            return Err(Refusal::Full("rooms_per_host_max"));
        }
        if self.rooms.len() >= self.limits.rooms_max {
            return Err(Refusal::Full("rooms_max"));
        }
        let key = RoomKey(self.next_key);
        self.next_key += 1;
        client.hosts.insert(key);
        self.keys.insert(name.clone(), key);
        let link = self.link(Linked::Host(key));
        if let Some(link) = link {
            let room = name.clone();
            self.tasks.push_back(Task::Take { link, room });
        }
        let room = Room {
            name,
            host,
            link,
            viewers: Vec::new(),
        };
        self.tell_created(&room.name);
        self.rooms.insert(key, room);
        Ok(())
    }

    /// Closes the oldest room of a host. The host is told nothing.
    pub(super) fn close_first(&mut self, host: ClientId) -> Result<(), Refusal> {
        let client = self.clients.get(&host).ok_or(Refusal::Gone)?;
        let key = *client.hosts.first().ok_or(Refusal::NoRoom)?;
        self.close(key);
        Ok(())
    }

    pub(super) fn close(&mut self, key: RoomKey) {
        let Some(room) = self.rooms.remove(&key) else {
            return;
        };
        self.keys.remove(&room.name);
        self.tell_closed(&room);
        if let Some(host) = self.clients.get_mut(&room.host) {
            host.hosts.remove(&key);
        }
        for viewer in &room.viewers {
            if let Some(client) = self.clients.get_mut(&viewer.client) {
                client.views = None;
            }
        }
        self.tell_all(room.audience(), Event::Closed);
        self.unlink(room.link);
        for viewer in room.viewers {
            self.unlink(viewer.link);
        }
    }
}
