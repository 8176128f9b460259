use std::time::Duration;

/// Upper bounds of the buckets: 100 us, and each twice the one before; the last has none.
const BUCKETS: usize = 16;
const FIRST_US: u64 = 100;

/// How long packets were on a shard: from when it took them until the last viewer was given them.
/// Each counts once for each viewer, most of which had it sooner.
#[derive(Debug, Clone, Copy, Default)]
pub struct Delays {
    counts: [u64; BUCKETS],
    sum_us: u64,
}

impl Delays {
    /// So many packets were forwarded within this time.
    pub fn add(&mut self, time: Duration, packets: u64) {
        let micros = time.as_micros() as u64;
        let bucket = (0..BUCKETS - 1).find(|i| micros <= FIRST_US << i);
        if let Some(count) = self.counts.get_mut(bucket.unwrap_or(BUCKETS - 1)) {
            *count += packets;
        }
        self.sum_us += micros * packets;
    }

    /// Those of another shard too.
    pub fn merge(mut self, other: &Self) -> Self {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.sum_us += other.sum_us;
        self
    }

    /// Upper bound in seconds and number of packets, bucket by bucket.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let bound = |i| match i {
            i if i == BUCKETS - 1 => f64::INFINITY,
            i => (FIRST_US << i) as f64 / 1e6,
        };
        self.counts
            .iter()
            .enumerate()
            .map(move |(i, count)| (bound(i), *count))
    }

    /// Sum of the times in seconds.
    pub fn sum(&self) -> f64 {
        self.sum_us as f64 / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_packet_is_in_the_bucket_of_its_time() {
        let mut delays = Delays::default();
        delays.add(Duration::from_micros(100), 3);
        delays.add(Duration::from_micros(101), 2);
        let mut other = Delays::default();
        other.add(Duration::from_secs(60), 1);
        let all = delays.merge(&other);
        let filled: Vec<_> = all.buckets().filter(|(_, count)| *count > 0).collect();
        assert_eq!(filled, [(0.000_1, 3), (0.000_2, 2), (f64::INFINITY, 1)]);
        assert!((all.sum() - 60.000_502).abs() < 1e-9);
    }
}
