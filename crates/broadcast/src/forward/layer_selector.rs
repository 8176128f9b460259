use std::time::{Duration, Instant};

use rtp::Bitrate;

use super::prober::{Prober, Probing};
use super::track::Track;

/// A layer must leave this much of the estimate free before a viewer moves up to it: estimates
/// are hints, and a layer's rate is a mean.
const HEADROOM_UP: f64 = 1.15;

/// First wait between moving down and trying to move up again; doubled with every attempt
/// that failed soon, up to the maximum.
const HOLD_MIN: Duration = Duration::from_millis(1_000);
const HOLD_MAX: Duration = Duration::from_secs(4);

/// Moving down this soon after moving up means that the attempt failed.
const FAILED_WITHIN: Duration = Duration::from_secs(5);

/// How long an estimate that is too low must stay so on an uncongested path: a moment of
/// delay at a busy receiver looks the same at first.
const DOUBT_TIME: Duration = Duration::from_millis(500);

/// How long nothing is sent on a congested path, at most, before the worst layer's key
/// frame: routers keep up to some hundred milliseconds in their queues.
const DRAIN_TIME: Duration = Duration::from_millis(500);

/// Kept free for audio and retransmissions.
const RESERVED: Bitrate = Bitrate::kbps(60);

/// What is known of the path to a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// What it carries.
    pub bandwidth: Bitrate,
    /// It queues or drops packets now. An estimate may fall without that, for example when the
    /// viewer's machine is busy.
    pub congested: bool,
}

/// What a viewer shall get, and what its bandwidth estimation shall look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The layer.
    pub layer: usize,
    /// Highest temporal layer.
    pub temporal_max: u8,
    /// Send nothing now: what is sent fills the path, and a key frame would find no room.
    pub pause: bool,
    /// Fill up to this rate with padding, to see whether the path carries it.
    pub padded: Bitrate,
    /// The rate that the bandwidth estimation shall look for. It probes when this grows.
    pub wanted: Bitrate,
}

/// Decides which layer of one video track a viewer gets.
///
/// The best that the estimate carries; down at once where the path is congested, else when the
/// estimate stays low; up only with headroom, where padding got through, and after a hold that
/// grows with failure, so that a viewer at the edge of two layers does not flap.
#[derive(Debug)]
pub struct LayerSelector {
    pinned: Option<String>,
    /// The best layer that is of use.
    rid_max: Option<String>,
    layer: Option<usize>,
    moved_up: Option<Instant>,
    hold: Duration,
    /// `None` for a viewer that never had to move down.
    hold_until: Option<Instant>,
    /// Since when the estimate has been too low for the layer.
    short_since: Option<Instant>,
    /// The worst layer is too much, and half of its frames are left out.
    squeezed: bool,
    /// When the path's queue, which was full, has got room again.
    drained_at: Option<Instant>,
    prober: Prober,
}

impl Default for LayerSelector {
    fn default() -> Self {
        Self {
            pinned: None,
            rid_max: None,
            layer: None,
            moved_up: None,
            hold: HOLD_MIN,
            hold_until: None,
            short_since: None,
            squeezed: false,
            drained_at: None,
            prober: Prober::default(),
        }
    }
}

impl LayerSelector {
    /// The viewer wants exactly this rid, or with `None` the best that fits.
    pub fn pin(&mut self, rid: Option<String>) {
        self.pinned = rid;
    }

    /// No layer better than this rid is of use to the viewer; with `None` any is.
    pub fn limit(&mut self, rid: Option<String>) {
        self.rid_max = rid;
    }

    /// The best layer that is of use, as far as it is known.
    pub fn layer_max(&self, track: &Track) -> Option<usize> {
        track.layer_by_rid(self.rid_max.as_deref()?)
    }

    /// How many of the active layers are of use, counted from the worst.
    fn usable(&self, now: Instant, track: &Track) -> usize {
        let Some(max) = self.layer_max(track) else {
            return usize::MAX;
        };
        let place = |layer: usize| track.ordered().position(|(i, _)| i == layer);
        let active = track.active(now);
        let usable = active.take_while(|layer| place(*layer) <= place(max));
        // Where none of these comes, the worst is more than is of use, and still needed.
        usable.count().max(1)
    }

    /// The rid that the viewer asked for.
    pub fn pinned(&self) -> Option<&str> {
        self.pinned.as_deref()
    }

    /// The present layer may be too much: what is decided next depends on how long that goes on.
    pub fn is_in_doubt(&self) -> bool {
        self.short_since.is_some()
    }

