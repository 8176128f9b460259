//! One direction of a network path: a bottleneck with its queue, a delay, and impairments.

mod bursts;
mod policer;
mod radio;

use std::time::{Duration, Instant};

use rtp::Bitrate;

pub use bursts::Bursts;
pub use policer::Policer;
pub use radio::Radio;

use crate::Rng;
use bursts::Chain;
use policer::Bucket;
use radio::Air;

/// IPv4 and UDP headers of a datagram, which a link carries too.
const OVERHEAD_BYTES: usize = 28;

/// What a link does to datagrams.
#[derive(Debug, Clone, Copy)]
pub struct Path {
    /// Delay from end to end, without queueing.
    pub delay: Duration,
    /// Rate of the bottleneck; `None` = without limit.
    pub rate: Option<Bitrate>,
    /// Capacity of the queue before the bottleneck, as time at that rate. A datagram that finds it
    /// full is dropped.
    pub queue: Duration,
    /// Share of the datagrams that is lost, whatever the load: 0 to 1.
    pub loss: f64,
    /// Losses in bursts, in addition to [`Self::loss`].
    pub bursts: Option<Bursts>,
    /// Drops the datagrams that exceed its rate, before the bottleneck.
    pub policer: Option<Policer>,
    /// The medium of the bottleneck. It has no effect without [`Self::rate`].
    pub radio: Radio,
    /// Share of the datagrams that take [`Self::detour`] longer than the others: 0 to 1.
    pub reordered: f64,
    /// Additional delay of [`Self::reordered`] datagrams.
    pub detour: Duration,
    /// Share of the datagrams that arrive twice: 0 to 1.
    pub duplicated: f64,
}

impl Default for Path {
    /// A delay of ten milliseconds and no impairment.
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(10),
            rate: None,
            queue: Duration::from_millis(200),
            loss: 0.0,
            bursts: None,
            policer: None,
            radio: Radio::None,
            reordered: 0.0,
            detour: Duration::from_millis(15),
            duplicated: 0.0,
        }
    }
}

impl Path {
    /// The default path, behind a bottleneck of this rate.
    pub fn limited(rate: Bitrate) -> Self {
        Self {
            rate: Some(rate),
            ..Self::default()
        }
    }

    /// The default path, on which this share of the datagrams is lost.
    pub fn lossy(loss: f64) -> Self {
        Self {
            loss,
            ..Self::default()
        }
    }
}

/// One direction between a client and a shard.
#[derive(Debug)]
pub struct Link {
    path: Path,
    rng: Rng,
    /// When the bottleneck has sent all that is queued.
    free_at: Option<Instant>,
    chain: Chain,
    bucket: Bucket,
    /// State of the radio, from its first use on.
    air: Option<Air>,
    carried: u64,
    lost: u64,
    overflowed: u64,
}

impl Link {
    /// An idle link.
    pub fn new(path: Path, rng: Rng) -> Self {
        Self {
            path,
            rng,
            free_at: None,
            chain: Chain::default(),
            bucket: Bucket::default(),
            air: None,
            carried: 0,
            lost: 0,
            overflowed: 0,
        }
    }

    /// What the link does to datagrams now.
    pub fn path(&self) -> Path {
        self.path
    }

    /// Replaces the path. Datagrams on their way are not affected.
    pub fn set_path(&mut self, path: Path) {
        self.path = path;
    }

    /// Sends a datagram of `bytes`, without IP and UDP headers. Returns when it arrives: not at
    /// all, once or twice.
    pub fn send(&mut self, now: Instant, bytes: usize) -> impl Iterator<Item = Instant> + use<> {
        let arrival = self.arrival(now, bytes);
        let again = arrival.filter(|_| self.rng.chance(self.path.duplicated));
        arrival.into_iter().chain(again)
    }

    /// Datagrams that arrived or will, each counted once.
    pub fn carried(&self) -> u64 {
        self.carried
    }

    /// The rate that the link carries now, limited by the bottleneck and the policer; `None` =
    /// without limit.
    pub fn capacity(&mut self, now: Instant) -> Option<Bitrate> {
        let radio = self.path.radio;
        let share = self.air(now).share(radio, now);
        let rate = self.path.rate.map(|rate| rate * share);
        let policed = self.path.policer.map(|policer| policer.rate);
        rate.into_iter().chain(policed).min()
    }

