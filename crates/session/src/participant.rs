//! A participant's connections: one of three arrangements.

use std::collections::{BTreeMap, BTreeSet};

use model::SessionId;
use room::ParticipantKey;

use crate::error::Error;
use crate::output::{Offer, PeerKind};
use crate::peer::{PublisherPeer, ShowingPeer, SubscriberPeer, Track, UnifiedOptions, UnifiedPeer};

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

/// Over which peers a participant wants to publish and to view streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportKind {
    /// A publisher peer, for which the participant offers, and a subscriber peer, for which the
    /// server does.
    Split,
    /// One peer for both; both sides may offer.
    Unified(UnifiedOptions),
    /// A peer for each stream: the participant [opens](crate::Core::open) them.
    PerStream,
}

/// The peers of [`Transport::Split`]: each is made when it is needed first.
#[derive(Debug, Default)]
pub(crate) struct Split {
    pub(crate) publisher: Option<PublisherPeer>,
    pub(crate) subscriber: Option<SubscriberPeer>,
}

impl Transport {
    /// The sessions of all its peers, with what each is for.
    pub(crate) fn peers(&self) -> Vec<(SessionId, PeerKind)> {
        match self {
            Self::Split(split) => {
                let publisher = split.publisher.iter();
                let publisher = publisher.map(|peer| (peer.session, PeerKind::Publisher));
                let subscriber = split.subscriber.iter();
                let subscriber = subscriber.map(|peer| (peer.session(), PeerKind::Subscriber));
                publisher.chain(subscriber).collect()
            }
            Self::Unified(peer) => vec![(peer.session(), PeerKind::Unified)],
            Self::PerStream(sessions) => {
                let sessions = sessions.iter();
                sessions.map(|id| (*id, PeerKind::OneStream)).collect()
            }
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

    /// Forgets what is known of a track that is shown no more. Returns what shows it; `None` when
    /// nothing does.
    pub(crate) fn forget(&mut self, track: &Track) -> Option<&mut ShowingPeer> {
        match self {
            Self::Split(split) => Some(split.subscriber.as_mut()?.forget(track)),
            Self::Unified(peer) => Some(peer.forget(track)),
            Self::PerStream(_) => None,
        }
    }
}

/// The participants that came by themselves: a synthetic one is not among them.
#[derive(Debug, Default)]
pub(crate) struct Participants(BTreeMap<ParticipantKey, Participant>);

impl Participants {
    pub(crate) fn insert(&mut self, key: ParticipantKey, participant: Participant) {
        self.0.insert(key, participant);
    }

    pub(crate) fn remove(&mut self, key: ParticipantKey) -> Option<Participant> {
        self.0.remove(&key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ParticipantKey, &Participant)> {
        self.0.iter().map(|(key, participant)| (*key, participant))
    }

    /// What the program of a participant calls itself; empty when the participant is gone.
    pub(crate) fn client(&self, key: ParticipantKey) -> String {
        let participant = self.0.get(&key);
        participant.map_or_else(String::new, |participant| participant.client.clone())
    }

    pub(crate) fn transport(&self, key: ParticipantKey) -> Option<&Transport> {
        self.0.get(&key).map(|participant| &participant.transport)
    }

    pub(crate) fn transport_mut(&mut self, key: ParticipantKey) -> Option<&mut Transport> {
        let participant = self.0.get_mut(&key);
        participant.map(|participant| &mut participant.transport)
    }

    /// The peers of a participant with [`Transport::Split`].
    pub(crate) fn split(&mut self, key: ParticipantKey) -> Result<&mut Split, Error> {
        match self.transport_mut(key) {
            Some(Transport::Split(split)) => Ok(split),
            _ => Err(Error::Gone),
        }
    }

    /// The subscriber peer of a participant, if it has one.
    pub(crate) fn subscriber(&mut self, key: ParticipantKey) -> Option<&mut SubscriberPeer> {
        self.split(key).ok()?.subscriber.as_mut()
    }

    /// The peer of a participant with [`Transport::Unified`].
    pub(crate) fn unified(&mut self, key: ParticipantKey) -> Result<&mut UnifiedPeer, Error> {
        match self.transport_mut(key) {
            Some(Transport::Unified(peer)) => Ok(peer),
            _ => Err(Error::Gone),
        }
    }
}
