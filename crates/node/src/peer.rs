use std::net::SocketAddr;
use std::time::Instant;

use broadcast::forward::{Estimate, LayerSelector, Subscription};
use broadcast::{Role, SessionId};
use rtc::Peer;
use rtp::{Bitrate, Kind};

use crate::ClosedReason;
use crate::timers::Timer;

/// A peer with what the node knows of it.
#[derive(Debug)]
pub(crate) struct PeerEntry {
    pub(crate) session: SessionId,
    pub(crate) role: Role,
    pub(crate) peer: Box<Peer>,
    /// Key of its stream.
    pub(crate) stream: usize,
    pub(crate) created: Instant,
    pub(crate) heard: Instant,
    pub(crate) connected: bool,
    pub(crate) ufrags: Vec<String>,
    pub(crate) addresses: Vec<SocketAddr>,
    /// Something was written that has not left yet, or is waiting in a cache.
    pub(crate) dirty: bool,
    pub(crate) timer: Timer,
    /// Viewers only: how much of its stream it has been given, since the stream's begin.
    pub(crate) given: u64,
    /// Viewers only: one for each m-line.
    pub(crate) subscriptions: Vec<Subscribed>,
    pub(crate) selector: LayerSelector,
    pub(crate) estimate: Option<Estimate>,
    /// What the bandwidth estimation was last told to look for.
    pub(crate) wanted: (Bitrate, Bitrate),
}

/// One m-line of a viewer.
#[derive(Debug)]
pub(crate) struct Subscribed {
    pub(crate) media: usize,
    pub(crate) kind: Kind,
    pub(crate) subscription: Subscription,
}

impl PeerEntry {
    pub(crate) fn new(
        session: SessionId,
        role: Role,
        peer: Box<Peer>,
        stream: usize,
        now: Instant,
    ) -> Self {
        Self {
            session,
            role,
            peer,
            stream,
            created: now,
            heard: now,
            connected: false,
            ufrags: Vec::new(),
            addresses: Vec::new(),
            dirty: false,
            timer: Timer::default(),
            given: 0,
            subscriptions: Vec::new(),
            selector: LayerSelector::default(),
            estimate: None,
            wanted: (Bitrate::ZERO, Bitrate::ZERO),
        }
    }

    pub(crate) fn subscribe(&mut self, first_seq: u16, now: Instant) {
        let kinds = self.peer.media().iter().map(|m| m.kind).enumerate();
        self.subscriptions = kinds
            .map(|(media, kind)| Subscribed {
                media,
                kind,
                // Apart from each other, or two m-lines would count in step.
                subscription: Subscription::new(first_seq.wrapping_add(media as u16 * 7_919), now),
            })
            .collect();
    }

    /// Why its session ends when the peer itself gives up.
    pub(crate) fn lost(&self) -> ClosedReason {
        if self.connected {
            ClosedReason::Remote
        } else {
            ClosedReason::NeverConnected
        }
    }

    /// When cached packets are due.
    pub(crate) fn catch_up_due(&self) -> Option<Instant> {
        self.subscriptions
            .iter()
            .filter_map(|s| s.subscription.due())
            .min()
    }
}
