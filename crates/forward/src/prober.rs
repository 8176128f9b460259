use std::time::{Duration, Instant};

use rtp::Bitrate;

use super::estimate::Estimate;

/// How long a probe without padding may take. It passes as soon as the estimate is high enough.
const PROBE_TIME: Duration = Duration::from_millis(500);

/// How long padding must get through: traffic shapers let short bursts pass that are far too fast.
const PADDED_TIME: Duration = Duration::from_millis(1_000);

/// The pause from one probe to the next. It doubles with each probe that finds nothing, up to the
/// maximum. Probing all the time would fill a narrow path.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// An estimate that grew by this factor during a probe will grow further in the next one.
const GREW: f64 = 1.1;

/// An estimate that fell below this share of its value before the probe shows that the probe was
/// too much.
const FELL: f64 = 0.9;

/// Tests now and then whether a path carries a better layer.
///
/// Bandwidth estimation only knows what was sent, so it must be given something to send: a higher
/// wanted rate, which it answers with short bursts, or padding.
#[derive(Debug)]
pub(super) struct Prober {
    running: Option<Probe>,
    /// When the last probe that found nothing ended.
    ended: Option<Instant>,
    pause: Duration,
}

#[derive(Debug)]
struct Probe {
    began: Instant,
    /// The path before the probe.
    before: Estimate,
    /// Since when the estimate has been at least the rate that is needed.
    fits_since: Option<Instant>,
}

/// The result of a probe so far.
enum Shown {
    /// It goes on.
    Undecided,
    /// The path carries no more than before.
    NoMore,
    /// The path carries more, but not the rate that is needed.
    More,
    /// The path carries the rate that is needed.
    All,
}

impl Probe {
    /// Judges the probe. It passes when `fits` holds for `time`, and ends after `time` without it.
    fn look(&mut self, now: Instant, path: Estimate, fits: bool, time: Duration) -> Shown {
        let fell = path.bandwidth < self.before.bandwidth * FELL;
        if fell || (path.congested && !self.before.congested) {
            return Shown::NoMore;
        }
        self.fits_since = fits.then(|| self.fits_since.unwrap_or(now));
        let is_over = |since| now.saturating_duration_since(since) >= time;
        match self.fits_since {
            Some(since) if is_over(since) => Shown::All,
            Some(_) => Shown::Undecided,
            None if !is_over(self.began) => Shown::Undecided,
            None if path.bandwidth >= self.before.bandwidth * GREW => Shown::More,
            None => Shown::NoMore,
        }
    }
}

/// The state of a [`Prober`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Probing {
    /// No probe runs.
    Pausing,
    /// A probe for the better layer's rate runs, and padding fills up to this rate.
    Running(Bitrate),
    /// The path carries the rate that is needed.
    Passed,
}

impl Default for Prober {
    fn default() -> Self {
        Self {
            running: None,
            ended: None,
            pause: PAUSE_MIN,
        }
    }
}

impl Prober {
    /// Begins or continues to probe whether the path carries `needed`. A `careful` probe believes
    /// only padding that got through, and not an estimate that is already high enough.
    pub(super) fn poll(
        &mut self,
        now: Instant,
        path: Estimate,
        needed: Bitrate,
        careful: bool,
    ) -> Probing {
        let fits = path.bandwidth >= needed;
        if fits && !careful {
            *self = Self::default();
            return Probing::Passed;
        }
        let (padded, time) = if careful {
            (needed, PADDED_TIME)
        } else {
            (Bitrate::ZERO, PROBE_TIME)
        };
        let probe = self.running.as_mut();
        match probe.map(|probe| probe.look(now, path, fits, time)) {
            Some(Shown::Undecided) => return Probing::Running(padded),
            Some(Shown::All) => {
                *self = Self::default();
                return Probing::Passed;
            }
            // The next probe follows at once.
            Some(Shown::More) => *self = Self::default(),
            Some(Shown::NoMore) => {
                self.running = None;
                if self.ended.replace(now).is_some() {
                    self.pause = (self.pause * 2).min(PAUSE_MAX);
                }
            }
            None => {}
        }
        let pauses = |at| now.saturating_duration_since(at) < self.pause;
        if self.ended.is_some_and(pauses) {
            return Probing::Pausing;
        }
        self.running = Some(Probe {
            began: now,
            before: path,
            fits_since: fits.then_some(now),
        });
        Probing::Running(padded)
    }

    /// Stops a running probe: the viewer may not get a better layer now.
    pub(super) fn stop(&mut self) {
        self.running = None;
    }
}
