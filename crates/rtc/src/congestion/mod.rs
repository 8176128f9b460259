//! Congestion control: how much the path to a receiver carries, from its transport-wide
//! feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01).
//!
//! A forwarder cannot tell an encoder to send a little less: it chooses among a few layers. So
//! it wants to know two things. Is what is sent now too much? Then a queue stands before the
//! bottleneck, and what arrives is what the path carries; or packets are lost. Would the path
//! carry a certain rate more? That is tried, with a probe of some packets at this rate and
//! with padding.
//!
//! A queue stands when no packet of the last moments has passed without waiting (the idea of
//! CoDel, RFC 8289 §4.2): bursts of key frames and busy receivers delay some packets, not all.
//!
//! A queue, or a share of losses, that does not go away when less is sent is not of this sender's
//! making: it belongs to the path (docs/decisions/0020).
//!
//! Deliberately absent: growth by itself. The estimate never exceeds what was shown to arrive.

mod arrivals;
mod drain;
mod history;
mod limit;
mod loss;
mod probe;

use std::time::{Duration, Instant};

use rtp::Bitrate;
use rtp::rtcp::TransportFeedback;

use arrivals::Arrivals;
use drain::Drain;
use history::{Fate, History};
use limit::Limit;
use loss::Loss;
use probe::{Outcome, Probe};

/// A queue that stands for longer is too much.
const TOO_LONG: Duration = Duration::from_millis(60);

/// A path is filled when its queue stands for longer than this, or when it loses more than this
/// share of the packets.
const FILLED_QUEUE: Duration = Duration::from_millis(150);
const FILLED_LOSS: f32 = 0.08;

/// Of what arrives while a queue stands, so that the queue shrinks; and of one that is much too
/// long.
const SHARE: f64 = 0.95;
const FAR_TOO_LONG: Duration = Duration::from_millis(100);
const SHARE_DRAINING: f64 = 0.9;

/// Of what arrives, beside senders that fill the queue, when packets are lost; and how often.
const YIELD: f64 = 0.7;
const YIELD_EVERY: Duration = Duration::from_secs(1);

/// When losses turn out to be those of the path, the estimate returns to what it was, but at most
/// to so many times what it is.
const RESTORED: f64 = 2.0;
const RELATED: Duration = Duration::from_secs(2);

/// What losses made less of shows in them only after this time.
const LOWER_EVERY: Duration = Duration::from_millis(500);

/// What arrives without a queue could be so much more: rates are means.
const ROOM: f64 = 1.15;

/// A probe tries more than what is wanted, and not much more than what is known.
const PROBE_MORE: f64 = 1.3;
const PROBE_STEP: f64 = 3.0;

/// No probe while a queue of this length stands.
const PROBE_QUEUE: Duration = Duration::from_millis(20);

/// After a probe that filled the path, the next one, if the wish stays the same.
const PROBE_PAUSE: Duration = Duration::from_secs(5);

/// After one that was carried: losses show by then.
const PROBE_REST: Duration = Duration::from_millis(200);

/// A probe that is followed by a full path within this time has told too much: shapers and
/// policers let a few packets pass at any rate. The next one waits for longer.
const PROBE_TRUSTED: Duration = Duration::from_secs(2);
const PROBE_LIED_PAUSE: Duration = Duration::from_secs(30);

/// Between two portions of a probe, and of padding.
const PROBE_TICK: Duration = Duration::from_millis(2);
const PADDING_TICK: Duration = Duration::from_millis(10);

/// Estimates that differ by less are the same.
const SAME: f64 = 0.01;

/// Nothing is believed beyond this.
const ESTIMATE_MAX: Bitrate = Bitrate::mbps(200);

/// Nor below this: sound must pass.
const ESTIMATE_MIN: Bitrate = Bitrate::kbps(30);

/// Sees what is sent and what is reported. See the module.
#[derive(Debug)]
pub(crate) struct Congestion {
    history: History,
    arrivals: Arrivals,
    loss: Loss,
    /// Since a queue stands.
    drain: Option<Drain>,
    limit: Limit,
    bandwidth: Bitrate,
    filled: bool,
    /// There was feedback.
    is_measured: bool,
    told: Option<(Bitrate, bool)>,
    padded: Bitrate,
    wanted: Bitrate,
    probe: Option<Probe>,
    probes: u8,
    /// Believed before losses made less be sent, and when they last did.
    before_losses: Bitrate,
    lowered_at: Option<Instant>,
    /// When a probe last raised the estimate.
    raised_at: Option<Instant>,
    /// When the next probe may begin.
    probe_after: Option<Instant>,
    /// Padding was last looked after, and bytes that it lacks to its rate.
    padding_at: Instant,
    padding_credit: i64,
}

