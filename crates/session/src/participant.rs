//! A participant's connections: one of three arrangements.

use std::collections::BTreeSet;

use model::SessionId;
use room::ParticipantKey;

use crate::core::Core;
use crate::error::Error;
use crate::output::Offer;
use crate::publisher_peer::PublisherPeer;
use crate::subscriber_peer::SubscriberPeer;
use crate::unified_peer::UnifiedPeer;

/// A participant that came by itself, beside what its room knows of it.
#[derive(Debug)]
pub(crate) struct Participant {
    /// What its program calls itself, for the log.
    pub(crate) client: String,
    pub(crate) transport: Transport,
}

/// Over which peers a participant publishes and views streams.
#[derive(Debug)]
pub(crate) enum Transport {
    /// One peer for all streams that it publishes, one for all that it views.
    Split(Box<Split>),
    /// One peer for both.
    Unified(Box<UnifiedPeer>),
    /// One for each stream. The participant opens and closes them.
    PerStream(BTreeSet<SessionId>),
}

/// The peers of [`Transport::Split`]: each is made when it is needed first.
#[derive(Debug, Default)]
pub(crate) struct Split {
    pub(crate) publisher: Option<PublisherPeer>,
    pub(crate) subscriber: Option<SubscriberPeer>,
}

impl Transport {
    /// The sessions of all its peers.
    pub(crate) fn sessions(&self) -> Vec<SessionId> {
        match self {
            Self::Split(split) => {
                let publisher = split.publisher.iter().map(|peer| peer.session);
                let subscriber = split.subscriber.iter().map(|peer| peer.session);
                publisher.chain(subscriber).collect()
            }
            Self::Unified(peer) => vec![peer.session],
            Self::PerStream(sessions) => sessions.iter().copied().collect(),
        }
    }

    /// The next offer of the server, when there is something to tell and no other waits for its
    /// answer.
    pub(crate) fn offer(&mut self) -> Option<Offer> {
        match self {
            Self::Split(split) => split.subscriber.as_mut()?.offer(),
            Self::Unified(peer) => peer.offer(),
            Self::PerStream(_) => None,
        }
    }
}

impl Core {
    /// The peers of a participant with [`Transport::Split`].
    pub(crate) fn split(&mut self, key: ParticipantKey) -> Result<&mut Split, Error> {
        match self.participants.get_mut(&key).map(|p| &mut p.transport) {
            Some(Transport::Split(split)) => Ok(split),
            _ => Err(Error::Gone),
        }
    }

    /// The peer of a participant with [`Transport::Unified`].
    pub(crate) fn unified(&mut self, key: ParticipantKey) -> Result<&mut UnifiedPeer, Error> {
        match self.participants.get_mut(&key).map(|p| &mut p.transport) {
            Some(Transport::Unified(peer)) => Ok(peer),
            _ => Err(Error::Gone),
        }
    }
}
