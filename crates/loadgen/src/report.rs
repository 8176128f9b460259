use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use rtp::Bitrate;

/// Durations are kept with two significant digits, up to ten minutes.
const DIGITS: u8 = 2;
const LONGEST_US: u64 = 600_000_000;

/// A longer pause of the generator itself is a stall: the machine is busy with other work.
pub const STALL: Duration = Duration::from_millis(250);

/// The measurements of all viewers, from the beginning to [`Self::time`].
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Time since the viewers' thread was started.
    pub time: Duration,
    /// Viewers that are connected now.
    pub connected: usize,
    /// Viewers that are still connecting.
    pub connecting: usize,
    /// Viewers whose connection the server closed, or who lost it.
    pub ended: usize,
    /// Media packets received, without duplicates.
    pub packets: u64,
    /// Payload bytes of these packets.
    pub bytes: u64,
    /// Video frames whose last packet arrived, summed over all viewers.
    pub frames: u64,
    /// Media packets that never arrived, not even as retransmissions.
    pub lost: u64,
    /// Packets requested again by NACK; each request counts.
    pub nacked: u64,
    /// Retransmissions that filled a gap.
    pub repaired: u64,
    /// Key frames requested by PLI.
    pub plis: u64,
    /// Packets that viewers tried to decrypt.
    pub opened: u64,
    /// Packets among these that failed authentication.
    pub broken: u64,
    /// Pauses of more than 500 ms in a viewer's video.
    pub freezes: u64,
    /// The longest pause in a viewer's video.
    pub pause_max: Duration,
    /// From a viewer's POST to its connection.
    pub setup: Durations,
    /// From a viewer's POST to its first packet of video.
    pub first_packet: Durations,
    /// From a viewer's POST to the first packet of a key frame.
    pub keyframe: Durations,
    /// From the publisher's socket to the viewer's, for packets that were decrypted.
    pub delay: Durations,
    /// Interarrival jitter of video (RFC 3550 §6.4.1), one value for each viewer.
    pub jitter: Durations,
    /// The longest time for which the generator itself did not look at its sockets. If it is close
    /// to the length of a freeze, the machine is at fault and not the server.
    pub stall_max: Duration,
    /// How often the generator stalled for more than [`STALL`].
    pub stalls: u64,
}

/// A distribution of durations, with two significant digits and at best microseconds.
#[derive(Debug, Clone)]
pub struct Durations(Histogram<u64>);

impl Default for Durations {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST_US, DIGITS);
        Self(histogram.expect("the bounds are in order"))
    }
}

impl Durations {
    pub(crate) fn add(&mut self, duration: Duration) {
        self.add_us(duration.as_micros() as u64);
    }

    pub(crate) fn add_us(&mut self, us: u64) {
        // A duration beyond the range counts as ten minutes.
        self.0.saturating_record(us);
    }

    /// The number of durations.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The quantile for a share of 0 to 1: that share of the durations is not longer. Zero when
    /// there are none.
    pub fn at(&self, share: f64) -> Duration {
        match self.0.is_empty() {
            true => Duration::ZERO,
            false => Duration::from_micros(self.0.value_at_quantile(share)),
        }
    }

    /// The longest duration; zero when there are none.
    pub fn max(&self) -> Duration {
        Duration::from_micros(self.0.max())
    }

    /// The durations added since `earlier`, which must be an earlier state of the same
    /// distribution. Empty if it is not.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut later = self.0.clone();
        match later.subtract(&earlier.0) {
            Ok(()) => Self(later),
            Err(_) => Self::default(),
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("both have the same bounds");
    }
}

impl Report {
    /// Media packets per second since an earlier report.
    pub fn packets_per_second(&self, earlier: &Self) -> f64 {
        let time = self.time.saturating_sub(earlier.time).as_secs_f64();
        self.packets.saturating_sub(earlier.packets) as f64 / time.max(f64::EPSILON)
    }

    /// Bit rate of the payload received since an earlier report.
    pub fn bitrate(&self, earlier: &Self) -> Bitrate {
        let bytes = self.bytes.saturating_sub(earlier.bytes);
        Bitrate::of(bytes, self.time.saturating_sub(earlier.time))
    }

    /// The share of packets that were lost since an earlier report, 0 to 1.
    pub fn loss(&self, earlier: &Self) -> f64 {
        let lost = self.lost.saturating_sub(earlier.lost) as f64;
        let came = self.packets.saturating_sub(earlier.packets) as f64;
        lost / (lost + came).max(1.0)
    }

    /// Adds the measurements of other viewers from the same time.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.time = self.time.max(other.time);
        self.connected += other.connected;
        self.connecting += other.connecting;
        self.ended += other.ended;
        self.packets += other.packets;
        self.bytes += other.bytes;
        self.frames += other.frames;
        self.lost += other.lost;
        self.nacked += other.nacked;
        self.repaired += other.repaired;
        self.plis += other.plis;
        self.opened += other.opened;
        self.broken += other.broken;
        self.freezes += other.freezes;
        self.pause_max = self.pause_max.max(other.pause_max);
        self.setup.merge(&other.setup);
        self.first_packet.merge(&other.first_packet);
        self.keyframe.merge(&other.keyframe);
        self.delay.merge(&other.delay);
        self.jitter.merge(&other.jitter);
        self.stall_max = self.stall_max.max(other.stall_max);
        self.stalls += other.stalls;
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zero = Self::default();
        write!(
            f,
            "{} connected, {} connecting, {} ended; {:.0} packets/s, {}; lost {}, repaired {}, \
             freezes {}, longest pause {:?}; delay {}; setup {}; first packet {}; generator stall {:?}",
            self.connected,
            self.connecting,
            self.ended,
            self.packets_per_second(&zero),
            self.bitrate(&zero),
            self.lost,
            self.repaired,
            self.freezes,
            self.pause_max,
            self.delay,
            self.setup,
            self.first_packet,
            self.stall_max,
        )
    }
}

impl fmt::Display for Durations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |share| self.at(share).as_secs_f64() * 1e3;
        write!(f, "p50 {:.1} ms, p99 {:.1} ms", ms(0.5), ms(0.99))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn durations(ms: impl IntoIterator<Item = u64>) -> Durations {
        let mut durations = Durations::default();
        ms.into_iter()
            .for_each(|ms| durations.add(Duration::from_millis(ms)));
        durations
    }

    #[test]
    fn quantiles_are_right_to_two_digits() {
        let durations = durations(1..=200);
        for (share, ms) in [(0.5, 100.0), (0.99, 198.0), (1.0, 200.0)] {
            let found = durations.at(share).as_secs_f64() * 1e3;
            assert!((found / ms - 1.0).abs() < 0.01, "{share}: {found}");
        }
        assert_eq!(Durations::default().at(0.5), Duration::ZERO);
    }

    #[test]
    fn interval_has_only_its_own_durations() {
        let (early, late) = (durations([1, 1, 1]), durations([1, 1, 1, 50]));
        let interval = late.since(&early);
        assert_eq!(interval.count(), 1);
        assert!(interval.at(0.5) >= Duration::from_millis(49));
    }

    #[test]
    fn loss_counts_only_the_interval() {
        let earlier = Report {
            packets: 100,
            lost: 50,
            ..Report::default()
        };
        let later = Report {
            packets: 190,
            lost: 60,
            ..Report::default()
        };
        assert_eq!(later.loss(&earlier), 0.1);
        assert_eq!(earlier.loss(&earlier), 0.0);
    }
}