impl Congestion {
    /// `initial` is believed until something is known.
    pub(crate) fn new(now: Instant, initial: Bitrate) -> Self {
        Self {
            history: History::new(now),
            arrivals: Arrivals::default(),
            loss: Loss::default(),
            drain: None,
            limit: Limit::default(),
            bandwidth: initial,
            filled: false,
            is_measured: false,
            told: None,
            padded: Bitrate::ZERO,
            wanted: Bitrate::ZERO,
            probe: None,
            probes: 0,
            before_losses: Bitrate::ZERO,
            lowered_at: None,
            raised_at: None,
            probe_after: None,
            padding_at: now,
            padding_credit: 0,
        }
    }

    /// A packet leaves, with this transport-wide sequence number and so many bytes.
    pub(crate) fn sent(&mut self, now: Instant, seq: u64, bytes: usize) {
        // The first packets come fast, since a viewer catches up: they are the first probe.
        if self.probes == 0 {
            self.begin_probe(now, None);
        }
        self.padding_credit -= bytes as i64;
        if let Some(drain) = &mut self.drain {
            drain.sent(bytes);
        }
        let mut number = 0;
        if let Some(probe) = self.probe.as_mut().filter(|probe| probe.is_sending()) {
            probe.due(now);
            if probe.is_sending() {
                probe.sent(bytes);
                number = probe.number;
            }
        }
        self.history.sent(now, seq, bytes, number);
    }

    /// The receiver reports.
    pub(crate) fn report(&mut self, now: Instant, feedback: &TransportFeedback<'_>) {
        let (arrivals, probe) = (&mut self.arrivals, &mut self.probe);
        let (mut arrived, mut lost) = (0, 0);
        self.history.report(feedback, |fate| match fate {
            Fate::Arrived(arrival) => {
                arrived += 1;
                arrivals.add(&arrival);
                if let Some(probe) = probe.as_mut().filter(|p| p.number == arrival.probe) {
                    probe.arrived(&arrival);
                }
            }
            Fate::Lost { probe: number } => {
                lost += 1;
                if let Some(probe) = probe.as_mut().filter(|p| p.number == number) {
                    probe.lost();
                }
            }
        });
        if arrived + lost == 0 {
            return;
        }
        self.is_measured = true;
        let is_queueing = self.is_in_company() || self.arrivals.standing() > PROBE_QUEUE;
        let rate = self.arrivals.rate();
        if self.loss.add(now, (arrived, lost), rate, is_queueing) {
            self.limit.clear();
            let before = self.before_losses.min(self.bandwidth * RESTORED);
            self.bandwidth = self.bandwidth.max(before);
            self.before_losses = Bitrate::ZERO;
        }
        self.estimate(now);
    }

    fn estimate(&mut self, now: Instant) {
        self.disown_queue(now);
        let standing = self.arrivals.standing();
        let lost = if self.loss.is_unusual() {
            self.loss.excess()
        } else {
            0.0
        };
        self.filled = standing > FILLED_QUEUE || lost > FILLED_LOSS;
        if let Some(outcome) = self.probe.as_ref().and_then(|probe| probe.outcome(now)) {
            self.probed(now, outcome);
        }
        let arrives = self.arrivals.rate();
        if standing > TOO_LONG {
            let carried = self.arrivals.busy_rate();
            self.watch_queue(now, carried, standing);
            let share = if standing > FAR_TOO_LONG {
                SHARE_DRAINING
            } else {
                SHARE
            };
            self.lower(now, carried, carried * share);
        } else if self.is_in_company() && self.loss.is_unusual() {
            self.lower_for_losses(now, YIELD_EVERY, arrives * YIELD);
        } else if lost > FILLED_LOSS {
            // What is lost is sent again, and needs its room.
            self.lower_for_losses(now, LOWER_EVERY, arrives * f64::from(1.0 - lost));
        } else if let Some(less) = self.loss.overdone(arrives) {
            self.lower_for_losses(now, LOWER_EVERY, less);
        } else if standing < PROBE_QUEUE && !self.loss.is_unusual() {
            let possible = self.loss.with_usual(arrives) * ROOM;
            let possible = self
                .limit
                .cap(now)
                .map_or(possible, |cap| possible.min(cap));
            self.bandwidth = self.bandwidth.max(possible);
        }
        self.bandwidth = self.bandwidth.clamp(ESTIMATE_MIN, ESTIMATE_MAX);
    }

    /// Others keep a queue filled before the bottleneck.
    fn is_in_company(&self) -> bool {
        self.arrivals.taken() > PROBE_QUEUE
    }

    /// Sends less, and waits for what comes of it.
    fn lower_for_losses(&mut self, now: Instant, every: Duration, to: Bitrate) {
        let pause = |at| now.saturating_duration_since(at) < every;
        if !self.lowered_at.is_some_and(pause) {
            let related = |at| now.saturating_duration_since(at) < RELATED;
            if !self.lowered_at.is_some_and(related) {
                self.before_losses = Bitrate::ZERO;
            }
            self.lowered_at = Some(now);
            self.before_losses = self.before_losses.max(self.bandwidth);
            self.lower(now, self.arrivals.rate(), to);
        }
    }