    /// Datagrams lost by chance, alone or in bursts.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Datagrams that found the queue full, or exceeded the policer's rate.
    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }

    fn arrival(&mut self, now: Instant, bytes: usize) -> Option<Instant> {
        let Some(left) = self.bottleneck(now, bytes + OVERHEAD_BYTES) else {
            self.overflowed += 1;
            return None;
        };
        if self.loses() {
            self.lost += 1;
            return None;
        }
        self.carried += 1;
        let detour = self.rng.chance(self.path.reordered);
        let delay = self.path.delay
            + if detour {
                self.path.detour
            } else {
                Duration::ZERO
            };
        Some(left + delay)
    }

    fn loses(&mut self) -> bool {
        let bursts = self.path.bursts;
        let in_burst = bursts.is_some_and(|bursts| self.chain.loses(&bursts, &mut self.rng));
        self.rng.chance(self.path.loss) || in_burst
    }

    /// Returns when the datagram has left the bottleneck; `None` when it is dropped there.
    fn bottleneck(&mut self, now: Instant, bytes: usize) -> Option<Instant> {
        // The policer stands before the bottleneck: what it drops takes none of its time.
        let policer = self.path.policer;
        if policer.is_some_and(|policer| !self.bucket.passes(&policer, now, bytes)) {
            return None;
        }
        let Some(rate) = self.path.rate else {
            return Some(now);
        };
        let start = self.free_at.map_or(now, |at| at.max(now));
        if start - now > self.path.queue {
            return None;
        }
        let (radio, bps) = (self.path.radio, rate.as_bps().max(1));
        if radio == Radio::None {
            let left = start + Duration::from_micros(bytes as u64 * 8_000_000 / bps);
            self.free_at = Some(left);
            return Some(left);
        }
        let air = self.air(now);
        let left = air.serve(radio, start, bytes as f64 * 8.0, bps as f64);
        let released = air.release(radio, left);
        self.free_at = Some(left);
        Some(released)
    }

    /// The radio has a seed of its own, so its state does not depend on what is sent.
    fn air(&mut self, now: Instant) -> &mut Air {
        let rng = &self.rng;
        self.air
            .get_or_insert_with(|| Air::new(now, rng.clone().fork()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(path: Path, count: u64, spacing: Duration) -> (Vec<(u64, Duration)>, Link) {
        let start = Instant::now();
        let mut link = Link::new(path, Rng::new(7));
        let mut all = Vec::new();
        for i in 0..count {
            for at in link.send(start + spacing * i as u32, 1_000 - OVERHEAD_BYTES) {
                all.push((i, at - start));
            }
        }
        (all, link)
    }

    #[test]
    fn bottleneck_spaces_datagrams_and_drops_beyond_its_queue() {
        let path = Path {
            queue: Duration::from_millis(40),
            ..Path::limited(Bitrate::kbps(800))
        };
        // 10 ms each; those that would wait for more than 40 ms find the queue full.
        let (all, link) = arrivals(path, 20, Duration::ZERO);
        let times: Vec<u128> = all.iter().map(|(_, at)| at.as_millis()).collect();
        assert_eq!(times, [20, 30, 40, 50, 60]);
        assert_eq!(link.overflowed(), 15);
    }

    #[test]
    fn path_loses_and_duplicates_its_shares() {
        let path = Path {
            duplicated: 0.1,
            ..Path::lossy(0.05)
        };
        let (all, link) = arrivals(path, 10_000, Duration::from_millis(1));
        assert!((400..600).contains(&link.lost()), "{}", link.lost());
        let twice = all.len() as u64 - link.carried();
        assert!((850..1_050).contains(&twice), "{twice}");
    }

    #[test]
    fn detour_reorders_datagrams() {
        let path = Path {
            reordered: 0.2,
            ..Path::default()
        };
        let (all, _) = arrivals(path, 100, Duration::from_millis(1));
        assert_eq!(all.len(), 100);
        assert!(all.windows(2).any(|pair| pair[1].1 < pair[0].1));
        let (straight, _) = arrivals(Path::default(), 100, Duration::from_millis(1));
        assert!(straight.windows(2).all(|pair| pair[0].1 < pair[1].1));
    }

    #[test]
    fn equal_seeds_lose_the_same() {
        let run = || arrivals(Path::lossy(0.3), 200, Duration::from_millis(1)).0;
        assert_eq!(run(), run());
    }
}
