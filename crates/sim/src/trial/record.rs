use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rtp::{Bitrate, Packet};

use super::case::{Case, DOWNLOADS_AT};
use crate::Stamp;

/// What is received is summed up over intervals of this length.
const BIN: Duration = Duration::from_millis(100);

/// Headers from IP to the extensions of RTP, and the tag, in bytes.
const HEADER_BYTES: usize = 60;

/// The picture pauses when no newer frame is complete for this long: more than five frames.
const PAUSE: Duration = Duration::from_millis(200);

/// A capacity is found when, for a whole second, this share of it is used, and packets are late by
/// less than this on average.
const FOUND_BINS: usize = 10;
const FOUND_SHARE: f64 = 0.75;
const FOUND_DELAY_US: u64 = 120_000;

/// The result of a trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Media that arrived, headers included, as a share of what the link carried over the whole
    /// time. Beside downloads, as a share of the sender's fair part while they run: 1.0 is fair.
    pub usage: f64,
    /// 95th percentile of the time that packets wait at the bottleneck: in its queue, and for
    /// radio.
    pub queue_p95: Duration,
    /// 95th percentile of how much later than over the idle path packets arrive, from the encoder
    /// on.
    pub late_p95: Duration,
    /// Time from the beginning, and from each change of the link, until its capacity is found;
    /// `None` = not before the next change.
    pub found: Vec<Option<Duration>>,
    /// How often no newer frame was complete for more than 200 ms.
    pub pauses: f64,
    /// The longest time without a newer complete frame.
    pub pause_max: Duration,
}

impl Outcome {
    /// The mean of several trials of one case. A capacity that one of them did not find was not
    /// found.
    pub fn mean(all: &[Self]) -> Self {
        let count = all.len().max(1) as u32;
        let mean = |of: &dyn Fn(&Self) -> f64| all.iter().map(of).sum::<f64>() / f64::from(count);
        let phases = all.iter().map(|one| one.found.len()).min().unwrap_or(0);
        let found = |phase: usize| {
            let times = all
                .iter()
                .map(|one| one.found.get(phase).copied().flatten());
            Some(times.sum::<Option<Duration>>()? / count)
        };
        Self {
            usage: mean(&|one| one.usage),
            queue_p95: all.iter().map(|one| one.queue_p95).sum::<Duration>() / count,
            late_p95: all.iter().map(|one| one.late_p95).sum::<Duration>() / count,
            found: (0..phases).map(found).collect(),
            pauses: mean(&|one| one.pauses),
            pause_max: all
                .iter()
                .map(|one| one.pause_max)
                .max()
                .unwrap_or_default(),
        }
    }
}

#[derive(Debug)]
pub(super) struct Record {
    /// Downloads that share the bottleneck; `None` without any.
    shared: Option<usize>,
    /// When the capacity has to be found again.
    phases: Vec<Duration>,
    began: Option<Instant>,
    bins: Vec<Bin>,
    /// The delay of the idle path, after the time from which it holds.
    routes: Vec<(Duration, Duration)>,
    queued_us: Vec<u64>,
    late_us: Vec<u64>,
    frames: Frames,
}

#[derive(Debug, Default, Clone, Copy)]
struct Bin {
    capacity: Bitrate,
    bytes: u64,
    packets: u64,
    late_us: u64,
}

impl Record {
    pub(super) fn new(case: &Case) -> Self {
        let phases = case.changes.iter().map(|(at, _)| *at);
        Self {
            shared: (case.downloads > 0).then_some(case.downloads),
            phases: [Duration::ZERO].into_iter().chain(phases).collect(),
            began: None,
            bins: Vec::new(),
            routes: Vec::new(),
            queued_us: Vec::new(),
            late_us: Vec::new(),
            frames: Frames::default(),
        }
    }

    pub(super) fn begin(&mut self, now: Instant, delay: Duration) {
        self.began = Some(now);
        self.route(Duration::ZERO, delay);
    }

    /// Sets the delay of the idle path from now on.
    pub(super) fn route(&mut self, passed: Duration, delay: Duration) {
        self.routes.push((passed, delay));
    }

    /// When [`Self::tick`] is to be called.
    pub(super) fn due(&self) -> Option<Instant> {
        Some(self.began? + BIN * self.bins.len() as u32)
    }

    /// Records the capacity that the link has now.
    pub(super) fn tick(&mut self, now: Instant, passed: Duration, capacity: Bitrate) {
        if self.due().is_some_and(|due| due <= now) {
            self.bins.push(Bin {
                capacity,
                ..Bin::default()
            });
        }
        self.frames.pass(passed);
    }

