use std::time::{Duration, Instant};

use rtp::Bitrate;

/// The length of one measurement.
const WINDOW: Duration = Duration::from_millis(500);

/// The share of the older rate that stays when a window ends. It smooths over about two seconds,
/// since a key frame alone fills several windows of a low layer.
const KEEP: f64 = 0.6;

/// Measures the bit rate of one layer.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// When the window began, and the bytes since then.
    window: Option<(Instant, u64)>,
    rate: Bitrate,
}

impl Meter {
    pub(crate) fn add(&mut self, now: Instant, bytes: usize) {
        let (began, sum) = self.window.get_or_insert((now, 0));
        *sum += bytes as u64;
        let time = now.saturating_duration_since(*began);
        if time < WINDOW {
            return;
        }
        let rate = Bitrate::of(*sum, time);
        self.rate = match self.rate {
            Bitrate::ZERO => rate,
            // A gap longer than a few windows is a pause, not a low rate.
            _ if time > 4 * WINDOW => rate,
            old => old * KEEP + rate * (1.0 - KEEP),
        };
        self.window = Some((now, 0));
    }

    /// The smoothed rate. Within the first window, the bytes so far count as those of the whole
    /// window: the rate is too low rather than absent.
    pub(crate) fn rate(&self) -> Bitrate {
        match (self.rate, self.window) {
            (Bitrate::ZERO, Some((_, sum))) => Bitrate::of(sum, WINDOW),
            (rate, _) => rate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_stream_is_measured_within_a_few_percent() {
        let mut meter = Meter::default();
        let start = Instant::now();
        for i in 0..300 {
            meter.add(start + Duration::from_millis(i * 10), 1_250);
        }
        let kbps = meter.rate().as_bps() / 1_000;
        assert!((970..=1_040).contains(&kbps), "{kbps}");
    }

    #[test]
    fn first_window_already_has_a_rate() {
        let mut meter = Meter::default();
        meter.add(Instant::now(), 1_000);
        assert!(meter.rate() > Bitrate::ZERO);
    }
}