    /// Decides. `estimate` is `None` for a viewer whose path is not measured: it gets the best.
    /// `None` when no layer is active.
    pub fn choose(
        &mut self,
        now: Instant,
        track: &Track,
        estimate: Option<Estimate>,
    ) -> Option<Choice> {
        let usable = self.usable(now, track);
        let best = track.active(now).take(usable).last()?;
        let pinned = self
            .pinned
            .as_deref()
            .and_then(|rid| track.layer_by_rid(rid))
            .filter(|layer| track.active(now).any(|active| active == *layer));
        let (Some(path), None) = (estimate, pinned) else {
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
        let worst = track.active(now).next()?;
        let present = self.keep_or_move_down(now, track, path, worst, usable);
        let drains = self.drained_at.is_some_and(|at| now < at);
        // With the worst layer still too much, half of its frames are better than none.
        let squeezed = present == worst && self.is_squeezed(now, track, path, present);
        self.squeezed = squeezed;
        let (layer, padded, wanted) = if squeezed {
            self.look_for_all_frames(now, track, path, present)
        } else {
            self.move_up(now, track, path, present, usable)
        };
        self.layer = Some(layer);
        Some(Choice {
            layer,
            temporal_max: if squeezed { 0 } else { u8::MAX },
            pause: path.congested && drains,
            padded,
            wanted,
        })
    }

    /// The present layer; the best that fits when it does not fit or there is none; the worst
    /// when none fits. The worst also on a congested path: estimates fall in steps, and
    /// the path may be narrower still.
    fn keep_or_move_down(
        &mut self,
        now: Instant,
        track: &Track,
        path: Estimate,
        worst: usize,
        usable: usize,
    ) -> usize {
        let of_use = || track.active(now).take(usable);
        let is_usable = |layer: &usize| of_use().any(|active| active == *layer);
        let Some(present) = self.layer.filter(is_usable) else {
            return best_that_fits(of_use(), track, path.bandwidth).unwrap_or(worst);
        };
        let fits = |layer: &usize| track.bitrate(*layer) + RESERVED <= path.bandwidth;
        if present == worst {
            return present;
        }
        if fits(&present) {
            self.short_since = None;
            return present;
        }
        let short_since = *self.short_since.get_or_insert(now);
        if !path.congested && now.saturating_duration_since(short_since) < DOUBT_TIME {
            return present;
        }
        self.moved_down(now);
        if path.congested {
            self.drained_at = Some(now + DRAIN_TIME);
            return worst;
        }
        let worse = track.active(now).take_while(|layer| *layer != present);
        worse.filter(fits).last().unwrap_or(worst)
    }

    /// Whether the worst layer is too much. In doubt only for a moment, as before a move down, and not
    /// for a viewer that begins.
    fn is_squeezed(&mut self, now: Instant, track: &Track, path: Estimate, worst: usize) -> bool {
        if track.bitrate(worst) + RESERVED <= path.bandwidth {
            self.short_since = None;
            return false;
        }
        let short_since = *self.short_since.get_or_insert(now);
        let is_long = now.saturating_duration_since(short_since) >= DOUBT_TIME;
        self.squeezed || self.layer.is_none() || path.congested || is_long
    }

    /// The layer to send, the rate to fill up to with padding, and the rate to look for.
    fn move_up(
        &mut self,
        now: Instant,
        track: &Track,
        path: Estimate,
        present: usize,
        usable: usize,
    ) -> (usize, Bitrate, Bitrate) {
        let of_use = track.active(now).take(usable);
        let next = of_use.skip_while(|l| *l != present).nth(1);
        let held = self.hold_until.is_some_and(|until| now < until);
        let (Some(next), false) = (next, held) else {
            self.prober.stop();
            return (present, Bitrate::ZERO, need(track, present));
        };
        let fell_once = self.hold_until.is_some();
        let needed = need(track, next);
        match self.prober.poll(now, path, needed, fell_once) {
            Probing::Pausing => (present, Bitrate::ZERO, need(track, present)),
            Probing::Running(padded) => (present, padded, needed),
            Probing::Passed => {
                self.moved_up = Some(now);
                let of_use = track.active(now).take(usable);
                let best = best_that_fits(of_use, track, path.bandwidth);
                let layer = best.filter(|_| !fell_once).unwrap_or(next);
                (layer, Bitrate::ZERO, need(track, layer))
            }
        }
    }

    /// The same for a viewer that gets only a part of the worst layer's frames: an estimate
    /// does not grow by itself from what they take.
    fn look_for_all_frames(
        &mut self,
        now: Instant,
        track: &Track,
        path: Estimate,
        worst: usize,
    ) -> (usize, Bitrate, Bitrate) {
        let needed = need(track, worst);
        match self.prober.poll(now, path, needed, true) {
            Probing::Running(padded) if !path.congested => (worst, padded, needed),
            _ => (worst, Bitrate::ZERO, track.bitrate(worst)),
        }
    }

    /// Several moves down in a row are one failure, and the later do not excuse the first.
    fn moved_down(&mut self, now: Instant) {
        let moved_up = self.moved_up.take();
        let failed = moved_up.is_some_and(|at| now.saturating_duration_since(at) < FAILED_WITHIN);
        if failed {
            self.hold = (self.hold * 2).min(HOLD_MAX);
        } else if self.hold_until.is_none_or(|until| now >= until) {
            self.hold = HOLD_MIN;
        }
        self.hold_until = Some(now + self.hold);
        self.short_since = None;
    }
}

fn best_that_fits(
    layers: impl Iterator<Item = usize>,
    track: &Track,
    bandwidth: Bitrate,
) -> Option<usize> {
    layers
        .filter(|layer| need(track, *layer) <= bandwidth)
        .last()
}

/// The estimate at which a viewer may move up to this layer.
pub(super) fn need(track: &Track, layer: usize) -> Bitrate {
    track.bitrate(layer) * HEADROOM_UP + RESERVED
}
