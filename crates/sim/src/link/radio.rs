//! Effects of radio on a bottleneck: pauses as on Wi-Fi, a wandering rate as on LTE.

use std::time::{Duration, Instant};

use crate::Rng;

/// The medium that carries a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Radio {
    /// A wire, without any effect.
    #[default]
    None,
    /// Other stations take the air: about five times a second datagrams wait, mostly for 10 to
    /// 50 ms, and arrive together.
    Wifi,
    /// The rate wanders slowly between half and one and a half of the nominal one, and datagrams
    /// are sent every 10 ms.
    Lte,
}

/// Pauses of Wi-Fi: the mean time from the end of one to the beginning of the next, their mean
/// length, and the longest.
const PAUSE_EVERY_MS: f64 = 200.0;
const PAUSE_MS: f64 = 25.0;
const PAUSE_MS_MAX: f64 = 120.0;

/// Rate of LTE: how often it changes, by which share at most, and the bounds of its factor.
const RATE_EVERY: Duration = Duration::from_millis(100);
const RATE_STEP: f64 = 0.08;
const RATE_MIN: f64 = 0.5;
const RATE_MAX: f64 = 1.5;

/// Interval between the turns of the LTE scheduler.
const TURN: Duration = Duration::from_millis(10);

/// The state of the air over time, which follows from the seed and not from the traffic.
#[derive(Debug)]
pub(super) struct Air {
    began: Instant,
    rng: Rng,
    /// Beginning and end of the present pause, or of the next one.
    pause: (Instant, Instant),
    /// Factor of the rate in each interval of [`RATE_EVERY`] since the beginning.
    factors: Vec<f64>,
}

impl Air {
    pub(super) fn new(now: Instant, rng: Rng) -> Self {
        Self {
            began: now,
            rng,
            pause: (now, now),
            factors: vec![1.0],
        }
    }

    /// Returns when a datagram is released that could leave at `at`.
    pub(super) fn release(&mut self, radio: Radio, at: Instant) -> Instant {
        match radio {
            Radio::None => at,
            Radio::Wifi => {
                while self.pause.1 <= at {
                    let begins = self.pause.1 + self.exponential(PAUSE_EVERY_MS, f64::MAX);
                    let length = self.exponential(PAUSE_MS, PAUSE_MS_MAX);
                    self.pause = (begins, begins + length);
                }
                let (begins, ends) = self.pause;
                if begins <= at { ends } else { at }
            }
            Radio::Lte => {
                let passed = at.saturating_duration_since(self.began).as_micros();
                let turns = passed.div_ceil(TURN.as_micros()) as u32;
                self.began + TURN * turns
            }
        }
    }

    /// Returns when the bottleneck has sent `bits` at the nominal rate `bps`, beginning at `start`.
    pub(super) fn serve(&mut self, radio: Radio, start: Instant, bits: f64, bps: f64) -> Instant {
        if radio != Radio::Lte {
            return start + Duration::from_secs_f64(bits / bps);
        }
        let (mut at, mut left) = (start, bits);
        loop {
            let number = self.number(at);
            let ends = self.began + RATE_EVERY * (number + 1);
            let rate = bps * self.factor(number);
            let room = rate * (ends - at).as_secs_f64();
            if left <= room {
                return at + Duration::from_secs_f64(left / rate);
            }
            left -= room;
            at = ends;
        }
    }

    /// The rate at this time, as a factor of the nominal rate.
    pub(super) fn share(&mut self, radio: Radio, at: Instant) -> f64 {
        match radio {
            Radio::Lte => {
                let number = self.number(at);
                self.factor(number)
            }
            Radio::None | Radio::Wifi => 1.0,
        }
    }

    fn number(&self, at: Instant) -> u32 {
        let passed = at.saturating_duration_since(self.began);
        (passed.as_micros() / RATE_EVERY.as_micros()) as u32
    }

    fn factor(&mut self, number: u32) -> f64 {
        while self.factors.len() <= number as usize {
            let last = self.factors.last().copied().unwrap_or(1.0);
            let step = 1.0 + RATE_STEP * (2.0 * self.rng.fraction() - 1.0);
            self.factors.push((last * step).clamp(RATE_MIN, RATE_MAX));
        }
        self.factors.get(number as usize).copied().unwrap_or(1.0)
    }

    fn exponential(&mut self, mean_ms: f64, max_ms: f64) -> Duration {
        let ms = -mean_ms * (1.0 - self.rng.fraction()).ln();
        Duration::from_secs_f64(ms.min(max_ms) / 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn wifi_pause_delays_datagrams_and_keeps_their_order() {
        let start = Instant::now();
        let mut air = Air::new(start, Rng::new(5));
        let sent: Vec<Instant> = (0..20_000).map(|i| start + ms(i)).collect();
        let arrived: Vec<Instant> = sent
            .iter()
            .map(|at| air.release(Radio::Wifi, *at))
            .collect();
        assert!(arrived.is_sorted(), "the order stays");
        let waits = sent.iter().zip(&arrived).map(|(sent, at)| *at - *sent);
        let waits: Vec<Duration> = waits.collect();
        let held = waits.iter().filter(|wait| **wait > ms(0)).count();
        assert!((1_000..4_000).contains(&held), "{held} of 20,000");
        let longest = waits.iter().max().expect("some were sent");
        assert!(
            (ms(60)..=ms(120)).contains(longest),
            "{longest:?} of 120 ms"
        );
    }

    #[test]
    fn lte_rate_wanders_within_its_bounds_the_same_for_all_traffic() {
        let start = Instant::now();
        let shares = |step: u64| {
            let mut air = Air::new(start, Rng::new(5));
            let at = (0..60_000).step_by(step as usize);
            at.map(|at| air.share(Radio::Lte, start + ms(at)))
                .collect::<Vec<_>>()
        };
        let (fine, coarse) = (shares(100), shares(1_000));
        assert!(
            fine.iter()
                .all(|share| (RATE_MIN..=RATE_MAX).contains(share))
        );
        assert!(fine.iter().any(|share| !(0.8..1.2).contains(share)));
        assert!(fine.iter().step_by(10).eq(&coarse));
    }

    #[test]
    fn lte_sends_at_the_current_rate_and_on_its_turns() {
        let start = Instant::now();
        let mut air = Air::new(start, Rng::new(5));
        // At a nominal 1 Mbit/s, whose factor changes every 100 ms.
        let mut bits = 0.0;
        for i in 0..20 {
            bits += 100_000.0 * air.share(Radio::Lte, start + ms(i * 100));
        }
        let end = air.serve(Radio::Lte, start, bits, 1e6);
        let wrong = (end - start).abs_diff(ms(2_000));
        assert!(wrong < ms(1), "{wrong:?}");
        assert_eq!(air.release(Radio::Lte, start + ms(11)), start + ms(20));
    }
}
