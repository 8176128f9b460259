//! Congestion control: estimates the bandwidth of the path to a receiver from its transport-wide
//! feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01).
//!
//! A forwarder cannot ask an encoder to send a little less: it chooses among a few layers. So it
//! needs two answers. Is the present rate too high? If so, a standing queue builds up before the
//! bottleneck, and the rate of arrival is what the path carries; or packets are lost. Would the
//! path carry a certain higher rate? That is tried with a probe, a few packets at that rate, and
//! with padding.
//!
//! A queue is standing when every recent packet has waited in it (the idea of CoDel,
//! RFC 8289 §4.2): bursts of key frames and busy receivers delay some packets, but not all.
//!
//! A queue or a loss rate that stays when less is sent is not caused by this sender: it belongs to
//! the path (docs/decisions/0020). Packets dropped by a full queue are told apart by how long the
//! packets before them waited; they never count as losses of the path (docs/decisions/0021).
//!
//! Deliberately absent: growth without evidence. The estimate never exceeds what was shown to
//! arrive by more than a fixed margin.

mod arrivals;
mod drain;
mod history;
mod limit;
mod loss;
mod padding;
mod probe;
mod restraint;

use std::hint::black_box;
use std::time::{Duration, Instant};

use rtp::Bitrate;
use rtp::rtcp::TransportFeedback;

use arrivals::Arrivals;
use drain::Drain;
use history::{Fate, History};
use limit::Limit;
use loss::{Count, Loss};
use probe::Probe;
use restraint::{Answer, Restraint};

/// A standing queue longer than this lowers the estimate.
const TOO_LONG: Duration = Duration::from_millis(60);

/// A standing queue longer than this is congestion.
const CONGESTED_QUEUE: Duration = Duration::from_millis(150);

/// Losses above the usual share by more than this lower the rate at once, not only when they last.
/// They count as congestion only together with a queue or while a higher rate is tried: otherwise a
/// few random losses reach the same share.
const LOSING: f32 = 0.08;

/// For this long after the last padding its effects still count as a trial: the token bucket of a
/// policer takes a while to empty.
const TRIED: Duration = Duration::from_secs(3);

/// Losses above the usual share by more than this are congestion even without a queue: a policer
/// keeps none.
const COLLAPSING: f32 = 0.25;

/// The estimate as a share of the arrival rate while a queue stands, so that the queue shrinks; and
/// the same for a queue longer than `FAR_TOO_LONG`.
const SHARE: f64 = 0.95;
const FAR_TOO_LONG: Duration = Duration::from_millis(100);
const SHARE_DRAINING: f64 = 0.9;

/// The estimate as a share of the arrival rate when a full queue drops packets, and the pause
/// between two such reductions. TCP yields more (RFC 5681 §3.1 to a half, RFC 9438 §4.6 to 0.7) and
/// recovers faster.
const YIELD: f64 = 0.8;
const YIELD_EVERY: Duration = Duration::from_secs(1);

/// When losses turn out not to be caused by this sender, the estimate returns to its earlier value,
/// but at most to this multiple of the present one.
const RESTORED: f64 = 2.0;

/// Margin of the estimate over the arrival rate without a queue, since measured rates are averages.
const ROOM: f64 = 1.15;

/// A shorter queue counts as none: the estimate may grow, and probes may be sent.
const NO_QUEUE: Duration = Duration::from_millis(20);

/// A relative change smaller than this is not reported.
const SAME: f64 = 0.01;

/// Upper bound of the estimate.
const ESTIMATE_MAX: Bitrate = Bitrate::mbps(200);

/// Lower bound of the estimate: audio must pass.
const ESTIMATE_MIN: Bitrate = Bitrate::kbps(30);

/// The bandwidth estimation of one path, fed with what is sent and what is reported. See the
/// module.
#[derive(Debug)]
pub(crate) struct Congestion {
    history: History,
    arrivals: Arrivals,
    loss: Loss,
    /// Set while less is sent to see whether packets are still lost.
    restraint: Option<Restraint>,
    /// Set while a queue stands.
    drain: Option<Drain>,
    limit: Limit,
    bandwidth: Bitrate,
    /// The path queues or drops what is sent. Reported to the owner, which relieves the viewer at
    /// once.
    congested: bool,
    /// Feedback has arrived.
    is_measured: bool,
    told: Option<(Bitrate, bool)>,
    padded: Bitrate,
    wanted: Bitrate,
    /// When padding was last wanted.
    tried_at: Option<Instant>,
    probe: Option<Probe>,
    probes: u8,
    /// The estimate before the restraint.
    before_losses: Bitrate,
    /// When the estimate was last lowered for drops by a full queue.
    yielded_at: Option<Instant>,
    /// When a probe last raised the estimate.
    raised_at: Option<Instant>,
    /// When the next probe may begin.
    probe_after: Option<Instant>,
    /// When the padding credit was last updated, and the bytes of padding that are owed.
    padding_at: Instant,
    padding_credit: i64,
}

