//! Decides what is sent besides media: probes, and padding up to a rate.

use std::time::{Duration, Instant};

use rtp::Bitrate;

use super::probe::{Outcome, Probe};
use super::{Congestion, NO_QUEUE, SHARE};

/// A probe tries this multiple of the wanted rate, but at most this multiple of the estimate.
const PROBE_MORE: f64 = 1.3;
const PROBE_STEP: f64 = 3.0;

/// Pause between a probe that did not pass and the next one for the same rate.
const PROBE_PAUSE: Duration = Duration::from_secs(5);

/// Pause after a probe that passed: losses show by then.
const PROBE_REST: Duration = Duration::from_millis(200);

/// A probe that is followed by a full path within this time has overestimated it: shapers and
/// policers let a few packets pass at any rate. The next probe then waits for `PROBE_LIED_PAUSE`.
const PROBE_TRUSTED: Duration = Duration::from_secs(2);
const PROBE_LIED_PAUSE: Duration = Duration::from_secs(30);

/// Intervals between two portions of a probe, and of padding.
const PROBE_TICK: Duration = Duration::from_millis(2);
const PADDING_TICK: Duration = Duration::from_millis(10);

impl Congestion {
    /// Sets the rates to work towards. A probe looks for `wanted` when that exceeds the estimate.
    /// Media is padded up to `padded` as far as the estimate allows.
    pub(crate) fn set_wanted(&mut self, now: Instant, padded: Bitrate, wanted: Bitrate) {
        if wanted > self.wanted {
            self.probe_after = None;
        }
        if self.padded == Bitrate::ZERO {
            self.padding_at = now;
            self.padding_credit = 0;
        }
        (self.padded, self.wanted) = (padded, wanted);
    }

    /// Returns when [`Self::padding`] may have something to send.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        if self.probe.as_ref().is_some_and(Probe::is_sending) {
            return Some(now + PROBE_TICK);
        }
        if self.may_probe(now) {
            return Some(now);
        }
        let probe = self.probe_after.filter(|_| self.lacks());
        let padding = self.may_pad().then_some(self.padding_at + PADDING_TICK);
        probe.into_iter().chain(padding).min()
    }

    /// Returns the bytes of padding to send now. Call it after each packet until it returns 0:
    /// every packet that is sent counts.
    pub(crate) fn padding(&mut self, now: Instant) -> usize {
        if self.may_probe(now) {
            let rate = (self.wanted * PROBE_MORE).min(self.bandwidth * PROBE_STEP);
            self.begin_probe(now, Some(rate));
        }
        if let Some(probe) = self.probe.as_mut().filter(|probe| probe.is_sending()) {
            return probe.due(now);
        }
        if !self.may_pad() {
            return 0;
        }
        let passed = now.saturating_duration_since(self.padding_at);
        self.padding_at = now;
        let rate = self.padded.min(self.bandwidth);
        let most = rate.bytes_in(4 * PADDING_TICK) as i64;
        self.padding_credit =
            (self.padding_credit + rate.bytes_in(passed) as i64).clamp(-most, most);
        self.padding_credit.max(0) as usize
    }

    /// Whether more is wanted than the estimate allows.
    fn lacks(&self) -> bool {
        self.is_measured && self.wanted > self.bandwidth
    }

    fn may_pad(&self) -> bool {
        self.is_measured && self.padded > Bitrate::ZERO && self.has_room()
    }

    fn may_probe(&self, now: Instant) -> bool {
        self.lacks()
            && self.probe.is_none()
            && self.probe_after.is_none_or(|at| at <= now)
            && self.has_room()
            && self.arrivals.standing() < NO_QUEUE
    }

    /// Whether nothing speaks against sending more than the media.
    fn has_room(&self) -> bool {
        !self.congested && !self.is_losing()
    }

    pub(super) fn begin_probe(&mut self, now: Instant, rate: Option<Bitrate>) {
        // Zero means no probe.
        self.probes = self.probes.checked_add(1).unwrap_or(1);
        self.probe = Some(Probe::new(now, self.probes, rate));
        self.probe_after = None;
    }

    /// Updates the estimate with the outcome of a probe.
    pub(super) fn probed(&mut self, now: Instant, outcome: Outcome) {
        let rate = self.probe.take().and_then(|probe| probe.rate());
        match outcome {
            Outcome::Carried(bandwidth) => {
                // Shapers let a few packets pass at any rate, so the step is bounded.
                let most = self.bandwidth * PROBE_STEP;
                if bandwidth > self.bandwidth {
                    self.limit.clear();
                    self.raised_at = Some(now);
                    self.pause_probes(now + PROBE_REST);
                }
                self.bandwidth = self.bandwidth.max(bandwidth.min(most));
            }
            // The first packets are better evidence than the initial guess, even if they show less.
            Outcome::Filled(bandwidth) if rate.is_none() => self.bandwidth = bandwidth * SHARE,
            Outcome::Filled(bandwidth) => {
                self.bandwidth = self.bandwidth.max(bandwidth * SHARE);
                self.pause_probes(now + PROBE_PAUSE);
            }
            Outcome::Nothing if rate.is_none() => {}
            Outcome::Nothing => self.pause_probes(now + PROBE_PAUSE),
        }
    }

    /// Handles a full path: if a probe raised the estimate just before, it was wrong and the next
    /// one waits.
    pub(super) fn doubt_probe(&mut self, now: Instant) {
        let recent = |at| now.saturating_duration_since(at) < PROBE_TRUSTED;
        let is_lie = self.raised_at.take().is_some_and(recent);
        if is_lie && !self.loss.is_of_the_path() {
            self.pause_probes(now + PROBE_LIED_PAUSE);
        }
    }

    fn pause_probes(&mut self, until: Instant) {
        self.probe_after = self.probe_after.max(Some(until));
    }
}
