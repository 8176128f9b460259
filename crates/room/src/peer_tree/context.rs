use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::{Error, Event, Limits, Output, PeerId};
use crate::WebhookEvent;
use crate::timer_table::Timers;

/// The timers of all broadcasts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A parent has not answered this joiner.
    Answer(PeerId),
    /// There may be another parent for this joiner by now.
    Retry(PeerId),
    /// This peer, which was answered, should have media by now.
    Ready(PeerId),
    /// Send the gathered changes of this broadcast's tree.
    Push(Arc<str>),
}

/// The limits, timers and outputs that all broadcasts share.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) limits: Limits,
    pub(super) timers: Timers<Timer>,
    pub(super) outputs: VecDeque<Output>,
    pub(super) webhook_events: VecDeque<WebhookEvent>,
    /// Broadcasts whose tree the present call has changed.
    pub(super) changed: BTreeSet<Arc<str>>,
}

impl Context {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            timers: Timers::default(),
            outputs: VecDeque::new(),
            webhook_events: VecDeque::new(),
            changed: BTreeSet::new(),
        }
    }

    pub(super) fn tell(&mut self, to: PeerId, event: Event) {
        self.tell_all(vec![to], event);
    }

    pub(super) fn tell_all(&mut self, to: Vec<PeerId>, event: Event) {
        if !to.is_empty() {
            self.outputs.push_back(Output { to, event });
        }
    }

    pub(super) fn check_name(&self, name: &str) -> Result<(), Error> {
        let max = self.limits.name_bytes_max;
        if name.len() > max {
            return Err(Error::TooLong { max });
        }
        Ok(())
    }

    /// Nothing waits for this peer any more.
    pub(super) fn forget(&mut self, peer: PeerId) {
        self.timers.cancel(Timer::Answer(peer));
        self.timers.cancel(Timer::Retry(peer));
        self.timers.cancel(Timer::Ready(peer));
    }
}
