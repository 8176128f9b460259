use std::time::{Duration, Instant, SystemTime};

/// A capture time further than this from the packet's arrival comes from a broken clock and is
/// ignored.
const SKEW_MAX: Duration = Duration::from_secs(10);

/// Maps a publisher's clock to the server's, from its sender reports (RFC 3550 §6.4.1).
///
/// All tracks of a publisher share one anchor, so that audio and video keep the offset to each
/// other that the publisher gave them.
#[derive(Debug, Default)]
pub(crate) struct PublisherClock {
    /// The publisher's wall clock in its first report, and when that report arrived.
    anchor: Option<(SystemTime, Instant)>,
}

/// The latest sender report of one encoding.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    /// The report's NTP time on the server's clock.
    at: Instant,
    rtp_timestamp: u32,
}

impl PublisherClock {
    /// Places a sender report on the server's clock; the first one becomes the anchor. `None` when
    /// the platform cannot represent the time.
    pub(crate) fn report(
        &mut self,
        ntp: SystemTime,
        rtp_timestamp: u32,
        received: Instant,
    ) -> Option<Report> {
        let (ntp_anchor, at_anchor) = *self.anchor.get_or_insert((ntp, received));
        let at = match ntp.duration_since(ntp_anchor) {
            Ok(later) => at_anchor.checked_add(later)?,
            Err(earlier) => at_anchor.checked_sub(earlier.duration())?,
        };
        Some(Report { at, rtp_timestamp })
    }
}

impl Report {
    /// Returns when the packet with this timestamp was captured, or `received` when the result
    /// would be more than [`SKEW_MAX`] away from it.
    pub(crate) fn captured(&self, timestamp: u32, clock_rate: u32, received: Instant) -> Instant {
        let ticks = timestamp.wrapping_sub(self.rtp_timestamp) as i32;
        let time =
            Duration::from_secs_f64(f64::from(ticks.unsigned_abs()) / f64::from(clock_rate.max(1)));
        let at = if ticks >= 0 {
            self.at.checked_add(time)
        } else {
            self.at.checked_sub(time)
        };
        let close = |at: &Instant| {
            at.saturating_duration_since(received)
                .max(received.saturating_duration_since(*at))
                < SKEW_MAX
        };
        at.filter(close).unwrap_or(received)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audio_and_video_of_one_instant_map_to_one_instant() {
        let now = Instant::now();
        let ntp = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let mut clock = PublisherClock::default();
        let video = clock.report(ntp, 90_000, now).expect("in range");
        let audio = clock
            .report(
                ntp + Duration::from_millis(500),
                48_000,
                now + Duration::from_millis(700),
            )
            .expect("in range");
        let received = now + Duration::from_secs(1);
        // One second after the video report, half a second after the audio report.
        assert_eq!(
            video.captured(180_000, 90_000, received),
            audio.captured(72_000, 48_000, received)
        );
    }

    #[test]
    fn capture_time_far_from_arrival_is_ignored() {
        let now = Instant::now();
        let ntp = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let report = PublisherClock::default()
            .report(ntp, 0, now)
            .expect("in range");
        assert_eq!(report.captured(90_000 * 60, 90_000, now), now);
    }
}