    /// The path is full at `limit`.
    fn lower(&mut self, now: Instant, limit: Bitrate, to: Bitrate) {
        let probed = |at| now.saturating_duration_since(at) < PROBE_TRUSTED;
        let is_lie = self.raised_at.take().is_some_and(probed);
        if is_lie && !self.loss.is_of_the_path() {
            self.pause_probes(now + PROBE_LIED_PAUSE);
        }
        self.limit.set(now, limit, !self.loss.is_of_the_path());
        self.bandwidth = self.bandwidth.min(to);
    }

    /// A queue stands, and may have grown. While packets are lost nothing can be said of it.
    fn watch_queue(&mut self, now: Instant, carried: Bitrate, standing: Duration) {
        let loses = self.loss.is_unusual();
        let drain = self.drain.as_mut();
        if drain.is_none_or(|drain| drain.is_outdated(standing, carried) || loses) {
            self.drain = Some(Drain::new(now, carried, standing));
        }
    }

    /// A queue that stays when less is sent is not this sender's: it is taken for the path.
    fn disown_queue(&mut self, now: Instant) {
        let standing = self.arrivals.standing();
        let Some(drain) = &self.drain else {
            return;
        };
        if standing < PROBE_QUEUE {
            self.drain = None;
        } else if drain.is_in_vain(now) {
            self.limit.clear();
            self.arrivals.take_for_base(standing);
            self.drain = None;
        }
    }

    fn probed(&mut self, now: Instant, outcome: Outcome) {
        let rate = self.probe.take().and_then(|probe| probe.rate());
        match outcome {
            Outcome::Carried(bandwidth) => {
                // Shapers let a few packets pass at any rate.
                let most = self.bandwidth * PROBE_STEP;
                if bandwidth > self.bandwidth {
                    self.limit.clear();
                    self.raised_at = Some(now);
                    self.pause_probes(now + PROBE_REST);
                }
                self.bandwidth = self.bandwidth.max(bandwidth.min(most));
            }
            // The first packets know better than the guess.
            Outcome::Filled(bandwidth) if rate.is_none() => self.bandwidth = bandwidth * SHARE,
            Outcome::Filled(bandwidth) => {
                self.bandwidth = self.bandwidth.max(bandwidth * SHARE);
                self.pause_probes(now + PROBE_PAUSE);
            }
            Outcome::Nothing if rate.is_none() => {}
            Outcome::Nothing => self.pause_probes(now + PROBE_PAUSE),
        }
    }

    fn pause_probes(&mut self, until: Instant) {
        self.probe_after = self.probe_after.max(Some(until));
    }

    /// What is known of the path, when that is another than before: the bandwidth, and whether
    /// it is filled.
    pub(crate) fn poll_estimate(&mut self) -> Option<(Bitrate, bool)> {
        if !self.is_measured {
            return None;
        }
        let same = |told: Bitrate| {
            let (a, b) = (told.as_bps() as f64, self.bandwidth.as_bps() as f64);
            (a - b).abs() <= a * SAME
        };
        if let Some((bandwidth, filled)) = self.told
            && same(bandwidth)
            && filled == self.filled
        {
            return None;
        }
        self.told = Some((self.bandwidth, self.filled));
        self.told
    }

    /// More of anything would only wait behind what is queued already.
    pub(crate) fn is_queueing(&self) -> bool {
        self.arrivals.standing() > FILLED_QUEUE
    }

    /// What would be sent if the path allowed it: a probe looks for it when it grows. What is
    /// sent is filled up to `padded` as far as the estimate allows.
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

    /// When [`Self::padding`] may have something to send.
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

    /// Bytes of padding to send now. Call it again until it is 0: each packet that is sent counts.
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

    fn lacks(&self) -> bool {
        self.is_measured && self.wanted > self.bandwidth
    }

    fn may_pad(&self) -> bool {
        self.is_measured && self.padded > Bitrate::ZERO && !self.filled
    }

    fn may_probe(&self, now: Instant) -> bool {
        self.lacks()
            && self.probe.is_none()
            && self.probe_after.is_none_or(|at| at <= now)
            && !self.filled
            && self.arrivals.standing() < PROBE_QUEUE
    }

    fn begin_probe(&mut self, now: Instant, rate: Option<Bitrate>) {
        // Zero is no probe.
        self.probes = self.probes.checked_add(1).unwrap_or(1);
        self.probe = Some(Probe::new(now, self.probes, rate));
        self.probe_after = None;
    }
}

#[cfg(test)]
mod tests;
