use std::time::{Duration, Instant};

use rtp::{Bitrate, LayerIndex};

use super::estimate::Estimate;
use super::prober::{Prober, Probing};
use super::track::Track;

/// The estimate must be higher than a layer's rate by this factor before a viewer moves up to the
/// layer: estimates are hints, and a layer's rate is a mean.
const HEADROOM_UP: f64 = 1.15;

/// The first wait between moving down and trying to move up again. It doubles with every attempt
/// that soon failed, up to the maximum.
const HOLD_MIN: Duration = Duration::from_millis(1_000);
const HOLD_MAX: Duration = Duration::from_secs(4);

/// Moving down this soon after moving up means that the attempt failed.
const FAILED_WITHIN: Duration = Duration::from_secs(5);

/// How long an estimate must stay too low on an uncongested path before it counts: a moment of
/// delay at a busy receiver looks the same at first.
const DOUBT_TIME: Duration = Duration::from_millis(500);

/// The longest pause on a congested path before the worst layer's key frame: routers keep up to a
/// few hundred milliseconds in their queues.
const DRAIN_TIME: Duration = Duration::from_millis(500);

/// Bandwidth that is kept free for audio and retransmissions.
const RESERVED: Bitrate = Bitrate::kbps(60);

/// What to send to a viewer, and what its bandwidth estimation is to probe for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The layer.
    pub layer: LayerIndex,
    /// The highest temporal layer to send; `u8::MAX` for all.
    pub temporal_max: u8,
    /// Send nothing now: earlier packets fill the path, and a key frame would find no room.
    pub pause: bool,
    /// Fill up to this rate with padding, to see whether the path carries it; zero for none.
    pub padded: Bitrate,
    /// The rate that the bandwidth estimation is to look for. It probes when this grows.
    pub wanted: Bitrate,
}

/// Selects the layer of one video track for one viewer: the best one that the estimate carries.
///
/// The viewer moves down at once where the path is congested, else when the estimate stays low. It
/// moves up only with headroom. Once it has had to move down, it also waits for a hold that grows
/// with failure, and until padding at the higher rate got through, so that a viewer at the edge
/// of two layers does not flap.
#[derive(Debug)]
pub struct LayerSelector {
    /// The rid of the only layer that the viewer wants.
    pinned: Option<String>,
    /// The rid of the best layer that is of use to the viewer.
    rid_max: Option<String>,
    layer: Option<LayerIndex>,
    moved_up: Option<Instant>,
    hold: Duration,
    /// When the viewer may try to move up again; `None` if it never had to move down.
    hold_until: Option<Instant>,
    /// Since when the estimate has been too low for the layer.
    short_since: Option<Instant>,
    /// Even the worst layer is too much, so half of its frames are left out.
    squeezed: bool,
    /// When the queue of the congested path should have room again.
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
    /// Pins the viewer to the layer with this rid while it is active; `None` for the best layer
    /// that fits.
    pub fn pin(&mut self, rid: Option<String>) {
        self.pinned = rid;
    }

    /// Limits the viewer to layers that are no better than this rid; `None` for no limit.
    pub fn limit(&mut self, rid: Option<String>) {
        self.rid_max = rid;
    }

    /// The layer of [`Self::limit`]; `None` without a limit, or if the track has no such layer.
    pub fn layer_max(&self, track: &Track) -> Option<LayerIndex> {
        track.layer_by_rid(self.rid_max.as_deref()?)
    }

    /// The number of active layers that are of use to the viewer, counted from the worst.
    fn usable(&self, now: Instant, track: &Track) -> usize {
        let Some(max) = self.layer_max(track) else {
            return usize::MAX;
        };
        let place = |layer: LayerIndex| track.ordered().position(|(i, _)| i == layer);
        let active = track.active(now);
        let usable = active.take_while(|layer| place(*layer) <= place(max));
        // If all active layers are above the limit, the worst of them is still needed.
        usable.count().max(1)
    }

    /// The rid that the viewer asked for.
    pub fn pinned(&self) -> Option<&str> {
        self.pinned.as_deref()
    }

