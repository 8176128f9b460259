use std::collections::BTreeSet;

use model::OpenError;
use room::{JoinError, Joined, ParticipantId, ParticipantKey, RoomName};

use crate::core::{Core, Now};
use crate::error::Error;
use crate::output::PeerKind;
use crate::participant::{Participant, Transport};
use crate::registry::{Owner, RETRY_FULL};
use crate::unified_peer::UnifiedPeer;

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

/// Over which peers a participant publishes and views streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportKind {
    /// A publisher peer, for which the participant offers, and a subscriber peer, for which the
    /// server does.
    Split,
    /// One peer for both; both sides may offer.
    Unified(UnifiedOptions),
    /// A peer for each stream: the participant [opens](Core::open) them.
    PerStream,
}

/// How a participant with a unified peer takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnifiedOptions {
    /// The name under which it is shown all streams, with tracks `audio` and `video`; `None`: the
    /// names that their publishers gave them.
    pub stream_name: Option<&'static str>,
    /// As long as it has been offered fewer m-lines, each track that it is shown gets a new one.
    /// Then those are used again whose tracks have gone.
    pub new_lines: usize,
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

/// Why a participant does not come into a room, where it is a client's request to publish.
pub(crate) fn not_entered(error: JoinError) -> Error {
    match error {
        JoinError::Full { limit } => OpenError::Full {
            limit,
            retry_after: RETRY_FULL,
        }
        .into(),
        error => OpenError::Refused(error.to_string()).into(),
    }
}
