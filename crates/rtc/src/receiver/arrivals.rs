//! Records when packets arrived, by transport-wide sequence number, and reports that to the
//! sender's bandwidth estimation (draft-holmer-rmcat-transport-wide-cc-extensions-01).

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::{Duration, Instant};

use rtp::{rtcp, seq};

/// The interval between two feedbacks by the number of packets that wait to be reported. Feedback
/// is meant to take a small share of the bit rate that it reports on; libwebrtc allows a twentieth,
/// at intervals of 50 to 250 ms. Probes of five packets and more are reported soon.
const FEEDBACK_EVERY: [(u64, Duration); 3] = [
    (32, Duration::from_millis(50)),
    (5, Duration::from_millis(100)),
    (1, Duration::from_millis(250)),
];

/// Packets of one feedback: with two bytes for each delta it stays below a datagram.
const PACKETS_MAX: usize = 350;

/// Reported numbers that are remembered. A packet that arrives after its loss was reported is
/// reported again together with all numbers after it.
const TOLD_MAX: u64 = 300;

/// A number this far ahead of the last starts another run of numbers; those in between are not
/// lost.
const JUMP_MAX: u64 = 1_000;

/// Numbers that are remembered. More make it start over with the latest number, and the earlier
/// ones go unreported. Feedback is sent so often that only jumping numbers reach this.
const SPAN_MAX: u64 = 4_096;

/// Arrivals further apart than this do not fit into a delta of 16 bits in units of 250 µs.
const DELTA_MAX: Duration = Duration::from_secs(8);

/// Arrivals that were not reported yet, and recent ones that were.
#[derive(Debug)]
pub(super) struct Arrivals {
    began: Instant,
    /// Number of the first of `times`, extended so that it never wraps.
    first: u64,
    /// The next number to report.
    next: u64,
    /// Arrival times; `None` for a packet that did not arrive. The last entry is never `None`.
    times: VecDeque<Option<Instant>>,
    told_at: Option<Instant>,
    /// The feedback packet count of the next feedback.
    number: u8,
}

