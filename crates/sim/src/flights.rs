use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::Instant;

/// What is on its way, in the order of arrival. Of two that arrive together, the one launched first
/// comes first.
#[derive(Debug)]
pub(crate) struct Flights<C> {
    under_way: BinaryHeap<Flight<C>>,
    launched: u64,
}

#[derive(Debug)]
struct Flight<C> {
    at: Instant,
    order: u64,
    cargo: C,
}

impl<C> Flights<C> {
    pub(crate) fn new() -> Self {
        Self {
            under_way: BinaryHeap::new(),
            launched: 0,
        }
    }

    /// Adds what arrives at this time.
    pub(crate) fn launch(&mut self, at: Instant, cargo: C) {
        self.launched += 1;
        let order = self.launched;
        self.under_way.push(Flight { at, order, cargo });
    }

    /// When the next flight arrives.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.under_way.peek().map(|flight| flight.at)
    }

    /// Takes the next flight, if it has arrived by `now`.
    pub(crate) fn land(&mut self, now: Instant) -> Option<C> {
        self.next().filter(|at| *at <= now)?;
        self.under_way.pop().map(|flight| flight.cargo)
    }
}

/// Reversed: the heap gives the greatest first.
impl<C> Ord for Flight<C> {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl<C> PartialOrd for Flight<C> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<C> PartialEq for Flight<C> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<C> Eq for Flight<C> {}
