use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// When each peer wants to be woken.
///
/// Entries are never removed but only outdated: a peer that is rescheduled to later wakes
/// once for nothing, which is cheaper than finding its entry.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, usize)>>,
}

impl Timers {
    pub(crate) fn schedule(&mut self, at: Instant, key: usize) {
        self.heap.push(Reverse((at, key)));
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<usize> {
        self.next().filter(|at| *at <= now)?;
        self.heap.pop().map(|Reverse((_, key))| key)
    }
}