impl Arrivals {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            began: now,
            first: 0,
            next: 0,
            times: VecDeque::new(),
            told_at: None,
            number: 0,
        }
    }

    /// Loads into the cache the state that the next packet needs.
    pub(super) fn prefetch(&self) {
        black_box(self.times.back().copied());
    }

    /// Records an arrival. A repeated number keeps its first arrival time.
    pub(super) fn add(&mut self, now: Instant, number: u16) {
        let end = self.end();
        let number = match self.times.back() {
            Some(_) => seq::extend16(end - 1, number),
            None => u64::from(number),
        };
        // A jump in either direction starts over, so that the list of times stays bounded.
        if self.times.is_empty()
            || number >= end + JUMP_MAX
            || number >= self.first + SPAN_MAX
            || number + JUMP_MAX < self.first
        {
            self.times.clear();
            (self.first, self.next) = (number, number);
        }
        if number < self.first {
            // Its loss was reported long ago.
            return;
        }
        let place = (number - self.first) as usize;
        if place >= self.times.len() {
            self.times.resize(place, None);
            self.times.push_back(Some(now));
        } else if let Some(time @ None) = self.times.get_mut(place) {
            *time = Some(now);
            // Its loss may have been reported: report again from here on.
            self.next = self.next.min(number);
        }
        self.told_at.get_or_insert(now);
    }

    /// Returns when feedback is due; `None` when every arrival was reported.
    pub(super) fn due(&self) -> Option<Instant> {
        let untold = self.end().saturating_sub(self.next);
        let (_, pause) = FEEDBACK_EVERY.iter().find(|(count, _)| untold >= *count)?;
        Some(self.told_at? + *pause)
    }

    /// Writes feedback packets and passes them to `give` until every arrival is reported.
    pub(super) fn tell(
        &mut self,
        now: Instant,
        sender: u32,
        source: u32,
        give: &mut impl FnMut(&[u8]),
    ) {
        self.told_at = Some(now);
        let mut bytes = Vec::new();
        let mut times = Vec::new();
        while self.next < self.end() {
            self.next_part(&mut times);
            let base = self.next;
            self.next += times.len() as u64;
            // A feedback of losses alone has no reference time, so it is left out: the next one
            // skips these numbers.
            if times.iter().all(Option::is_none) {
                continue;
            }
            bytes.clear();
            rtcp::write_transport_feedback(
                &mut bytes,
                sender,
                source,
                self.number,
                base as u16,
                &times,
            );
            self.number = self.number.wrapping_add(1);
            give(&bytes);
        }
        let kept = self.next.saturating_sub(TOLD_MAX).max(self.first);
        self.times.drain(..(kept - self.first) as usize);
        self.first = kept;
    }

    /// Collects the arrival times of the next feedback, relative to `began`. A gap that no delta
    /// can express ends the feedback.
    fn next_part(&self, times: &mut Vec<Option<Duration>>) {
        times.clear();
        let mut last: Option<Duration> = None;
        let from = (self.next - self.first) as usize;
        for time in self.times.iter().skip(from).take(PACKETS_MAX) {
            let time = time.map(|time| time.saturating_duration_since(self.began));
            if let (Some(last), Some(time)) = (last, time)
                && last.abs_diff(time) > DELTA_MAX
            {
                return;
            }
            last = time.or(last);
            times.push(time);
        }
    }

    fn end(&self) -> u64 {
        self.first + self.times.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use rtp::rtcp::Received;

    use super::*;

    /// Returns each reported packet with its arrival in milliseconds; `None` for a loss.
    fn told(arrivals: &mut Arrivals, now: Instant) -> Vec<(u16, Option<i64>)> {
        let mut all = Vec::new();
        arrivals.tell(now, 1, 2, &mut |bytes| {
            assert!(bytes.len() < 1_100, "{}", bytes.len());
            let mut received = rtcp::read(bytes);
            let Some(Received::TransportFeedback(feedback)) = received.next() else {
                panic!("no feedback");
            };
            let reference = i64::from(feedback.reference) * 64;
            let times = feedback.arrivals();
            all.extend(times.map(|(n, at)| (n, at.map(|at| at / 1_000 + reference))));
        });
        all
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn losses_and_reordering_are_reported_over_a_wrap() {
        let start = Instant::now();
        let mut arrivals = Arrivals::new(start);
        for (number, at) in [(65_534, 10), (65_535, 20), (1, 30), (0, 40), (3, 50)] {
            arrivals.add(start + ms(at), number);
        }
        assert_eq!(arrivals.due(), Some(start + ms(110)));
        let expected = [
            (65_534, Some(10)),
            (65_535, Some(20)),
            (0, Some(40)),
            (1, Some(30)),
            (2, None),
            (3, Some(50)),
        ];
        assert_eq!(told(&mut arrivals, start + ms(110)), expected);
        assert_eq!(arrivals.due(), None);
    }

    #[test]
    fn packet_arriving_after_its_reported_loss_is_reported() {
        let start = Instant::now();
        let mut arrivals = Arrivals::new(start);
        arrivals.add(start, 7);
        arrivals.add(start, 9);
        told(&mut arrivals, start + ms(100));
        arrivals.add(start + ms(150), 8);
        assert_eq!(arrivals.due(), Some(start + ms(350)));
        let expected = [(8, Some(150)), (9, Some(0))];
        assert_eq!(told(&mut arrivals, start + ms(350)), expected);
    }

    #[test]
    fn more_arrivals_are_reported_sooner() {
        let start = Instant::now();
        let mut arrivals = Arrivals::new(start);
        let mut due = |number| {
            arrivals.add(start, number);
            arrivals.due().map(|due| due - start)
        };
        let waits: Vec<_> = (1..=32).filter_map(&mut due).collect();
        assert_eq!(waits[..4], [ms(250); 4]);
        assert_eq!(waits[4..31], [ms(100); 27]);
        assert_eq!(waits[31..], [ms(50)]);
    }

    #[test]
    fn many_arrivals_are_reported_in_parts() {
        let start = Instant::now();
        let mut arrivals = Arrivals::new(start);
        (0..1_000).for_each(|n| arrivals.add(start + ms(u64::from(n)), n));
        assert_eq!(arrivals.due(), Some(start + ms(50)));
        let told = told(&mut arrivals, start + ms(1_000));
        assert_eq!(told.len(), 1_000);
        assert!((0_u16..).zip(told).all(|(n, t)| t == (n, Some(n.into()))));
    }

    #[test]
    fn jump_of_numbers_is_not_reported_as_loss() {
        let start = Instant::now();
        let mut arrivals = Arrivals::new(start);
        for number in [1, 20_000, 2] {
            arrivals.add(start, number);
            assert_eq!(told(&mut arrivals, start), [(number, Some(0))]);
        }
    }

    #[test]
    fn long_pause_takes_two_feedbacks() {
        let start = Instant::now();
        let mut arrivals = Arrivals::new(start);
        arrivals.add(start, 1);
        arrivals.add(start + ms(10_000), 2);
        let expected = [(1, Some(0)), (2, Some(10_000))];
        assert_eq!(told(&mut arrivals, start + ms(10_000)), expected);
    }

    proptest! {
        #[test]
        fn random_arrivals_are_bounded_and_reported_correctly(
            steps in prop::collection::vec((0_u16..40, 0_u64..3, 0_u8..30), 1..2_000),
            jump: u16,
        ) {
            let start = Instant::now();
            let mut arrivals = Arrivals::new(start);
            let (mut number, mut at) = (jump, 0);
            let mut sent = BTreeMap::new();
            for (step, wait, what) in steps {
                number = number.wrapping_add(step).wrapping_sub(15);
                at += wait;
                if what == 0 {
                    number = number.wrapping_add(jump);
                }
                if what < 3 {
                    for (number, at) in told(&mut arrivals, start + ms(at)) {
                        if let Some(at) = at {
                            let times: &Vec<u64> = &sent[&number];
                            prop_assert!(times.iter().any(|time| time.abs_diff(at as u64) <= 1));
                        }
                    }
                }
                sent.entry(number).or_insert_with(Vec::new).push(at);
                arrivals.add(start + ms(at), number);
                prop_assert!(arrivals.times.len() <= SPAN_MAX as usize);
            }
        }
    }
}
