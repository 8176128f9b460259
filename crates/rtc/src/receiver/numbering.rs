//! One continuous numbering over all sources of a layer.

use std::hint::black_box;

/// Numbers without payload that are remembered, so that late packets are numbered correctly. A late
/// packet older than all of them is dropped.
const CLOSED_MAX: usize = 64;

/// Numbers the packets of one layer. Numbers never repeat, a new source continues where the last
/// one ended, and losses stay gaps. Packets without payload leave no gap: viewers would request
/// them in vain.
#[derive(Debug)]
pub(super) struct Numbering {
    /// The lowest number that was never assigned.
    next: u64,
    /// An index of the current source and the number that it maps to, without closed numbers.
    index_in: u64,
    index_out: u64,
    /// Packets below this precede the source's first one, or can no longer be numbered correctly.
    floor: u64,
    /// The lowest index above all that were numbered or closed.
    above: u64,
    /// Indices of the source without payload, ascending; the first `count` are valid.
    closed: [u64; CLOSED_MAX],
    count: usize,
}

impl Numbering {
    /// Creates the numbering. The first source keeps its own numbers, so that packets from before
    /// the first one received still fit in.
    pub(super) fn new() -> Self {
        Self {
            next: 0,
            index_in: 0,
            index_out: 0,
            floor: 0,
            above: 0,
            closed: [0; CLOSED_MAX],
            count: 0,
        }
    }

    /// Loads into the cache the state that the next packet needs.
    pub(super) fn prefetch(&self) {
        black_box((self.next, self.count));
    }

    /// Begins another source, or another run of numbers, with `index`.
    pub(super) fn begin(&mut self, index: u64) {
        *self = Self {
            next: self.next,
            index_in: index,
            index_out: self.next,
            floor: index,
            above: index,
            ..Self::new()
        };
    }

    /// Returns the number of the packet with this index; `None` when it comes too late.
    pub(super) fn number(&mut self, index: u64) -> Option<u64> {
        if index < self.floor {
            return None;
        }
        let closed = self.closed.get(..self.count)?;
        let closed = closed.partition_point(|closed| *closed < index) as u64;
        let number = (index - self.index_in + self.index_out).checked_sub(closed)?;
        self.next = self.next.max(number + 1);
        self.above = self.above.max(index + 1);
        Some(number)
    }

    /// Closes the index of a packet without payload: the next packet takes its number. A late one
    /// leaves a gap, since the packets after it are numbered already.
    pub(super) fn close(&mut self, index: u64) {
        if index < self.above || index < self.floor {
            return;
        }
        // Forget the oldest closed index: fold it into the mapping and refuse packets before it.
        if self.count == CLOSED_MAX {
            let [oldest, ..] = self.closed;
            self.floor = oldest + 1;
            self.index_in += 1;
            self.closed.rotate_left(1);
            self.count -= 1;
        }
        if let Some(place) = self.closed.get_mut(self.count) {
            *place = index;
            self.count += 1;
        }
        self.above = index + 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn first_source_keeps_its_numbers() {
        let mut numbering = Numbering::new();
        let numbers = [700, 702, 701, 699].map(|index| numbering.number(index));
        assert_eq!(numbers, [700, 702, 701, 699].map(Some));
    }

    #[test]
    fn next_source_continues_and_keeps_its_gaps() {
        let mut numbering = Numbering::new();
        numbering.number(700);
        numbering.begin(30_000);
        let numbers = [30_000, 30_003, 30_001, 29_999].map(|index| numbering.number(index));
        assert_eq!(numbers, [Some(701), Some(704), Some(702), None]);
    }

    #[test]
    fn packets_without_payload_leave_no_gap() {
        let mut numbering = Numbering::new();
        assert_eq!(numbering.number(10), Some(10));
        numbering.close(11);
        numbering.close(13);
        let numbers = [14, 12, 15].map(|index| numbering.number(index));
        assert_eq!(numbers, [Some(12), Some(11), Some(13)]);
        // Late: 18 has been numbered.
        assert_eq!(numbering.number(18), Some(16));
        numbering.close(17);
        assert_eq!(numbering.number(19), Some(17));
    }

    proptest! {
        #[test]
        fn numbers_are_never_assigned_twice(
            steps in prop::collection::vec((0_u64..200, 0_u8..10), 1..400),
            first in 0_u64..1 << 40,
        ) {
            let mut numbering = Numbering::new();
            let (mut given, mut seen) = (BTreeMap::new(), BTreeMap::new());
            let (mut at, mut generation) = (first, 0);
            for (step, what) in steps {
                at = (at + step).saturating_sub(80);
                if what == 0 {
                    generation += 1;
                    at = at.wrapping_mul(31) % (1 << 40);
                    numbering.begin(at);
                }
                if seen.insert((generation, at), ()).is_some() {
                    continue;
                }
                if what < 5 {
                    numbering.close(at);
                } else if let Some(number) = numbering.number(at) {
                    prop_assert_eq!(given.insert(number, ()), None);
                }
            }
        }
    }
}
