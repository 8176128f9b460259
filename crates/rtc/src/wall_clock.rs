use std::time::{Duration, Instant, SystemTime};

/// Seconds from 1900, where NTP begins, to 1970 (RFC 5905 §6).
const NTP_TO_UNIX: u64 = 2_208_988_800;

/// One moment on the monotonic clock and on the wall clock. Sender reports carry the time of day,
/// which this crate derives from the pair instead of reading a clock.
#[derive(Debug, Clone, Copy)]
pub struct WallClock {
    /// The moment on the monotonic clock.
    pub instant: Instant,
    /// The same moment as a time of day.
    pub time: SystemTime,
}

impl WallClock {
    /// Returns `now` as an NTP timestamp: seconds since 1900 in the upper half, their fraction in
    /// the lower (RFC 3550 §4).
    pub(crate) fn ntp(&self, now: Instant) -> u64 {
        let began = self
            .time
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let time = began + now.saturating_duration_since(self.instant);
        let seconds = (time.as_secs() + NTP_TO_UNIX) << 32;
        seconds | ((u64::from(time.subsec_nanos()) << 32) / 1_000_000_000)
    }

    /// Computes the round trip from a report block (RFC 3550 §6.4.1): the time since the last
    /// sender report, less the time that the receiver held it. Both arguments are in 1/65,536 s.
    /// `None` when the receiver has had no sender report, or its numbers are not plausible.
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
        // More than half of the range is a negative time: the receiver claims to have held the
        // report for longer than possible.
        (units < u32::MAX / 2).then(|| Duration::from_micros((u64::from(units) * 1_000_000) >> 16))
    }
}

/// Returns the time of an NTP timestamp. It is before 1970 for a source whose clock counts from
/// power-on. `None` when the platform cannot represent it.
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
    fn ntp_timestamp_has_seconds_and_fraction() {
        let clock = WallClock {
            instant: Instant::now(),
            time: SystemTime::UNIX_EPOCH + Duration::from_secs(10),
        };
        let later = clock.instant + Duration::from_millis(1_500);
        assert_eq!(clock.ntp(later) >> 32, NTP_TO_UNIX + 11);
        assert_eq!(clock.ntp(later) as u32, 1 << 31);
    }

    #[test]
    fn ntp_timestamp_round_trips() {
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
    fn report_block_yields_the_round_trip() {
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
