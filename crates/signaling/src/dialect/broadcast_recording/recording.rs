//! The id of a broadcast for logs, and the name of its recording.

use std::fmt;

/// Identifies one broadcast from its beginning to its end: a random UUID (RFC 9562 §5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BroadcastId(u128);

impl BroadcastId {
    /// Makes an id from random bits. Six of them are replaced by the version and the variant.
    pub fn new(random: u128) -> Self {
        let (version, variant) = (0xf << 76, 0b11 << 62);
        Self(random & !version & !variant | 4 << 76 | 0b10 << 62)
    }

    /// The file name of the recording: `YYYY-MM-DD_HH-MM-SS_UUID.mp4`, with the time in UTC at
    /// which the broadcast began. `unix_s` is that time in seconds since 1970.
    pub fn file_name(self, unix_s: u64) -> String {
        let (year, month, day) = date(unix_s / 86_400);
        let (hour, minute, second) = (unix_s / 3_600 % 24, unix_s / 60 % 60, unix_s % 60);
        format!("{year:04}-{month:02}-{day:02}_{hour:02}-{minute:02}-{second:02}_{self}.mp4")
    }
}

impl fmt::Display for BroadcastId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", self.0);
        let part = |from, to| hex.get(from..to).unwrap_or_default();
        let (a, b, c, d, e) = (
            part(0, 8),
            part(8, 12),
            part(12, 16),
            part(16, 20),
            part(20, 32),
        );
        write!(f, "{a}-{b}-{c}-{d}-{e}")
    }
}

/// The year, month and day of a day counted from 1970-01-01.
fn date(day: u64) -> (u64, u64, u64) {
    // The calendar repeats every 400 years, which have 146,097 days.
    let (mut year, mut left) = (1970 + day / 146_097 * 400, day % 146_097);
    while left >= days_of(year) {
        left -= days_of(year);
        year += 1;
    }
    let mut month = 1;
    while left >= days_of_month(year, month) {
        left -= days_of_month(year, month);
        month += 1;
    }
    (year, month, left + 1)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u64) -> u64 {
    365 + u64::from(is_leap(year))
}

fn days_of_month(year: u64, month: u64) -> u64 {
    match month {
        2 => 28 + u64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recording_file_name_has_start_time_and_uuid() {
        let id = BroadcastId::new(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        assert_eq!(id.to_string(), "01234567-89ab-4def-8123-456789abcdef");
        let all = BroadcastId::new(u128::MAX).to_string();
        assert_eq!(all, "ffffffff-ffff-4fff-bfff-ffffffffffff");
        for (unix_s, time) in [
            (0, "1970-01-01_00-00-00"),
            (951_782_399, "2000-02-28_23-59-59"),
            (951_782_400, "2000-02-29_00-00-00"),
            (1_614_556_799, "2021-02-28_23-59-59"),
            (1_614_556_800, "2021-03-01_00-00-00"),
            (4_107_542_400, "2100-03-01_00-00-00"),
        ] {
            assert_eq!(id.file_name(unix_s), format!("{time}_{id}.mp4"));
        }
        assert!(id.file_name(u64::MAX).ends_with(".mp4"));
    }
}
