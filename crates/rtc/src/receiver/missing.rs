//! Tracks missing packets, and when to send NACKs for them (RFC 4585 §6.2.1).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Missing numbers that one layer remembers: a burst of 250 ms at 8 Mbit/s. Beyond that the oldest
/// are given up. All of them fit into one datagram even when no two share an entry.
pub(super) const MISSING_MAX: usize = 256;

/// A gap is requested when it is this old: until then packets may merely be reordered.
const REORDER: Duration = Duration::from_millis(10);

/// Requests for one number. After that the viewer has frozen and needs a key frame instead.
const ASKED_MAX: u8 = 8;

/// Older gaps are given up: players have skipped them by then.
const AGE_MAX: Duration = Duration::from_secs(1);

/// Limits of the pause after the first request for a number. The pause grows by as much again with
/// each further request.
const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// The missing numbers of one source, ascending.
#[derive(Debug, Default)]
pub(super) struct Missing {
    numbers: VecDeque<Number>,
    /// No request is due before this.
    due: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Number {
    index: u64,
    noticed: Instant,
    asked_at: Instant,
    asked: u8,
}

impl Missing {
    /// Adds the numbers of `gap`, which a later packet has revealed.
    pub(super) fn add(&mut self, now: Instant, gap: std::ops::Range<u64>) {
        let first = gap.end.saturating_sub(MISSING_MAX as u64).max(gap.start);
        for index in first..gap.end {
            if self.numbers.len() == MISSING_MAX {
                self.numbers.pop_front();
            }
            self.numbers.push_back(Number {
                index,
                noticed: now,
                asked_at: now,
                asked: 0,
            });
        }
        if !self.numbers.is_empty() {
            self.due = earlier(self.due, Some(now + REORDER));
        }
    }

    /// Removes a number that has arrived. Returns when it was requested if that was exactly once:
    /// with several requests it is unknown which one was answered.
    pub(super) fn remove(&mut self, index: u64) -> Option<Instant> {
        let at = self.numbers.binary_search_by_key(&index, |n| n.index);
        let number = self.numbers.remove(at.ok()?)?;
        if self.numbers.is_empty() {
            self.due = None;
        }
        (number.asked == 1).then_some(number.asked_at)
    }

    pub(super) fn clear(&mut self) {
        self.numbers.clear();
        self.due = None;
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Appends the numbers to request now to `to`, ascending, and drops those that are given up.
    pub(super) fn ask(&mut self, now: Instant, round_trip: Duration, to: &mut Vec<u16>) {
        if self.due.is_none_or(|due| due > now) {
            return;
        }
        let pause = round_trip.clamp(PAUSE_MIN, PAUSE_MAX);
        self.numbers.retain(|number| {
            number.asked < ASKED_MAX && now.saturating_duration_since(number.noticed) < AGE_MAX
        });
        let mut next = None;
        for number in &mut self.numbers {
            if number.due(pause) <= now {
                number.asked += 1;
                number.asked_at = now;
                to.push(number.index as u16);
            }
            next = earlier(next, Some(number.due(pause)));
        }
        self.due = next;
    }
}

impl Number {
    fn due(&self, pause: Duration) -> Instant {
        match self.asked {
            0 => self.noticed + REORDER,
            asked => self.asked_at + pause * asked.into(),
        }
    }
}

/// Returns the earlier of two optional times.
pub(super) fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    [a, b].into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn asked(missing: &mut Missing, now: Instant, round_trip: Duration) -> Vec<u16> {
        let mut numbers = Vec::new();
        missing.ask(now, round_trip, &mut numbers);
        numbers
    }

    #[test]
    fn gap_that_closes_soon_is_not_requested() {
        let start = Instant::now();
        let mut missing = Missing::default();
        missing.add(start, 5..7);
        assert!(asked(&mut missing, start + ms(9), ms(20)).is_empty());
        assert_eq!(missing.remove(5), None);
        assert_eq!(asked(&mut missing, start + ms(10), ms(20)), [6]);
        assert_eq!(missing.remove(6), Some(start + ms(10)));
        assert_eq!(missing.due(), None);
    }

    #[test]
    fn number_is_requested_ever_more_slowly_then_given_up() {
        let start = Instant::now();
        for (round_trip, expected) in [
            (20, &[10, 30, 70, 130, 210, 310, 430, 570][..]),
            (100, &[10, 110, 310, 610]),
            // A wrong measurement must not stop the requests.
            (9_999, &[10, 510]),
        ] {
            let mut missing = Missing::default();
            missing.add(start, 5..6);
            let times = (0..2_000)
                .filter(|at| !asked(&mut missing, start + ms(*at), ms(round_trip)).is_empty());
            assert_eq!(times.collect::<Vec<_>>(), expected);
            assert_eq!(missing.due(), None);
        }
    }

    #[test]
    fn due_time_is_when_numbers_are_requested() {
        let start = Instant::now();
        let mut missing = Missing::default();
        missing.add(start, 5..6);
        missing.add(start + ms(5), 7..8);
        for expected in [&[5][..], &[7], &[5], &[7]] {
            let due = missing.due().unwrap();
            assert!(asked(&mut missing, due - ms(1), ms(20)).is_empty());
            assert_eq!(asked(&mut missing, due, ms(20)), expected);
        }
    }

    #[test]
    fn only_the_newest_of_too_many_gaps_are_requested() {
        let start = Instant::now();
        let mut missing = Missing::default();
        missing.add(start, 0..10);
        missing.add(start, 100..1_000_000);
        let numbers = asked(&mut missing, start + ms(10), ms(20));
        assert_eq!(numbers.len(), MISSING_MAX);
        assert_eq!(numbers.last(), Some(&(999_999_u64 as u16)));
    }
}
