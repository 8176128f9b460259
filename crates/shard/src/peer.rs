use std::hint::black_box;
use std::net::SocketAddr;
use std::time::Instant;

use forward::{Estimate, LayerSelector, Subscription};
use model::SessionId;
use rtc::{LineIndex, Peer, SectionIndex};
use rtp::{Bitrate, Kind};

use crate::health::Health;
use crate::table::{PeerKey, StreamKey};
use contract::ClosedReason;

/// A peer with what the shard knows of it.
///
/// `repr(C)` keeps the order of the fields: those that every datagram needs come first, together.
/// With thousands of peers each one is read from memory anew, a cache line of 64 bytes at a time.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct PeerEntry {
    pub(crate) peer: Box<Peer>,
    /// The m-lines that it publishes on, with their streams.
    pub(crate) incoming: Vec<Incoming>,
    /// The streams that it views.
    pub(crate) views: Vec<View>,
    pub(crate) connected: bool,
    /// It has packets to send, or time to take, and is in the list of the shard.
    pub(crate) dirty: bool,
    /// Its next timeout has to be asked for.
    pub(crate) unscheduled: bool,
    /// It views one stream of a single layer, and its path carries it: there is nothing to choose
    /// until the path or the stream changes. Such viewers are looked at once a second.
    pub(crate) settled: bool,
    /// The causes of refusal that were reported, a bit for each.
    pub(crate) refused: u32,
    pub(crate) health: Health,
    pub(crate) estimate: Option<Estimate>,
    /// The rates that the bandwidth estimation was last told: to pad up to, and to probe for.
    pub(crate) wanted: (Bitrate, Bitrate),
    pub(crate) session: SessionId,
    pub(crate) created: Instant,
    pub(crate) ufrags: Vec<String>,
    /// The addresses that it was reached at, the latest last.
    pub(crate) addresses: Vec<SocketAddr>,
    /// Why the peer ended, in its own words.
    pub(crate) ended: Option<rtc::Ended>,
    /// The value of [`Peer::held_back`] that was counted already.
    held_back: u32,
}

/// One m-line of a publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Incoming {
    pub(crate) section: SectionIndex,
    pub(crate) stream: StreamKey,
    pub(crate) kind: Kind,
}

/// One stream that a viewer gets.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) stream: StreamKey,
    /// The number of packets up to which it has been given the stream, see `FanOut`.
    pub(crate) given: u64,
    /// Its m-lines for this stream.
    pub(crate) subscriptions: Vec<Subscribed>,
    pub(crate) selector: LayerSelector,
}

/// One m-line of a viewer.
#[derive(Debug)]
pub(crate) struct Subscribed {
    pub(crate) line: LineIndex,
    pub(crate) kind: Kind,
    pub(crate) subscription: Subscription,
    /// The viewer has paused the line.
    pub(crate) paused: bool,
}

impl PeerEntry {
    pub(crate) fn new(session: SessionId, peer: Box<Peer>, now: Instant) -> Self {
        Self {
            session,
            peer,
            created: now,
            connected: false,
            ufrags: Vec::new(),
            addresses: Vec::new(),
            refused: 0,
            ended: None,
            dirty: false,
            incoming: Vec::new(),
            views: Vec::new(),
            estimate: None,
            wanted: (Bitrate::ZERO, Bitrate::ZERO),
            settled: false,
            unscheduled: false,
            health: Health::default(),
            held_back: 0,
        }
    }

    /// Reads the state that a datagram from it will need, and a packet for it.
    pub(crate) fn prefetch(&self) {
        let view = self.views.first();
        black_box((
            self.incoming.first().map(|line| line.section),
            view.map(|view| view.given),
            view.and_then(|view| view.subscriptions.first())
                .map(|s| s.line),
        ));
        self.peer.prefetch();
    }

    /// Returns the number of datagrams that were held back since the last call.
    pub(crate) fn take_held_back(&mut self) -> u64 {
        let now = self.peer.held_back();
        let before = std::mem::replace(&mut self.held_back, now);
        now.saturating_sub(before).into()
    }

    /// Puts it into `dirty`, the list of peers that want their time, unless it is there.
    pub(crate) fn mark_dirty(&mut self, key: PeerKey, dirty: &mut Vec<PeerKey>) {
        if !std::mem::replace(&mut self.dirty, true) {
            dirty.push(key);
        }
    }

    /// Its view of a stream.
    pub(crate) fn view(&mut self, stream: StreamKey) -> Option<&mut View> {
        self.views.iter_mut().find(|view| view.stream == stream)
    }

    /// The viewer's m-line with this number.
    pub(crate) fn subscribed(&mut self, line: LineIndex) -> Option<&mut Subscribed> {
        let mut all = self.views.iter_mut().flat_map(|v| &mut v.subscriptions);
        all.find(|subscribed| subscribed.line == line)
    }

    /// Why its session ends when the peer itself gives up.
    pub(crate) fn lost(&self) -> ClosedReason {
        if self.connected {
            ClosedReason::Remote
        } else {
            ClosedReason::NeverConnected
        }
    }

    /// When the next cached packet is due.
    pub(crate) fn catch_up_due(&self) -> Option<Instant> {
        self.views.iter().filter_map(View::catch_up_due).min()
    }
}

impl View {
    pub(crate) fn new(stream: StreamKey) -> Self {
        Self {
            stream,
            given: 0,
            subscriptions: Vec::new(),
            selector: LayerSelector::default(),
        }
    }

    fn catch_up_due(&self) -> Option<Instant> {
        let due = |s: &Subscribed| s.subscription.due().filter(|_| !s.paused);
        self.subscriptions.iter().filter_map(due).min()
    }

    /// The m-line of its video, unless that is paused.
    pub(crate) fn video(&mut self) -> Option<&mut Subscribed> {
        let mut all = self.subscriptions.iter_mut();
        all.find(|s| s.kind == Kind::Video && !s.paused)
    }
}

impl Subscribed {
    pub(crate) fn new(line: LineIndex, kind: Kind, first_seq: u16, now: Instant) -> Self {
        Self {
            line,
            kind,
            subscription: Subscription::new(first_seq, now),
            paused: false,
        }
    }
}
