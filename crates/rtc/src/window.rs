/// A sliding window over sequence numbers (as the receiver's window of RFC 4303 §3.4.3). It
/// remembers which numbers were seen among the highest one and the `64 * WORDS - 1` before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window<const WORDS: usize> {
    highest: Option<u64>,
    /// One bit per number, at the number modulo the window's size.
    came: [u64; WORDS],
}

impl<const WORDS: usize> Default for Window<WORDS> {
    fn default() -> Self {
        Self {
            highest: None,
            came: [0; WORDS],
        }
    }
}

impl<const WORDS: usize> Window<WORDS> {
    const SIZE: u64 = 64 * WORDS as u64;

    /// Marks a number as seen; returns whether it is new. Numbers before the window are not new.
    pub(crate) fn take(&mut self, number: u64) -> bool {
        match self.highest {
            Some(highest) if number <= highest => {
                if highest - number >= Self::SIZE {
                    return false;
                }
            }
            // The bits of the numbers that enter the window still belong to those that leave it.
            Some(highest) if number - highest < Self::SIZE => {
                (highest + 1..=number).for_each(|passed| *self.word(passed) &= !bit(passed));
                self.highest = Some(number);
            }
            _ => {
                self.came = [0; WORDS];
                self.highest = Some(number);
            }
        }
        let word = self.word(number);
        let new = *word & bit(number) == 0;
        *word |= bit(number);
        new
    }

    /// Whether [`Self::take`] would return true for the number.
    pub(crate) fn is_new(&self, number: u64) -> bool {
        match self.highest {
            Some(highest) if number <= highest => {
                let word = self.came[(number % Self::SIZE / 64) as usize];
                highest - number < Self::SIZE && word & bit(number) == 0
            }
            _ => true,
        }
    }

    fn word(&mut self, number: u64) -> &mut u64 {
        &mut self.came[(number % Self::SIZE / 64) as usize]
    }
}

fn bit(number: u64) -> u64 {
    1 << (number % 64)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn number_is_new_only_once() {
        let mut window = Window::<2>::default();
        let taken: Vec<_> = [1_000, 1_001, 1_001, 990, 990, 1_128, 1_000, 1_001]
            .map(|number| window.take(number))
            .into();
        // 1,000 has fallen out of the window, 1,001 was taken.
        let expected = [true, true, false, true, false, true, false, false];
        assert_eq!(taken, expected);
    }

    proptest! {
        #[test]
        fn numbers_are_never_new_twice(steps in prop::collection::vec(-200_i64..200, 0..500)) {
            let (mut window, mut seen, mut at) = (Window::<2>::default(), BTreeSet::new(), 500_u64);
            for step in steps {
                at = at.saturating_add_signed(step);
                let highest = seen.last().copied().unwrap_or(0);
                let expected = window.is_new(at);
                let new = window.take(at);
                prop_assert_eq!(new, expected);
                prop_assert_eq!(new, !seen.contains(&at) && (at + 128 > highest || seen.is_empty()));
                seen.insert(at);
            }
        }
    }
}
