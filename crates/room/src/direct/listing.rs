//! How rooms whose media goes from browser to browser are listed, and told to webhooks.
//!
//! Where media goes through the server, the streams are in a forwarded room of the same name, which is
//! listed instead.

use super::room::Room;
use super::{Media, Name, Rooms};
use crate::topology::unmeasured;
use crate::{
    EndReason, Listed, Participant, ParticipantId, Role, RoomName, Topology, WebhookEvent,
};

impl Rooms {
    /// All rooms whose media goes from browser to browser, oldest first.
    pub fn listed(&self) -> impl Iterator<Item = Listed> {
        self.between_browsers().map(listed)
    }

    /// The number of these rooms, and of the participants in them.
    pub fn count(&self) -> (usize, usize) {
        let participants = self.between_browsers().map(participants);
        (self.between_browsers().count(), participants.sum())
    }

    /// A room of this name with its participants, the host first; `None` if there is none whose
    /// media goes from browser to browser.
    pub fn listed_with(&self, name: &RoomName) -> Option<(Listed, Vec<Participant>)> {
        let room = self
            .between_browsers()
            .find(|room| name_of(&room.name) == *name)?;
        let host = participant(&room.name, Role::Host);
        let viewers = room.viewers.iter();
        let viewers = viewers.map(|viewer| participant(&viewer.name, Role::Viewer));
        Some((listed(room), std::iter::once(host).chain(viewers).collect()))
    }

    fn between_browsers(&self) -> impl Iterator<Item = &Room> {
        let rooms = self.rooms.values();
        rooms.filter(|_| self.media == Media::Direct)
    }

    /// A room begins, with its host.
    pub(super) fn tell_created(&mut self, name: &Name) {
        self.webhook(WebhookEvent::RoomStarted {
            room: name_of(name),
        });
        self.tell_joined(name, name, Role::Host);
    }

    /// A room ends, with all that are in it.
    pub(super) fn tell_closed(&mut self, room: &Room) {
        for viewer in &room.viewers {
            self.tell_left(&room.name, &viewer.name, EndReason::Closed);
        }
        self.tell_left(&room.name, &room.name, EndReason::Left);
        self.webhook(WebhookEvent::RoomEnded {
            room: name_of(&room.name),
        });
    }

    pub(super) fn tell_joined(&mut self, room: &Name, name: &Name, role: Role) {
        self.webhook(WebhookEvent::ParticipantJoined {
            room: name_of(room),
            participant: participant(name, role),
        });
    }

    pub(super) fn tell_left(&mut self, room: &Name, name: &Name, reason: EndReason) {
        self.webhook(WebhookEvent::ParticipantLeft {
            room: name_of(room),
            participant: ParticipantId::of_any_text(name.as_str()),
            reason,
        });
    }

    fn webhook(&mut self, event: WebhookEvent) {
        if self.media == Media::Direct {
            self.webhook_events.push_back(event);
        }
    }
}

fn name_of(name: &Name) -> RoomName {
    RoomName::of_any_text(name.as_str())
}

fn listed(room: &Room) -> Listed {
    Listed::peer_to_peer(name_of(&room.name), Topology::Direct, participants(room))
}

/// The host counts.
fn participants(room: &Room) -> usize {
    room.viewers.len() + 1
}

fn participant(name: &Name, role: Role) -> Participant {
    let id = ParticipantId::of_any_text(name.as_str());
    unmeasured(id, name.as_str(), role, 0)
}
