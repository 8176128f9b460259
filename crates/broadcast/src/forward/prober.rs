use std::time::{Duration, Instant};

use rtp::Bitrate;

use super::layer_selector::Estimate;

/// How long a probe may take whose answer is not doubted.
const PROBE_TIME: Duration = Duration::from_millis(500);

/// How long padding must get through: shapers let short probes pass that are far too fast.
const PADDED_TIME: Duration = Duration::from_millis(1_000);

/// From one probe to the next; doubles with each that finds nothing. Probes that go on all the
/// time would fill a narrow path.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// An estimate that grew so much during a probe will grow more in the next.
const GREW: f64 = 1.1;

/// An estimate that falls below this share of what it was before the probe says that the probe
/// was too much.
const FELL: f64 = 0.9;

/// Looks now and then for whether a path carries a better layer.
///
/// Bandwidth estimation knows of what was sent only, so it must be given something to send:
/// by a wish for more, which it answers with short bursts, and by padding.
#[derive(Debug)]
pub(super) struct Prober {
    running: Option<Probe>,
    ended: Option<Instant>,
    pause: Duration,
}

#[derive(Debug)]
struct Probe {
    began: Instant,
    /// The path as it was before.
    before: Estimate,
    /// Since when the estimate has carried what is needed.
    fits_since: Option<Instant>,
}

/// What a probe has shown so far.
enum Shown {
    /// Nothing yet.
    Undecided,
    /// The path carries no more than before.
    NoMore,
    /// It carries more, but not all that is needed.
    More,
    /// It carries what is needed.
    All,
}

impl Probe {
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

/// What a [`Prober`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Probing {
    /// Nothing is to be sent for it.
    Pausing,
    /// The better layer's rate is looked for, and padding fills up to this rate.
    Running(Bitrate),
    /// The path carries what is needed.
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
    /// Goes on with a look for whether the path carries `needed`. A `careful` one believes only
    /// padding that got through.
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

    /// Stops: the viewer may not have a better layer now.
    pub(super) fn stop(&mut self) {
        self.running = None;
    }
}