impl Congestion {
    /// Creates an estimation that starts at `initial`, until feedback arrives.
    pub(crate) fn new(now: Instant, initial: Bitrate) -> Self {
        Self {
            history: History::new(now),
            arrivals: Arrivals::default(),
            loss: Loss::default(),
            restraint: None,
            drain: None,
            limit: Limit::default(),
            bandwidth: initial,
            congested: false,
            is_measured: false,
            told: None,
            padded: Bitrate::ZERO,
            wanted: Bitrate::ZERO,
            tried_at: None,
            probe: None,
            probes: 0,
            before_losses: Bitrate::ZERO,
            yielded_at: None,
            raised_at: None,
            probe_after: None,
            padding_at: now,
            padding_credit: 0,
        }
    }

    /// Loads into the cache the state that the next feedback needs.
    pub(crate) fn prefetch(&self) {
        black_box((self.bandwidth, self.probes, self.told));
        self.history.prefetch();
    }

    /// Records a packet of `bytes` that is sent under this transport-wide sequence number.
    pub(crate) fn sent(&mut self, now: Instant, seq: u64, bytes: usize) {
        // The first packets are sent fast, while a viewer catches up: they serve as the first
        // probe.
        if self.probes == 0 {
            self.begin_probe(now, None);
        }
        self.padding_credit -= bytes as i64;
        if let Some(drain) = &mut self.drain {
            drain.sent(bytes);
        }
        // Packets sent during a probe belong to it, whatever they carry.
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

    /// Handles a feedback of the receiver.
    pub(crate) fn report(&mut self, now: Instant, feedback: &TransportFeedback<'_>) {
        let in_company = self.is_in_company();
        let (arrivals, probe) = (&mut self.arrivals, &mut self.probe);
        let restraint = &mut self.restraint;
        let mut count = Count::default();
        self.history.report(feedback, |fate| {
            let one = match &fate {
                Fate::Arrived(arrival) => {
                    arrivals.add(arrival);
                    Count::ARRIVED
                }
                // While others keep the queue full, losses count as its drops.
                Fate::Lost(lost) if in_company || arrivals.is_full(lost) => Count::DROPPED,
                Fate::Lost(_) => Count::LOST,
            };
            if let Some(probe) = probe.as_mut().filter(|p| p.number == fate.probe()) {
                probe.add(&fate);
            }
            if let Some(restraint) = restraint {
                restraint.add(&fate, one);
            }
            count = count.and(one);
        });
        if count.packets() == 0 {
            return;
        }
        self.is_measured = true;
        self.loss.add(now, count, self.arrivals.rate());
        self.estimate(now);
    }

    /// Updates the estimate after a feedback.
    fn estimate(&mut self, now: Instant) {
        // What belongs to the path is settled first, so that the rest judges this sender's share.
        self.disown_queue(now);
        self.disown_losses(now);
        let standing = self.arrivals.standing();
        if self.padded > Bitrate::ZERO {
            self.tried_at = Some(now);
        }
        self.congested = self.is_congested(now, standing);
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
            // Lost packets are retransmitted, which takes bandwidth too.
            let share = share * f64::from(1.0 - self.loss.usual());
            self.lower(now, carried, carried * share);
        } else if self.loss.overflows() {
            self.give_way(now, arrives);
        } else if self.restraint.is_some() {
            // An experiment is running: its outcome decides.
        } else if self.loss.is_unusual() {
            if self.is_surely_losing() || self.loss.lasts() {
                self.restrain(now, arrives);
            }
        } else if standing < NO_QUEUE {
            // No queue and no unusual losses: follow the arrival rate upwards, below the last
            // limit.
            let possible = arrives * (ROOM / f64::from(1.0 - self.loss.usual()));
            let possible = self
                .limit
                .cap(now)
                .map_or(possible, |cap| possible.min(cap));
            self.bandwidth = self.bandwidth.max(possible);
        }
        self.bandwidth = self.bandwidth.clamp(ESTIMATE_MIN, ESTIMATE_MAX);
    }

    /// Whether losses exceed the usual share by a lot, whatever the cause.
    fn is_losing(&self) -> bool {
        self.loss.excess() > LOSING
    }

    /// Whether the same holds, with losses that neither a full queue nor chance explains.
    fn is_surely_losing(&self) -> bool {
        self.is_losing() && self.loss.is_surely_unusual()
    }

