use super::{Participant, ParticipantId, Role, Room, RoomName, State};
use model::Quality;

/// The way that media takes from a publisher to the viewers of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topology {
    /// Through the server, which forwards it.
    Sfu,
    /// From the host's browser to each viewer's. The server sees no media.
    Direct,
    /// From browser to browser over a relay tree. The server sees no media.
    Tree,
}

/// A room as the directory of all rooms has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The room. Of one whose media does not pass the server, `viewers` is 0: all that watch it
    /// are participants.
    pub room: Room,
    /// The way of its media.
    pub topology: Topology,
    /// Of a tree: hops from the owner to the peer with media that is farthest away.
    pub depth: Option<u32>,
}

impl Listed {
    /// A room whose media does not pass the server.
    pub(crate) fn peer_to_peer(name: RoomName, topology: Topology, participants: usize) -> Self {
        let room = Room {
            name,
            locked: false,
            participants,
            viewers: 0,
        };
        Self {
            room,
            topology,
            depth: None,
        }
    }
}

/// What webhooks would report: the rooms, with the ids of their participants.
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct Observer(std::collections::BTreeMap<RoomName, Vec<ParticipantId>>);

#[cfg(test)]
impl Observer {
    /// Takes an event that has to follow from those before.
    pub(crate) fn take(&mut self, event: super::WebhookEvent) {
        use super::WebhookEvent;
        let rooms = &mut self.0;
        match event {
            WebhookEvent::RoomStarted { room } => {
                assert!(rooms.insert(room, Vec::new()).is_none(), "it begins once");
            }
            WebhookEvent::RoomEnded { room } => {
                assert_eq!(
                    rooms.remove(&room),
                    Some(Vec::new()),
                    "all have left before"
                );
            }
            WebhookEvent::ParticipantJoined { room, participant } => {
                rooms
                    .get_mut(&room)
                    .expect("it has begun")
                    .push(participant.id);
            }
            WebhookEvent::ParticipantLeft {
                room, participant, ..
            } => {
                let there = rooms.get_mut(&room).expect("it has begun");
                let place = there.iter().position(|id| *id == participant);
                there.remove(place.expect("it has joined"));
            }
            WebhookEvent::StreamStarted { .. } | WebhookEvent::StreamEnded { .. } => {
                panic!("no streams")
            }
        }
    }

    /// Compares what was told with what is listed.
    pub(crate) fn check(&self, listed: impl Iterator<Item = Listed>) {
        let listed = listed.map(|listed| (listed.room.name, listed.room.participants));
        let mut listed: Vec<_> = listed.collect();
        listed.sort();
        let told = self.0.iter().map(|(room, ids)| (room.clone(), ids.len()));
        assert_eq!(told.collect::<Vec<_>>(), listed);
    }
}

/// A participant of a room whose media does not pass the server, of whose connection nothing is
/// known.
pub(crate) fn unmeasured(id: ParticipantId, name: &str, role: Role, joined_at: u64) -> Participant {
    Participant {
        id,
        name: name.to_owned(),
        role,
        metadata: String::new(),
        state: State::Connected,
        quality: Quality::Unknown,
        joined_at,
    }
}
