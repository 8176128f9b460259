//! The directory of rooms as webhooks tell of it.

use std::collections::{BTreeMap, BTreeSet};

use room::{Listed, ParticipantId, RoomName, Topology, WebhookEvent};

/// The rooms that have begun and not ended, with their participants.
#[derive(Debug, Default)]
pub(super) struct EventDirectory(BTreeMap<(Topology, RoomName), BTreeSet<ParticipantId>>);

impl EventDirectory {
    /// Takes a fact. Fails when it does not follow from those before.
    pub(super) fn take(&mut self, topology: Topology, event: &WebhookEvent) -> Result<(), String> {
        let rooms = &mut self.0;
        let follows = match event {
            WebhookEvent::RoomStarted { room } => {
                let begun = rooms.insert((topology, room.clone()), BTreeSet::new());
                begun.is_none()
            }
            WebhookEvent::RoomEnded { room } => {
                let ended = rooms.remove(&(topology, room.clone()));
                ended.is_some_and(|inside| inside.is_empty())
            }
            WebhookEvent::ParticipantJoined { room, participant } => {
                let inside = rooms.get_mut(&(topology, room.clone()));
                inside.is_some_and(|inside| inside.insert(participant.id.clone()))
            }
            WebhookEvent::ParticipantLeft {
                room, participant, ..
            } => {
                let inside = rooms.get_mut(&(topology, room.clone()));
                inside.is_some_and(|inside| inside.remove(participant))
            }
            WebhookEvent::StreamStarted { room, .. } | WebhookEvent::StreamEnded { room, .. } => {
                topology == Topology::Sfu && rooms.contains_key(&(topology, room.clone()))
            }
        };
        match follows {
            true => Ok(()),
            false => Err(format!("webhooks are told out of order: {event:?}")),
        }
    }

    /// What was told and what is listed, where they differ.
    pub(super) fn differs(&self, listed: impl Iterator<Item = Listed>) -> Option<String> {
        let listed = listed.map(|listed| {
            let key = (listed.topology, listed.room.name);
            (key, listed.room.participants)
        });
        let listed: BTreeMap<_, _> = listed.collect();
        let told = self.0.iter();
        let told: BTreeMap<_, _> = told.map(|(key, ids)| (key.clone(), ids.len())).collect();
        (told != listed).then(|| format!("webhooks know {told:?}, listed are {listed:?}"))
    }
}
