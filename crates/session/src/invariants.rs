//! What is true of a core after each call, for tests and simulations: the two sides of each relation
//! agree.

use model::{SessionId, ShardId};
use room::ParticipantKey;

use crate::core::Core;
use crate::core::StreamOwner;

impl Core {
    /// The first thing about the core that is not as it should be; `None`: all is well. Looks at
    /// everything, so it is slow.
    pub fn inconsistency(&self) -> Option<String> {
        let found = self.registry.inconsistency();
        let found = found.or_else(|| self.inconsistent_participant());
        let found = found.or_else(|| self.inconsistent_session());
        found.or_else(|| self.inconsistent_owner())
    }

    /// A participant has the sessions that its peers say, and is in a room.
    fn inconsistent_participant(&self) -> Option<String> {
        self.participants.iter().find_map(|(key, participant)| {
            if self.rooms.participant(key).is_none() {
                return Some(format!("{key:?} is in no room"));
            }
            let peers = participant.transport.peers();
            let wrong = peers.into_iter().find(|(session, kind)| {
                let session = self.registry.session(*session);
                session.and_then(|session| session.owner.part()) != Some((key, *kind))
            })?;
            Some(format!("{key:?} has no session {wrong:?}"))
        })
    }

    /// A session of a participant is one of its peers, and its streams are in the participant's room.
    fn inconsistent_session(&self) -> Option<String> {
        self.registry.sessions().find_map(|(id, session)| {
            let (key, kind) = session.owner.part()?;
            let Some(transport) = self.participants.transport(key) else {
                return Some(format!("session {id:?} belongs to {key:?}, which has left"));
            };
            if !transport.peers().contains(&(id, kind)) {
                return Some(format!("session {id:?} is none of the peers of {key:?}"));
            }
            None
        })
    }

    /// A stream with a session of its own belongs to somebody who is there.
    fn inconsistent_owner(&self) -> Option<String> {
        self.owners.iter().find_map(|(stream, owner)| {
            let (StreamOwner::Synthetic(key) | StreamOwner::Participant(key)) = *owner;
            if self.rooms.owner(stream) != Some(key) {
                return Some(format!("{stream} is not a stream of {key:?} in its room"));
            }
            if self.registry.publisher(stream).is_none() {
                return Some(format!("{stream} has an owner and no publisher"));
            }
            None
        })
    }

    /// The participants that came by themselves.
    pub fn participants(&self) -> impl Iterator<Item = ParticipantKey> {
        self.participants.iter().map(|(key, _)| key)
    }

    /// All sessions with their shards.
    pub fn sessions(&self) -> impl Iterator<Item = (SessionId, ShardId)> {
        let sessions = self.registry.sessions();
        sessions.map(|(id, session)| (id, session.shard))
    }
}
