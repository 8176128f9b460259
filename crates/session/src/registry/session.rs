//! One session, and whose it is.

use std::collections::BTreeMap;

use auth::Subject;
use model::{Quality, Role, ShardId, StreamName};
use room::ParticipantKey;
use rtp::Bitrate;

use crate::description::Description;
use crate::output::PeerKind;

/// One session: a peer, and what it is for.
#[derive(Debug)]
pub(crate) struct Session {
    /// The shard that has its peer.
    pub(crate) shard: ShardId,
    /// What its program calls itself, for the log.
    pub(crate) client: String,
    pub(crate) owner: Owner,
    /// Its streams, and its part in each; that of a participant may have any number.
    pub(crate) streams: BTreeMap<StreamName, Role>,
    /// How well the connection does.
    pub(crate) quality: Quality,
    /// What the path to a viewer carries.
    pub(crate) bandwidth: Option<Bitrate>,
}

/// Whose session it is.
#[derive(Debug)]
pub(crate) enum Owner {
    /// A client outside rooms: by WHIP or WHEP.
    External(External),
    /// A participant, and which of its peers.
    Participant(ParticipantKey, PeerKind),
}

/// What is known of a session outside rooms.
#[derive(Debug)]
pub(crate) struct External {
    pub(crate) role: Role,
    /// Its one stream.
    pub(crate) stream: StreamName,
    /// Whose token opened it.
    pub(crate) subject: Option<Subject>,
    pub(crate) description: Description,
    /// The rid of the layer that a viewer gets.
    pub(crate) layer: Option<String>,
    /// The client's new ufrag while a shard restarts ICE.
    pub(crate) restarting: Option<String>,
}

impl Owner {
    pub(crate) fn external(&self) -> Option<&External> {
        match self {
            Self::External(external) => Some(external),
            Self::Participant(..) => None,
        }
    }

    pub(crate) fn part(&self) -> Option<(ParticipantKey, PeerKind)> {
        match self {
            Self::External(_) => None,
            Self::Participant(key, kind) => Some((*key, *kind)),
        }
    }

    pub(crate) fn participant(&self) -> Option<ParticipantKey> {
        self.part().map(|(key, _)| key)
    }
}

impl Session {
    pub(crate) fn new(shard: ShardId, client: String, owner: Owner) -> Self {
        Self {
            shard,
            client,
            owner,
            streams: BTreeMap::new(),
            quality: Quality::Unknown,
            bandwidth: None,
        }
    }
}
