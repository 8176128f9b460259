use std::fmt;
use std::time::Duration;

use rtp::Bitrate;

/// What all viewers saw, from the beginning to [`Self::time`].
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Since the viewers began to exist.
    pub time: Duration,
    /// Viewers that are connected now.
    pub connected: usize,
    /// Viewers that wait for their connection.
    pub connecting: usize,
    /// Viewers that the server sent away or that lost their connection.
    pub ended: usize,
    /// Media packets, without repetitions.
    pub packets: u64,
    /// Their payload bytes.
    pub bytes: u64,
    /// Video frames whose last packet came, of all viewers together.
    pub frames: u64,
    /// Sequence numbers that never came, after retransmission.
    pub lost: u64,
    /// Pauses of more than 500 ms in a viewer's video.
    pub freezes: u64,
    /// The longest pause in a viewer's video.
    pub pause_max: Duration,
    /// From a viewer's POST to its connection.
    pub setup: Percentiles,
    /// From a viewer's POST to its first packet of video.
    pub first_packet: Percentiles,
    /// The longest time that the generator itself did not look at its sockets. Where it is near
    /// the length of a freeze, the machine is at fault and not the server.
    pub stall_max: Duration,
}

/// A distribution of durations; all zero when it is empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Percentiles {
    /// How many there are.
    pub count: usize,
    /// Half are shorter.
    pub p50: Duration,
    /// One in a hundred is longer.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

impl Report {
    /// Media packets per second since an earlier report.
    pub fn packets_per_second(&self, earlier: &Self) -> f64 {
        let time = self.time.saturating_sub(earlier.time).as_secs_f64();
        self.packets.saturating_sub(earlier.packets) as f64 / time.max(f64::EPSILON)
    }

    /// Payload received per second since an earlier report.
    pub fn bitrate(&self, earlier: &Self) -> Bitrate {
        let bytes = self.bytes.saturating_sub(earlier.bytes);
        Bitrate::of(bytes, self.time.saturating_sub(earlier.time))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zero = Self::default();
        write!(
            f,
            "{} connected, {} connecting, {} ended; {:.0} packets/s, {}; lost {}, freezes {}, \
             longest pause {:?}; setup {}; first packet {}; own stall {:?}",
            self.connected,
            self.connecting,
            self.ended,
            self.packets_per_second(&zero),
            self.bitrate(&zero),
            self.lost,
            self.freezes,
            self.pause_max,
            self.setup,
            self.first_packet,
            self.stall_max,
        )
    }
}

impl FromIterator<Duration> for Percentiles {
    fn from_iter<I: IntoIterator<Item = Duration>>(durations: I) -> Self {
        let mut sorted: Vec<_> = durations.into_iter().collect();
        sorted.sort_unstable();
        let at = |share: f64| {
            let rank = (share * sorted.len() as f64).ceil() as usize;
            sorted
                .get(rank.saturating_sub(1))
                .copied()
                .unwrap_or_default()
        };
        Self {
            count: sorted.len(),
            p50: at(0.5),
            p99: at(0.99),
            max: at(1.0),
        }
    }
}

impl fmt::Display for Percentiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        write!(f, "p50 {:.0} ms, p99 {:.0} ms", ms(self.p50), ms(self.p99))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_values() {
        let durations = (1..=200).rev().map(Duration::from_millis);
        let percentiles: Percentiles = durations.collect();
        assert_eq!(
            (percentiles.p50, percentiles.p99, percentiles.max),
            (
                Duration::from_millis(100),
                Duration::from_millis(198),
                Duration::from_millis(200)
            )
        );
        assert_eq!(Percentiles::from_iter([]), Percentiles::default());
    }
}
