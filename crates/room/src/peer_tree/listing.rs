//! How broadcasts over a tree are listed, and told to webhooks.

use super::broadcast::Broadcast;
use super::context::Context;
use super::{Broadcasts, PeerId};
use crate::topology::unmeasured;
use crate::{
    EndReason, Listed, Participant, ParticipantId, Role, RoomName, Topology, WebhookEvent,
};

impl Broadcasts {
    /// All broadcasts, by name.
    pub fn listed(&self) -> impl Iterator<Item = Listed> {
        self.broadcasts.values().map(listed)
    }

    /// The number of broadcasts, and of the peers in them.
    pub fn count(&self) -> (usize, usize) {
        let peers = self.broadcasts.values().map(|one| one.members.len());
        (self.broadcasts.len(), peers.sum())
    }

    /// A broadcast of this name with its peers, the owner first; `None` if there is none.
    pub fn listed_with(&self, name: &RoomName) -> Option<(Listed, Vec<Participant>)> {
        let mut broadcasts = self.broadcasts.values();
        let broadcast = broadcasts.find(|broadcast| name_of(&broadcast.name) == *name)?;
        let member = |peer: PeerId| {
            let name = broadcast.members.get(&peer).map(|member| &member.name)?;
            Some(participant(peer, name, role(broadcast, peer)))
        };
        let peers = broadcast.everybody().into_iter().filter_map(member);
        Some((listed(broadcast), peers.collect()))
    }

    /// The next webhook event. Times of joining are 0: the caller knows the time. Call it until `None`
    /// after each other call.
    pub fn poll_webhook_event(&mut self) -> Option<WebhookEvent> {
        self.context.webhook_events.pop_front()
    }
}

impl Context {
    pub(super) fn tell_started(&mut self, name: &str) {
        self.webhook_events.push_back(WebhookEvent::RoomStarted {
            room: name_of(name),
        });
    }

    pub(super) fn tell_joined(&mut self, room: &str, peer: PeerId, name: &str, role: Role) {
        self.webhook_events
            .push_back(WebhookEvent::ParticipantJoined {
                room: name_of(room),
                participant: participant(peer, name, role),
            });
    }

    pub(super) fn tell_left(&mut self, room: &str, peer: PeerId, reason: EndReason) {
        self.webhook_events
            .push_back(WebhookEvent::ParticipantLeft {
                room: name_of(room),
                participant: id_of(peer),
                reason,
            });
    }

    /// A broadcast ends, with all that are in it.
    pub(super) fn tell_ended(&mut self, broadcast: &Broadcast) {
        for peer in broadcast.members.keys() {
            let reason = match *peer == broadcast.owner {
                true => EndReason::Left,
                false => EndReason::Closed,
            };
            self.tell_left(&broadcast.name, *peer, reason);
        }
        self.webhook_events.push_back(WebhookEvent::RoomEnded {
            room: name_of(&broadcast.name),
        });
    }
}

fn name_of(name: &str) -> RoomName {
    RoomName::of_any_text(name)
}

/// Peers may have one name, so their ids are those of their sockets.
fn id_of(peer: PeerId) -> ParticipantId {
    ParticipantId::of_any_text(&format!("{:032x}", peer.0))
}

fn role(broadcast: &Broadcast, peer: PeerId) -> Role {
    match peer == broadcast.owner {
        true => Role::Host,
        false => Role::Viewer,
    }
}

fn participant(peer: PeerId, name: &str, role: Role) -> Participant {
    unmeasured(id_of(peer), name, role, 0)
}

fn listed(broadcast: &Broadcast) -> Listed {
    let name = name_of(&broadcast.name);
    Listed {
        depth: Some(broadcast.tree.depth()),
        ..Listed::peer_to_peer(name, Topology::Tree, broadcast.members.len())
    }
}
