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
//! making: it belongs to the path (docs/decisions/0020). What a full queue drops shows by how long
//! the packets before it waited, and is no share of the path's (docs/decisions/0021).
//!
//! Deliberately absent: growth by itself. The estimate never exceeds what was shown to arrive.

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

/// A queue that stands for longer is too much.
const TOO_LONG: Duration = Duration::from_millis(60);

/// A path is congested when its queue stands for longer than this.
const CONGESTED_QUEUE: Duration = Duration::from_millis(150);

/// More than the usual losses and this share is sent less for at once, and not only when it lasts. It
/// fills a path where a queue is seen too, or where more is tried: without, a few packets lost by
/// chance are as many.
const LOSING: f32 = 0.08;

/// After the last padding, what it led to is still a trial: buckets of policers take a while to empty.
const TRIED: Duration = Duration::from_secs(3);

/// So great a share is no chance, with or without a queue: a policer keeps none.
const COLLAPSING: f32 = 0.25;

/// Of what arrives while a queue stands, so that the queue shrinks; and of one that is much too
/// long.
const SHARE: f64 = 0.95;
const FAR_TOO_LONG: Duration = Duration::from_millis(100);
const SHARE_DRAINING: f64 = 0.9;

/// Of what arrives, when a full queue drops packets; and how often. TCP gives way further (RFC 5681
/// §3.1 to a half, RFC 9438 §4.6 to 0.7), and comes back faster.
const YIELD: f64 = 0.8;
const YIELD_EVERY: Duration = Duration::from_secs(1);

/// When losses turn out to be those of the path, the estimate returns to what it was, but at most
/// to so many times what it is.
const RESTORED: f64 = 2.0;

/// What arrives without a queue could be so much more: rates are means.
const ROOM: f64 = 1.15;

/// So short a queue is none: the estimate grows, and probes are sent.
const NO_QUEUE: Duration = Duration::from_millis(20);

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
    /// While less is sent to see whether packets are lost all the same.
    restraint: Option<Restraint>,
    /// Since a queue stands.
    drain: Option<Drain>,
    limit: Limit,
    bandwidth: Bitrate,
    /// What is sent queues or is dropped: told outside, where a viewer is relieved at once.
    congested: bool,
    /// There was feedback.
    is_measured: bool,
    told: Option<(Bitrate, bool)>,
    padded: Bitrate,
    wanted: Bitrate,
    /// When padding was last wanted.
    tried_at: Option<Instant>,
    probe: Option<Probe>,
    probes: u8,
    /// Believed before the restraint.
    before_losses: Bitrate,
    /// When packets were last lost to a full queue, and less sent for it.
    yielded_at: Option<Instant>,
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

    /// Reads what the next feedback will need.
    pub(crate) fn prefetch(&self) {
        black_box((self.bandwidth, self.probes, self.told));
        self.history.prefetch();
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

    fn estimate(&mut self, now: Instant) {
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
            // What is lost is sent again, and needs its room.
            let share = share * f64::from(1.0 - self.loss.usual());
            self.lower(now, carried, carried * share);
        } else if self.loss.overflows() {
            self.give_way(now, arrives);
        } else if self.restraint.is_some() {
            // What is lost while less is sent will tell.
        } else if self.loss.is_unusual() {
            if self.is_surely_losing() || self.loss.lasts() {
                self.restrain(now, arrives);
            }
        } else if standing < NO_QUEUE {
            let possible = arrives * (ROOM / f64::from(1.0 - self.loss.usual()));
            let possible = self
                .limit
                .cap(now)
                .map_or(possible, |cap| possible.min(cap));
            self.bandwidth = self.bandwidth.max(possible);
        }
        self.bandwidth = self.bandwidth.clamp(ESTIMATE_MIN, ESTIMATE_MAX);
    }

    /// Much more is lost than usual, whatever the cause.
    fn is_losing(&self) -> bool {
        self.loss.excess() > LOSING
    }

    /// The same without a queue, and by more than chance.
    fn is_surely_losing(&self) -> bool {
        self.is_losing() && self.loss.is_surely_unusual()
    }

    /// This sender queues too much, or its packets are dropped for it: losses alone do not say so,
    /// except while more than before is tried.
    fn is_congested(&self, now: Instant, standing: Duration) -> bool {
        let recent = |at| now.saturating_duration_since(at) < TRIED;
        let is_tried = self.tried_at.is_some_and(recent);
        let is_queued = standing > NO_QUEUE || self.loss.overflows();
        standing > CONGESTED_QUEUE
            || self.is_losing() && (is_queued || is_tried)
            || self.is_surely_losing() && self.loss.excess() > COLLAPSING
    }

    /// Others keep a queue filled before the bottleneck.
    fn is_in_company(&self) -> bool {
        self.arrivals.taken() > NO_QUEUE
    }

    /// A full queue drops packets: yields to others that fill it, and waits for what comes of it.
    fn give_way(&mut self, now: Instant, arrives: Bitrate) {
        let pause = |at| now.saturating_duration_since(at) < YIELD_EVERY;
        if !self.yielded_at.is_some_and(pause) {
            self.yielded_at = Some(now);
            self.lower(now, arrives, arrives * YIELD);
        }
    }

    /// Packets are lost without a full queue: sends less, to see whether that ends. It is less
    /// already when as much passed before, as long as nothing says that the path is full.
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

    /// Losses that stay when less is sent are not this sender's: they are taken for the path's.
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

    /// The path is full at `limit`.
    fn lower(&mut self, now: Instant, limit: Bitrate, to: Bitrate) {
        let is_sure = !self.loss.is_of_the_path() || self.arrivals.standing() > TOO_LONG;
        self.doubt_probe(now);
        self.limit.set(now, limit, is_sure);
        self.bandwidth = self.bandwidth.min(to);
    }

    /// A queue stands, and may have grown. While packets are lost nothing can be said of it.
    fn watch_queue(&mut self, now: Instant, carried: Bitrate, standing: Duration) {
        let loses = self.loss.excess() > 0.0;
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
        if standing < NO_QUEUE {
            self.drain = None;
        } else if drain.is_in_vain(now) {
            self.limit.clear();
            self.arrivals.take_for_base(standing);
            self.drain = None;
        }
    }

    /// What is known of the path, when that is another than before: the bandwidth, and whether
    /// it is congested.
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

    /// More of anything would only wait behind what is queued already.
    pub(crate) fn is_queueing(&self) -> bool {
        self.arrivals.standing() > CONGESTED_QUEUE
    }
}

#[cfg(test)]
mod tests;
