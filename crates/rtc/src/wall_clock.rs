use std::time::{Duration, Instant, SystemTime};

/// Seconds from 1900, where NTP begins, to 1970 (RFC 5905 §6).
const NTP_TO_UNIX: u64 = 2_208_988_800;

/// What one moment is on both clocks: sender reports tell the time of day, and nothing here asks
/// for it.
#[derive(Debug, Clone, Copy)]
pub struct WallClock {
    /// A moment.
    pub instant: Instant,
    /// The same moment.
    pub time: SystemTime,
}

impl WallClock {
    /// As an NTP timestamp: seconds since 1900 in the upper half, their fraction in the lower
    /// (RFC 3550 §4).
    pub(crate) fn ntp(&self, now: Instant) -> u64 {
        let began = self
            .time
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let time = began + now.saturating_duration_since(self.instant);
        let seconds = (time.as_secs() + NTP_TO_UNIX) << 32;
        seconds | ((u64::from(time.subsec_nanos()) << 32) / 1_000_000_000)
    }

    /// The round trip that a report block tells (RFC 3550 §6.4.1): since the last sender report
    /// less the time that the receiver had it. Both in 1/65,536 s.
    pub(crate) fn round_trip(
        &self,
        now: Instant,
        last_report: u32,
        since_report: u32,
    ) -> Option<Duration> {
        if last_report == 0 {
            return None;
        }
        let now = (self.ntp(now) >> 16) as u32;
        let units = now.wrapping_sub(last_report).wrapping_sub(since_report);
        // More than half of the range is a receiver that counts too far.
        (units < u32::MAX / 2).then(|| Duration::from_micros((u64::from(units) * 1_000_000) >> 16))
    }
}

/// The time of an NTP timestamp; one before 1970 for a source that counts from when it was
/// switched on. `None` where the platform cannot tell it.
pub(crate) fn time_of_ntp(ntp: u64) -> Option<SystemTime> {
    let fraction = Duration::from_nanos(((ntp & 0xffff_ffff) * 1_000_000_000) >> 32);
    let since_1900 = Duration::from_secs(ntp >> 32) + fraction;
    let until_1970 = Duration::from_secs(NTP_TO_UNIX);
    match since_1900.checked_sub(until_1970) {
        Some(after) => SystemTime::UNIX_EPOCH.checked_add(after),
        None => SystemTime::UNIX_EPOCH.checked_sub(until_1970 - since_1900),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_ntp() {
        let clock = WallClock {
            instant: Instant::now(),
            time: SystemTime::UNIX_EPOCH + Duration::from_secs(10),
        };
        let later = clock.instant + Duration::from_millis(1_500);
        assert_eq!(clock.ntp(later) >> 32, NTP_TO_UNIX + 11);
        assert_eq!(clock.ntp(later) as u32, 1 << 31);
    }

    #[test]
    fn ntp_is_read_as_it_is_told() {
        let clock = WallClock {
            instant: Instant::now(),
            time: SystemTime::UNIX_EPOCH + Duration::from_millis(1_790_000_000_250),
        };
        assert_eq!(time_of_ntp(clock.ntp(clock.instant)), Some(clock.time));
        let uptime = |s: u64| time_of_ntp(s << 32).unwrap();
        let passed = uptime(100).duration_since(uptime(90));
        assert_eq!(passed.unwrap(), Duration::from_secs(10));
    }

    #[test]
    fn a_report_tells_the_round_trip() {
        let clock = WallClock {
            instant: Instant::now(),
            time: SystemTime::UNIX_EPOCH,
        };
        let sent = (clock.ntp(clock.instant) >> 16) as u32;
        let now = clock.instant + Duration::from_millis(500);
        let held = 65_536 / 4;
        let found = clock
            .round_trip(now, sent, held)
            .expect("there was a report");
        assert_eq!(found.as_millis(), 250);
        assert_eq!(clock.round_trip(now, 0, held), None);
        assert_eq!(clock.round_trip(now, sent, 65_536), None);
    }
}