    pub(super) fn arrived(&mut self, passed: Duration, packet: &Packet) {
        let Some(stamp) = Stamp::read(&packet.payload) else {
            return;
        };
        let sent = Duration::from_micros(stamp.captured_us);
        let mut routes = self.routes.iter().rev();
        let route = routes.find(|(from, _)| *from <= sent);
        let idle = route.map_or(Duration::ZERO, |(_, delay)| *delay);
        let late = passed.saturating_sub(sent + idle).as_micros() as u64;
        self.late_us.push(late);
        if let Some(bin) = self.bins.last_mut() {
            bin.bytes += (packet.payload.len() + HEADER_BYTES) as u64;
            bin.packets += 1;
            bin.late_us += late;
        }
        self.frames.arrived(passed, &stamp);
    }

    /// Records how long a packet of media waits at the bottleneck.
    pub(super) fn queued(&mut self, time: Duration) {
        self.queued_us.push(time.as_micros() as u64);
    }

    pub(super) fn outcome(mut self) -> Outcome {
        let (queue_p95, late_p95) = (p95(&mut self.queued_us), p95(&mut self.late_us));
        Outcome {
            usage: self.usage(),
            queue_p95,
            late_p95,
            found: self.found(),
            pauses: self.frames.pauses as f64,
            pause_max: self.frames.pause_max,
        }
    }

    fn usage(&self) -> f64 {
        // Beside downloads only the time counts in which they run, as a multiple of the fair part.
        let first = self.shared.map_or(0, |_| bin_of(DOWNLOADS_AT));
        let bins = self.bins.get(first..).unwrap_or_default();
        let parts = self.shared.map_or(1, |downloads| downloads + 1) as f64;
        used(bins) * parts
    }

    fn found(&self) -> Vec<Option<Duration>> {
        let ends = self.phases.iter().skip(1).copied().map(bin_of);
        let ends = ends.chain([self.bins.len()]);
        let phases = self.phases.iter().copied().map(bin_of).zip(ends);
        phases
            .map(|(from, to)| {
                let bins = self.bins.get(from..to).unwrap_or_default();
                let found = bins.windows(FOUND_BINS).position(is_found)?;
                Some(BIN * found as u32)
            })
            .collect()
    }
}

fn p95(micros: &mut [u64]) -> Duration {
    micros.sort_unstable();
    let p95 = micros.get(micros.len() * 95 / 100);
    Duration::from_micros(p95.copied().unwrap_or(0))
}

fn bin_of(time: Duration) -> usize {
    (time.as_micros() / BIN.as_micros()) as usize
}

/// The share of the capacity that was used.
fn used(bins: &[Bin]) -> f64 {
    let bytes: u64 = bins.iter().map(|bin| bin.bytes).sum();
    let carried: u64 = bins.iter().map(|bin| bin.capacity.bytes_in(BIN)).sum();
    bytes as f64 / carried.max(1) as f64
}

fn is_found(bins: &[Bin]) -> bool {
    let packets: u64 = bins.iter().map(|bin| bin.packets).sum();
    let late: u64 = bins.iter().map(|bin| bin.late_us).sum();
    used(bins) >= FOUND_SHARE && late < FOUND_DELAY_US * packets
}

/// Which frames are complete, and when. One that is overtaken by a later one is not shown.
#[derive(Debug, Default)]
struct Frames {
    /// The newest complete frame, and since when it is complete.
    shown: Option<(u32, Duration)>,
    /// Number of packets received of each newer frame.
    parts: BTreeMap<u32, u16>,
    /// Whether the present pause is counted already.
    is_pausing: bool,
    pauses: usize,
    pause_max: Duration,
}

impl Frames {
    fn arrived(&mut self, passed: Duration, stamp: &Stamp) {
        if self.shown.is_some_and(|(shown, _)| stamp.frame <= shown) {
            return;
        }
        let parts = self.parts.entry(stamp.frame).or_default();
        *parts += 1;
        if *parts == stamp.count {
            self.pass(passed);
            self.parts = self.parts.split_off(&(stamp.frame + 1));
            self.shown = Some((stamp.frame, passed));
            self.is_pausing = false;
        }
    }

    /// Counts a pause once it is longer than [`PAUSE`].
    fn pass(&mut self, passed: Duration) {
        let Some((_, since)) = self.shown else {
            return;
        };
        let pause = passed.saturating_sub(since);
        self.pause_max = self.pause_max.max(pause);
        if pause > PAUSE && !self.is_pausing {
            self.is_pausing = true;
            self.pauses += 1;
        }
    }
}
