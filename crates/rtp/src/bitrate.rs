use std::fmt;
use std::ops::{Add, Mul, Sub};
use std::time::Duration;

/// A data rate in bits per second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bitrate(u64);

impl Bitrate {
    /// Zero bits per second.
    pub const ZERO: Self = Self(0);

    /// Creates a rate from bits per second.
    pub const fn bps(bps: u64) -> Self {
        Self(bps)
    }

    /// Creates a rate from kilobits (1,000 bits) per second.
    pub const fn kbps(kbps: u64) -> Self {
        Self(kbps * 1_000)
    }

    /// Creates a rate from megabits (1,000,000 bits) per second.
    pub const fn mbps(mbps: u64) -> Self {
        Self(mbps * 1_000_000)
    }

    /// Returns the rate at which `bytes` were moved in `time`; zero when `time` is below 1 µs.
    pub fn of(bytes: u64, time: Duration) -> Self {
        let micros = time.as_micros() as u64;
        if micros == 0 {
            return Self::ZERO;
        }
        Self(bytes.saturating_mul(8_000_000) / micros)
    }

    /// Returns the rate in bits per second.
    pub const fn as_bps(self) -> u64 {
        self.0
    }

    /// Returns the number of whole bytes that this rate carries in `time`.
    pub fn bytes_in(self, time: Duration) -> u64 {
        (u128::from(self.0) * time.as_micros() / 8_000_000) as u64
    }
}

impl Add for Bitrate {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Bitrate {
    type Output = Self;
    /// Saturates at zero: a rate is never negative.
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Mul<f64> for Bitrate {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self((self.0 as f64 * factor) as u64)
    }
}

impl fmt::Display for Bitrate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bps @ 0..1_000 => write!(f, "{bps} bit/s"),
            bps @ 1_000..1_000_000 => write!(f, "{} kbit/s", bps / 1_000),
            bps => write!(f, "{:.1} Mbit/s", bps as f64 / 1e6),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_is_bytes_over_time() {
        assert_eq!(
            Bitrate::of(125_000, Duration::from_secs(1)),
            Bitrate::mbps(1)
        );
        assert_eq!(Bitrate::of(1, Duration::ZERO), Bitrate::ZERO);
        assert_eq!(Bitrate::mbps(8).bytes_in(Duration::from_millis(5)), 5_000);
    }

    #[test]
    fn subtraction_stops_at_zero() {
        assert_eq!(Bitrate::kbps(1) - Bitrate::kbps(2), Bitrate::ZERO);
    }

    #[test]
    fn display_picks_a_readable_unit() {
        assert_eq!(Bitrate::bps(999).to_string(), "999 bit/s");
        assert_eq!(Bitrate::kbps(300).to_string(), "300 kbit/s");
        assert_eq!(Bitrate::kbps(2_500).to_string(), "2.5 Mbit/s");
    }
}