    /// Whether the present layer may be too much. The next decision then depends on how long that
    /// lasts.
    pub fn is_in_doubt(&self) -> bool {
        self.short_since.is_some()
    }

    /// Chooses the viewer's layer; `None` when no layer is active. `estimate` is `None` for a
    /// viewer whose path is not measured, which gets the best layer.
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
        // Without a measured path, or with a pinned layer, the estimate decides nothing.
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
        // If even the worst layer is too much, half of its frames are better than none.
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

    /// Returns the present layer as long as it fits, else the best layer that fits, or the worst
    /// when none does. On a congested path it is the worst at once: estimates fall in steps, and
    /// the path may be narrower still.
    fn keep_or_move_down(
        &mut self,
        now: Instant,
        track: &Track,
        path: Estimate,
        worst: LayerIndex,
        usable: usize,
    ) -> LayerIndex {
        let of_use = || track.active(now).take(usable);
        let is_usable = |layer: &LayerIndex| of_use().any(|active| active == *layer);
        let Some(present) = self.layer.filter(is_usable) else {
            return best_that_fits(of_use(), track, path.bandwidth).unwrap_or(worst);
        };
        let fits = |layer: &LayerIndex| track.bitrate(*layer) + RESERVED <= path.bandwidth;
        if present == worst {
            return present;
        }
        if fits(&present) {
            self.short_since = None;
            return present;
        }
        let short_since = *self.short_since.get_or_insert(now);
        // Without congestion the low estimate may be a moment's delay at the receiver.
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

    /// Whether the worst layer is too much. An uncongested path gets the same moment of doubt as
    /// before a move down, but not for a viewer that begins.
    fn is_squeezed(
        &mut self,
        now: Instant,
        track: &Track,
        path: Estimate,
        worst: LayerIndex,
    ) -> bool {
        if track.bitrate(worst) + RESERVED <= path.bandwidth {
            self.short_since = None;
            return false;
        }
        let short_since = *self.short_since.get_or_insert(now);
        let is_long = now.saturating_duration_since(short_since) >= DOUBT_TIME;
        self.squeezed || self.layer.is_none() || path.congested || is_long
    }

    /// Returns the layer to send, the rate to fill up to with padding, and the rate to probe for.
    fn move_up(
        &mut self,
        now: Instant,
        track: &Track,
        path: Estimate,
        present: LayerIndex,
        usable: usize,
    ) -> (LayerIndex, Bitrate, Bitrate) {
        let of_use = track.active(now).take(usable);
        let next = of_use.skip_while(|l| *l != present).nth(1);
        let held = self.hold_until.is_some_and(|until| now < until);
        let (Some(next), false) = (next, held) else {
            self.prober.stop();
            return (present, Bitrate::ZERO, need(track, present));
        };
        // A viewer that never moved down trusts the estimate; any other must see padding get
        // through, and moves up by one layer at a time.
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

    /// Like [`Self::move_up`], for a viewer that gets only a part of the worst layer's frames: they
    /// take too little for the estimate to grow by itself.
    fn look_for_all_frames(
        &mut self,
        now: Instant,
        track: &Track,
        path: Estimate,
        worst: LayerIndex,
    ) -> (LayerIndex, Bitrate, Bitrate) {
        let needed = need(track, worst);
        match self.prober.poll(now, path, needed, true) {
            Probing::Running(padded) if !path.congested => (worst, padded, needed),
            _ => (worst, Bitrate::ZERO, track.bitrate(worst)),
        }
    }

    /// Starts the hold after a move down. Several moves down in a row are one failure: the later
    /// ones do not reset the hold that the first one began.
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
    layers: impl Iterator<Item = LayerIndex>,
    track: &Track,
    bandwidth: Bitrate,
) -> Option<LayerIndex> {
    layers
        .filter(|layer| need(track, *layer) <= bandwidth)
        .last()
}

/// The estimate at which a viewer may move up to this layer.
pub(super) fn need(track: &Track, layer: LayerIndex) -> Bitrate {
    track.bitrate(layer) * HEADROOM_UP + RESERVED
}
