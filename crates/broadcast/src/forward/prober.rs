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

/// Padding goes at most this much above what is known to get through, so that a path that
/// carries no more is not flooded.
const PADDED_OVER_ESTIMATE: f64 = 1.5;

/// An estimate that grew so much during a probe will grow more in the next.
const GREW: f64 = 1.2;

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
    padded: Bitrate,
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
        if let Some(probe) = &self.running {
            let fell = path.bandwidth < probe.before.bandwidth * FELL;
            let too_much = (fell && !fits) || (path.filled && !probe.before.filled);
            let time = if careful { PADDED_TIME } else { PROBE_TIME };
            let over = now.saturating_duration_since(probe.began) >= time;
            if !over && !too_much {
                return Probing::Running(probe.padded);
            }
            if fits && !too_much {
                *self = Self::default();
                return Probing::Passed;
            }
            let grew = path.bandwidth >= probe.before.bandwidth * GREW;
            self.end(now, grew && !too_much);
        }
        let pauses = |at| now.saturating_duration_since(at) < self.pause;
        if self.ended.is_some_and(pauses) {
            return Probing::Pausing;
        }
        let padded = if careful {
            needed.min(path.bandwidth * PADDED_OVER_ESTIMATE)
        } else {
            Bitrate::ZERO
        };
        self.running = Some(Probe {
            began: now,
            before: path,
            padded,
        });
        Probing::Running(padded)
    }

    /// Stops: the viewer has another layer now, or may not have a better one.
    pub(super) fn stop(&mut self) {
        self.running = None;
    }

    /// Ends a probe. One that found more is followed by the next at once.
    fn end(&mut self, now: Instant, found_more: bool) {
        if found_more {
            *self = Self::default();
            return;
        }
        self.running = None;
        if self.ended.replace(now).is_some() {
            self.pause = (self.pause * 2).min(PAUSE_MAX);
        }
    }
}
