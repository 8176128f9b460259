//! The statistics of one source for receiver reports (RFC 3550 §6.4.1, A.3, A.8).

use std::time::{Duration, Instant};

use rtp::rtcp::ReportBlock;

/// A larger change in transit time than this is a step of the clock and not counted as jitter.
const STEP_MAX_S: u32 = 5;

/// Losses and jitter of one source.
#[derive(Debug, Default)]
pub(super) struct Reception {
    /// The lowest number that counts.
    base: Option<u64>,
    highest: u64,
    received: u64,
    expected_before: u64,
    received_before: u64,
    /// Jitter in sixteenths of a timestamp unit.
    jitter: u32,
    transit: u32,
    timestamp: Option<u32>,
    /// The middle 32 bits of the NTP time in the last sender report, and when that report arrived.
    sender_report: Option<(u32, Instant)>,
}

impl Reception {
    /// Counts a packet. `since` is its arrival, relative to any fixed moment.
    pub(super) fn add(&mut self, index: u64, timestamp: u32, clock_rate: u32, since: Duration) {
        let base = *self.base.get_or_insert(index);
        // Packets that the first one overtook lower the base.
        self.base = Some(base.min(index));
        self.received += 1;
        if index < self.highest {
            return;
        }
        self.highest = index;
        // The packets of a frame share a timestamp but are sent one after the other: only the first
        // of them is a sample of the jitter.
        if self.timestamp == Some(timestamp) {
            return;
        }
        let arrived = since.as_micros() as u64 * u64::from(clock_rate) / 1_000_000;
        let transit = (arrived as u32).wrapping_sub(timestamp);
        let step = (transit.wrapping_sub(self.transit) as i32).unsigned_abs();
        if self.timestamp.is_some() && step < clock_rate.saturating_mul(STEP_MAX_S) {
            let decay = (self.jitter.saturating_add(8)) >> 4;
            self.jitter = self.jitter.saturating_sub(decay).saturating_add(step);
        }
        self.transit = transit;
        self.timestamp = Some(timestamp);
    }

    /// Returns the number of lost packets, before retransmission.
    pub(super) fn lost(&self) -> u64 {
        let expected = self
            .base
            .map_or(0, |base| self.highest.max(base) - base + 1);
        expected.saturating_sub(self.received)
    }

    /// Starts over after a jump of the sequence numbers, which is not a loss.
    pub(super) fn restart(&mut self) {
        let sender_report = self.sender_report;
        *self = Self {
            sender_report,
            ..Self::default()
        };
    }

    /// Records a sender report.
    pub(super) fn sender_report(&mut self, now: Instant, ntp: u64) {
        self.sender_report = Some(((ntp >> 16) as u32, now));
    }

    /// Builds the next report block; `None` when no packet arrived since the last one.
    pub(super) fn report(&mut self, now: Instant, ssrc: u32) -> Option<ReportBlock> {
        let base = self.base?;
        let expected = self.highest.max(base) - base + 1;
        let expected_now = expected.saturating_sub(self.expected_before);
        let received_now = self.received - self.received_before;
        if received_now == 0 {
            return None;
        }
        self.expected_before = expected;
        self.received_before = self.received;
        let lost_now = expected_now.saturating_sub(received_now);
        let fraction_lost = (lost_now << 8).checked_div(expected_now).unwrap_or(0);
        let (last_report, since_report) = match self.sender_report {
            Some((middle, at)) => {
                let since = now.saturating_duration_since(at).as_micros() as u64;
                (middle, ((since << 16) / 1_000_000) as u32)
            }
            None => (0, 0),
        };
        Some(ReportBlock {
            ssrc,
            fraction_lost: fraction_lost.min(255) as u8,
            lost: self.lost().min(0x7f_ffff) as u32,
            highest_seq: self.highest as u32,
            jitter: self.jitter >> 4,
            last_report,
            since_report,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn report_has_recent_and_cumulative_losses() {
        let now = Instant::now();
        let mut reception = Reception::default();
        for index in [0x1_0000, 0x1_0001, 0x1_0003] {
            reception.add(index, 0, 90_000, ms(0));
        }
        let report = reception.report(now, 7).unwrap();
        assert_eq!((report.ssrc, report.highest_seq), (7, 0x1_0003));
        assert_eq!((report.lost, report.fraction_lost), (1, 64));
        assert_eq!(reception.report(now, 7), None);
        for index in [0x1_0004, 0x1_0005] {
            reception.add(index, 0, 90_000, ms(0));
        }
        let report = reception.report(now, 7).unwrap();
        assert_eq!((report.lost, report.fraction_lost), (1, 0));
    }

    #[test]
    fn duplicates_never_make_losses_negative() {
        let now = Instant::now();
        let mut reception = Reception::default();
        (0..9).for_each(|_| reception.add(5, 0, 90_000, ms(0)));
        let report = reception.report(now, 7).unwrap();
        assert_eq!((report.lost, report.fraction_lost), (0, 0));
    }

    #[test]
    fn jitter_follows_rfc_3550_a8() {
        let mut reception = Reception::default();
        // Frames of 30 ms that wait 0 and 10 ms in turn: 900 units of difference each.
        for frame in 0..400 {
            let late = 10 * (frame % 2);
            for packet in 0..3 {
                let at = ms(30 * frame + late + packet);
                reception.add(3 * frame + packet, 2_700 * frame as u32, 90_000, at);
            }
        }
        let jitter = reception.report(Instant::now(), 7).unwrap().jitter;
        assert!((890..=910).contains(&jitter), "{jitter}");
    }

    #[test]
    fn report_block_names_the_last_sender_report() {
        let now = Instant::now();
        let mut reception = Reception::default();
        reception.add(1, 0, 90_000, ms(0));
        reception.sender_report(now, 0x0102_0304_0506_0708);
        let report = reception.report(now + ms(1_500), 7).unwrap();
        assert_eq!(
            (report.last_report, report.since_report),
            (0x0304_0506, 0x1_8000)
        );
    }
}
