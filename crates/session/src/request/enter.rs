use std::collections::BTreeSet;

use model::OpenError;
use room::{Joined, ParticipantId, ParticipantKey, RoomName};

use crate::core::Core;
use crate::error::Error;
use crate::now::Now;
use crate::output::PeerKind;
use crate::participant::{Participant, Transport, TransportKind};
use crate::peer::{UnifiedOptions, UnifiedPeer};
use crate::registry::Owner;

/// A request to enter a room. The caller has looked at permissions.
#[derive(Debug)]
pub struct Enter {
    /// The room. It begins if it is not there.
    pub room: RoomName,
    /// Unique in the room: another participation with this id ends, as replaced.
    pub id: ParticipantId,
    /// For people; `None`: the id.
    pub name: Option<String>,
    /// The application's.
    pub metadata: String,
    /// What the participant may do.
    pub role: room::Role,
    /// What its program calls itself, for the log.
    pub client: String,
    /// It is shown all tracks of others that it does not decline; otherwise those to which it
    /// subscribes.
    pub auto_subscribe: bool,
    /// Its peers.
    pub transport: TransportKind,
}

impl Core {
    /// Lets a participant into a room. All that happens there afterwards is delivered to it, and
    /// nothing that happened before.
    pub fn enter(&mut self, now: Now, enter: Enter) -> Result<(ParticipantKey, Joined), Error> {
        if self.is_stopping {
            return Err(OpenError::Stopping.into());
        }
        if let TransportKind::Unified(_) = enter.transport {
            self.registry.check_full()?;
        }
        let key = self.next_key();
        let join = room::Join {
            key,
            room: enter.room,
            id: enter.id,
            name: enter.name,
            metadata: enter.metadata,
            role: enter.role,
            auto_subscribe: enter.auto_subscribe,
            joined_at: now.unix_ms,
            is_proved: true,
        };
        let joined = self.rooms.join(now.instant, join)?;
        let transport = match enter.transport {
            TransportKind::Split => Transport::Split(Box::default()),
            TransportKind::PerStream => Transport::PerStream(BTreeSet::new()),
            TransportKind::Unified(options) => {
                Transport::Unified(Box::new(self.unified_peer(key, &enter.client, options)))
            }
        };
        let participant = Participant {
            client: enter.client,
            transport,
        };
        self.participants.insert(key, participant);
        self.settle(now);
        Ok((key, joined))
    }

    /// The peer of a participant with a unified peer, with its session.
    fn unified_peer(
        &mut self,
        key: ParticipantKey,
        client: &str,
        options: UnifiedOptions,
    ) -> UnifiedPeer {
        let shard = self.registry.least_loaded();
        let owner = Owner::Participant(key, PeerKind::Unified);
        let session = self.add_session(shard, client.to_owned(), owner);
        UnifiedPeer::new(session, shard, &self.peers[shard.index()], options)
    }
}
