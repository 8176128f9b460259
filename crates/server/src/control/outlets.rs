//! How participants are told what happens: each through the outlet that its dialect has made.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Instant;

use model::StreamName;
use room::ParticipantKey;
use session::{ChannelMessage, Offer, PeerKind};

pub(crate) use session::EventBatch;

/// The way to one participant.
///
/// Its methods are called under the lock of the control plane, in the order of the core. So they
/// neither wait nor call the control plane.
pub(crate) trait Outlet: Debug + Send {
    /// Tells the participant what happened in its room. Fails when it does not take what it is
    /// told; a batch that ends with [`Event::Ended`](room::Event::Ended) is the last, and always
    /// fits.
    fn deliver(&mut self, events: &EventBatch) -> Result<(), Slow>;

    /// Passes on an offer of the server.
    fn offer(&mut self, offer: Offer);

    /// One of the participant's peers is lost.
    fn peer_lost(&mut self, peer: PeerKind);

    /// The participant gets another layer of a stream.
    fn layer(&mut self, stream: &StreamName, rid: String);

    /// The participant has opened a data channel, or sent a text over one.
    fn channel_message(&mut self, message: ChannelMessage);

    /// The participation is over; nothing follows.
    fn close(self: Box<Self>, now: Instant);
}

/// The participant does not take what it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slow;

/// The ways to all participants but the synthetic ones.
#[derive(Debug, Default)]
pub(super) struct Outlets(BTreeMap<ParticipantKey, Box<dyn Outlet>>);

impl Outlets {
    pub(super) fn insert(&mut self, key: ParticipantKey, outlet: Box<dyn Outlet>) {
        self.0.insert(key, outlet);
    }

    /// The way to a participant; `None` for a synthetic one, and when its participation is over.
    pub(super) fn get(&mut self, key: ParticipantKey) -> Option<&mut Box<dyn Outlet>> {
        self.0.get_mut(&key)
    }

    /// Tells participants of events. Returns those that do not take them.
    pub(super) fn deliver(
        &mut self,
        to: &[ParticipantKey],
        events: &EventBatch,
    ) -> Vec<ParticipantKey> {
        let is_slow = |key: &&ParticipantKey| {
            let outlet = self.0.get_mut(key);
            outlet.is_some_and(|outlet| outlet.deliver(events).is_err())
        };
        to.iter().filter(is_slow).copied().collect()
    }

    /// A participation is over.
    pub(super) fn close(&mut self, key: ParticipantKey, now: Instant) {
        if let Some(outlet) = self.0.remove(&key) {
            outlet.close(now);
        }
    }
}
