use std::time::{Duration, Instant};

use rtp::Bitrate;

use super::track::Track;

/// A layer must leave this much of the estimate free before a viewer moves up to it: estimates
/// are hints, and a layer's rate is a mean.
const HEADROOM_UP: f64 = 1.15;

/// A viewer moves down as soon as its layer takes more than this share of the estimate.
const HEADROOM_DOWN: f64 = 1.0;

/// First wait between moving down and trying to move up again; doubled with every attempt
/// that failed soon, up to the maximum.
const HOLD_MIN: Duration = Duration::from_millis(1_000);
const HOLD_MAX: Duration = Duration::from_secs(6);

/// Moving down this soon after moving up means that the attempt failed.
const FAILED_WITHIN: Duration = Duration::from_secs(5);

/// A layer of more than this times the estimate has filled the path: nothing gets through in
/// time. It is not sent any more, even if nothing else can be sent yet, and the viewer begins
/// anew with the worst layer, since estimates fall in steps and the path may be narrower still.
const OVERLOAD: f64 = 1.33;

/// How long a probe for a better layer may take.
const PROBE_TIME: Duration = Duration::from_millis(500);

/// From one probe to the next; the pause doubles with each that finds nothing.
const PROBE_PAUSE_MIN: Duration = Duration::from_secs(1);
const PROBE_PAUSE_MAX: Duration = Duration::from_secs(4);

/// A viewer that once had to move down moves up only after padding has gone through at the rate
/// of the better layer for this long: shapers let short probes pass that are far too fast.
const TRIAL_TIME: Duration = Duration::from_millis(1_000);

/// Kept free for audio and retransmissions.
const RESERVED: Bitrate = Bitrate::kbps(60);

/// What a viewer shall get, and what its bandwidth estimation shall look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The layer.
    pub layer: usize,
    /// Highest temporal layer.
    pub temporal_max: u8,
    /// Send nothing before the layer's next key frame: what is sent now does not fit at all.
    pub pause: bool,
    /// Fill up to this rate with padding, to see whether the path carries it.
    pub padded: Bitrate,
    /// The rate that the bandwidth estimation shall look for. It probes when this grows.
    pub wanted: Bitrate,
}

/// Decides which layer of one video track a viewer gets.
///
/// The best that the estimate carries; down at once, up only with headroom and after a hold
/// that grows with failure, so that a viewer at the edge of two layers does not flap.
#[derive(Debug)]
pub struct LayerSelector {
    pinned: Option<String>,
    layer: Option<usize>,
    moved_up: Option<Instant>,
    hold: Duration,
    /// `None` for a viewer that never had to move down.
    hold_until: Option<Instant>,
    /// Since when padding stands for the next better layer.
    trial: Option<Instant>,
    /// When the latest probe for a better layer began.
    probed: Option<Instant>,
    probe_pause: Duration,
}

impl Default for LayerSelector {
    fn default() -> Self {
        Self {
            pinned: None,
            layer: None,
            moved_up: None,
            hold: HOLD_MIN,
            hold_until: None,
            trial: None,
            probed: None,
            probe_pause: PROBE_PAUSE_MIN,
        }
    }
}

impl LayerSelector {
    /// The viewer wants exactly this rid, or with `None` the best that fits.
    pub fn pin(&mut self, rid: Option<String>) {
        self.pinned = rid;
    }

    /// The rid that the viewer asked for.
    pub fn pinned(&self) -> Option<&str> {
        self.pinned.as_deref()
    }