    /// Whether this sender queues too much, or its packets are dropped for that. Losses alone prove
    /// it only while a higher rate is tried, or when they are extreme.
    fn is_congested(&self, now: Instant, standing: Duration) -> bool {
        let recent = |at| now.saturating_duration_since(at) < TRIED;
        let is_tried = self.tried_at.is_some_and(recent);
        let is_queued = standing > NO_QUEUE || self.loss.overflows();
        standing > CONGESTED_QUEUE
            || self.is_losing() && (is_queued || is_tried)
            || self.is_surely_losing() && self.loss.excess() > COLLAPSING
    }

    /// Whether other traffic keeps a queue filled before the bottleneck.
    fn is_in_company(&self) -> bool {
        self.arrivals.taken() > NO_QUEUE
    }

    /// Yields when a full queue drops packets, then waits for the effect.
    fn give_way(&mut self, now: Instant, arrives: Bitrate) {
        let pause = |at| now.saturating_duration_since(at) < YIELD_EVERY;
        if !self.yielded_at.is_some_and(pause) {
            self.yielded_at = Some(now);
            self.lower(now, arrives, arrives * YIELD);
        }
    }

    /// Starts a restraint: packets are lost without a full queue, so less is sent to see whether
    /// the losses end. If the present rate passed without losses before and nothing says that the
    /// path is full, the rate stays.
    fn restrain(&mut self, now: Instant, arrives: Bitrate) {
        let (share, usual) = (self.loss.share(), self.loss.usual());
        let is_clear = !self.is_surely_losing() && self.limit.cap(now).is_none();
        let passed = self.loss.passed(arrives).filter(|_| is_clear);
        let carried = passed.unwrap_or(arrives);
        let restraint = Restraint::new(self.history.micros(now), share, usual, carried);
        self.before_losses = self.bandwidth;
        if passed.is_none() {
            self.lower(now, arrives, restraint.rate());
        }
        self.restraint = Some(restraint);
    }

    /// Ends a restraint with its answer. Losses that stayed although less was sent are attributed
    /// to the path.
    fn disown_losses(&mut self, now: Instant) {
        let now_us = self.history.micros(now);
        let Some(restraint) = &mut self.restraint else {
            return;
        };
        let Some(answer) = restraint.answer(now_us) else {
            return;
        };
        self.loss.begin(now, restraint.count());
        self.restraint = None;
        // The losses were not this sender's: the reduction was unnecessary and is undone.
        if answer != Answer::Ours {
            self.limit.clear();
            let before = self.before_losses.min(self.bandwidth * RESTORED);
            self.bandwidth = self.bandwidth.max(before);
        }
        if let Answer::OfThePath(share) = answer {
            self.loss.learn(share);
        }
        self.before_losses = Bitrate::ZERO;
    }

    /// Lowers the estimate to `to`, since the path is full at `limit`.
    fn lower(&mut self, now: Instant, limit: Bitrate, to: Bitrate) {
        let is_sure = !self.loss.is_of_the_path() || self.arrivals.standing() > TOO_LONG;
        self.doubt_probe(now);
        self.limit.set(now, limit, is_sure);
        self.bandwidth = self.bandwidth.min(to);
    }

    /// Watches a standing queue; starts over when it has grown. While packets are lost its length
    /// shows nothing.
    fn watch_queue(&mut self, now: Instant, carried: Bitrate, standing: Duration) {
        let loses = self.loss.excess() > 0.0;
        let drain = self.drain.as_mut();
        if drain.is_none_or(|drain| drain.is_outdated(standing, carried) || loses) {
            self.drain = Some(Drain::new(now, carried, standing));
        }
    }

    /// Ends the watch when the queue is gone. A queue that stays although less was sent is
    /// attributed to the path and becomes part of its base delay.
    fn disown_queue(&mut self, now: Instant) {
        let standing = self.arrivals.standing();
        let Some(drain) = &self.drain else {
            return;
        };
        if standing < NO_QUEUE {
            self.drain = None;
        } else if drain.is_in_vain(now) {
            self.limit.clear();
            self.arrivals.take_for_base(standing);
            self.drain = None;
        }
    }

    /// Returns the bandwidth, and whether the path is congested, if that has changed since the last
    /// call. `None` also until the first feedback.
    pub(crate) fn poll_estimate(&mut self) -> Option<(Bitrate, bool)> {
        if !self.is_measured {
            return None;
        }
        let same = |told: Bitrate| {
            let (a, b) = (told.as_bps() as f64, self.bandwidth.as_bps() as f64);
            (a - b).abs() <= a * SAME
        };
        if let Some((bandwidth, congested)) = self.told
            && same(bandwidth)
            && congested == self.congested
        {
            return None;
        }
        self.told = Some((self.bandwidth, self.congested));
        self.told
    }

    /// Whether additional packets would only lengthen a queue.
    pub(crate) fn is_queueing(&self) -> bool {
        self.arrivals.standing() > CONGESTED_QUEUE
    }
}

#[cfg(test)]
mod tests;