    /// Decides. `estimate` is `None` for a viewer whose path is not measured: it gets the best.
    /// `None` when no layer is active.
    pub fn choose(
        &mut self,
        now: Instant,
        track: &Track,
        estimate: Option<Bitrate>,
    ) -> Option<Choice> {
        let best = track.active(now).next_back()?;
        let pinned = self
            .pinned
            .as_deref()
            .and_then(|rid| track.layer_by_rid(rid))
            .filter(|layer| track.active(now).any(|active| active == *layer));
        let (Some(estimate), None) = (estimate, pinned) else {
            let layer = pinned.unwrap_or(best);
            self.layer = Some(layer);
            return Some(Choice {
                layer,
                temporal_max: u8::MAX,
                pause: false,
                padded: Bitrate::ZERO,
                wanted: need(track, best),
            });
        };
        let before = self.layer;
        let budget = estimate - RESERVED;
        let overloaded = before.is_some_and(|layer| track.bitrate(layer) > estimate * OVERLOAD);
        let layer = if overloaded {
            self.moved_down(now);
            track.active(now).next()?
        } else {
            self.next_layer(now, track, budget)?
        };
        self.layer = Some(layer);
        // With the worst layer still too much, half of its frames are better than none.
        let squeezed = track.bitrate(layer) > budget && track.active(now).next() == Some(layer);
        let next = track.active(now).skip_while(|l| *l != layer).nth(1);
        let needed = next.map(|next| need(track, next));
        let (padded, wanted) = match needed {
            Some(needed) if self.trial.is_some() => (needed, needed),
            Some(needed) if estimate < needed && !self.holds(now) && self.probes(now) => {
                (Bitrate::ZERO, needed)
            }
            _ => (Bitrate::ZERO, need(track, layer)),
        };
        Some(Choice {
            layer,
            temporal_max: if squeezed { 0 } else { u8::MAX },
            pause: overloaded && before != Some(layer),
            padded,
            wanted,
        })
    }

    /// Whether to look for a better layer now. Probes that go on all the time would fill a
    /// narrow path.
    fn probes(&mut self, now: Instant) -> bool {
        match self.probed.map(|at| now.saturating_duration_since(at)) {
            Some(since) if since < PROBE_TIME => true,
            Some(since) if since < PROBE_TIME + self.probe_pause => false,
            before => {
                if before.is_some() {
                    self.probe_pause = (self.probe_pause * 2).min(PROBE_PAUSE_MAX);
                }
                self.probed = Some(now);
                true
            }
        }
    }

    fn holds(&self, now: Instant) -> bool {
        self.hold_until.is_some_and(|until| now < until)
    }

    fn next_layer(&mut self, now: Instant, track: &Track, budget: Bitrate) -> Option<usize> {
        let lowest = track.active(now).next()?;
        let fits = |factor: f64| {
            track
                .active(now)
                .rfind(|layer| track.bitrate(*layer) * factor <= budget)
                .unwrap_or(lowest)
        };
        let present = self
            .layer
            .filter(|layer| track.active(now).any(|a| a == *layer));
        let Some(present) = present else {
            return Some(fits(HEADROOM_UP));
        };
        let rank = |layer: usize| track.active(now).position(|l| l == layer);
        let (down, up) = (fits(HEADROOM_DOWN), fits(HEADROOM_UP));
        if rank(down) < rank(present) {
            self.moved_down(now);
            return Some(down);
        }
        if rank(up) <= rank(present) {
            if self.trial.take().is_some() {
                self.hold_longer(now);
            }
            return Some(present);
        }
        if self.holds(now) {
            return Some(present);
        }
        if self.hold_until.is_some() {
            let began = *self.trial.get_or_insert(now);
            if now.saturating_duration_since(began) < TRIAL_TIME {
                return Some(present);
            }
        }
        let next = track.active(now).skip_while(|l| *l != present).nth(1)?;
        self.trial = None;
        self.moved_up = Some(now);
        // The path may carry still more.
        self.probed = None;
        self.probe_pause = PROBE_PAUSE_MIN;
        Some(if self.hold_until.is_some() { next } else { up })
    }

    fn moved_down(&mut self, now: Instant) {
        let failed = self
            .moved_up
            .take()
            .is_some_and(|at| now.saturating_duration_since(at) < FAILED_WITHIN);
        if failed || self.trial.take().is_some() {
            self.hold_longer(now);
        } else {
            // Several steps down in a row are one failure, and the second does not excuse the first.
            if !self.holds(now) {
                self.hold = HOLD_MIN;
            }
            self.hold_until = Some(now + self.hold);
        }
    }

    fn hold_longer(&mut self, now: Instant) {
        self.hold = (self.hold * 2).min(HOLD_MAX);
        self.hold_until = Some(now + self.hold);
    }
}

/// The estimate at which a viewer may move up to this layer.
fn need(track: &Track, layer: usize) -> Bitrate {
    track.bitrate(layer) * HEADROOM_UP + RESERVED
}
