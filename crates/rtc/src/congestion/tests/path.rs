//! A path with one bottleneck, in virtual time.

use super::*;

pub(super) const PACKET: usize = 1_200;

/// Delay of the receiver's reports on the way back.
pub(super) const BACK: Duration = Duration::from_millis(20);

pub(super) const REPORT_EVERY: Duration = Duration::from_millis(50);

/// A sender of frames, a bottleneck with a queue before it, and a receiver that reports.
pub(super) struct Path {
    pub(super) congestion: Congestion,
    pub(super) began: Instant,
    pub(super) now: Instant,
    pub(super) rate: Bitrate,
    pub(super) queue: Duration,
    /// Every so many packets one is lost.
    pub(super) loses_every: Option<u64>,
    /// Random losses in addition.
    pub(super) chance: Option<Chance>,
    /// The receiver reads its socket at this interval.
    pub(super) looks_every: Duration,
    pub(super) delay: Duration,
    pub(super) free_at: Instant,
    pub(super) next_seq: u64,
    /// Arrival times by sequence number; `None` for a lost packet.
    pub(super) arrived: Vec<Option<Instant>>,
    pub(super) reported: u64,
    pub(super) reports: u8,
    pub(super) report_at: Instant,
    pub(super) told: Vec<(Duration, Bitrate, bool)>,
    pub(super) padding: usize,
}

/// Random losses of single packets, and now and then of a burst.
pub(super) struct Chance {
    pub(super) state: u64,
    loss: f64,
    /// One packet in this many begins a burst, half of which is lost.
    pub(super) bursts_every: u64,
    pub(super) burst: u64,
}

impl Chance {
    pub(super) fn new(seed: u64, loss: f64) -> Self {
        Self {
            state: seed,
            loss,
            bursts_every: 1_000,
            burst: 0,
        }
    }

    pub(super) fn loses(&mut self) -> bool {
        if self.next().is_multiple_of(self.bursts_every) {
            self.burst = 10;
        }
        let in_burst = self.burst > 0;
        self.burst = self.burst.saturating_sub(1);
        let share = if in_burst { 0.5 } else { self.loss };
        (self.next() as f64) < share * u64::MAX as f64
    }

    /// SplitMix64.
    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Path {
    pub(super) fn new(rate: Bitrate) -> Self {
        let now = Instant::now();
        Self {
            congestion: Congestion::new(now, Bitrate::mbps(2)),
            began: now,
            now,
            rate,
            queue: Duration::from_millis(300),
            loses_every: None,
            chance: None,
            looks_every: Duration::from_millis(1),
            delay: Duration::from_millis(10),
            free_at: now,
            next_seq: 0,
            arrived: Vec::new(),
            reported: 0,
            reports: 0,
            report_at: now,
            told: Vec::new(),
            padding: 0,
        }
    }

    pub(super) fn send(&mut self, bytes: usize) {
        let seq = self.next_seq;
        self.next_seq += 1;
        self.congestion.sent(self.now, seq, bytes);
        let begins = self.free_at.max(self.now);
        let lost = self
            .loses_every
            .is_some_and(|every| seq.is_multiple_of(every));
        let lost = self.chance.as_mut().is_some_and(Chance::loses) || lost;
        if begins - self.now > self.queue || lost {
            self.arrived.push(None);
            return;
        }
        let micros = bytes as u64 * 8_000_000 / self.rate.as_bps();
        self.free_at = begins + Duration::from_micros(micros);
        let there = (self.free_at + self.delay) - self.began;
        let looks = there.as_micros().div_ceil(self.looks_every.as_micros()) as u32;
        self.arrived
            .push(Some(self.began + self.looks_every * looks));
    }

    /// Sends 30 frames a second at the bit rate `media` for this time, with the padding and
    /// feedback that fall due.
    pub(super) fn run(&mut self, media: Bitrate, time: Duration) {
        let end = self.now + time;
        let mut frame_at = self.now;
        while self.now < end {
            if frame_at <= self.now {
                let mut bytes = media.bytes_in(Duration::from_micros(33_333)) as usize;
                while bytes > 0 {
                    let part = bytes.min(PACKET);
                    self.send(part);
                    bytes -= part;
                }
                frame_at += Duration::from_micros(33_333);
            }
            while self.congestion.padding(self.now) > 0 {
                self.padding += PACKET;
                self.send(PACKET);
            }
            if self.report_at <= self.now {
                self.report_at = self.now + REPORT_EVERY;
                self.report();
            }
            self.now += Duration::from_millis(1);
        }
    }

    /// Like [`Self::run`], with an encoder that follows the estimate.
    pub(super) fn follow(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.run(self.congestion.bandwidth, ms(34));
        }
    }

    pub(super) fn report(&mut self) {
        let sent = self.now - BACK;
        let known: Vec<Option<Duration>> = self.arrived[self.reported as usize..]
            .iter()
            .map(|at| at.filter(|at| *at <= sent).map(|at| at - self.began))
            .collect();
        let Some(last) = known.iter().rposition(Option::is_some) else {
            return;
        };
        let mut compound = Vec::new();
        rtcp::write_transport_feedback(
            &mut compound,
            1,
            2,
            self.reports,
            self.reported as u16,
            &known[..=last],
        );
        self.reports = self.reports.wrapping_add(1);
        self.reported += last as u64 + 1;
        for received in rtcp::read(&compound) {
            if let Received::TransportFeedback(feedback) = received {
                self.congestion.report(self.now, &feedback);
            }
        }
        if let Some((bandwidth, congested)) = self.congestion.poll_estimate() {
            self.told
                .push((self.now - self.began, bandwidth, congested));
        }
    }

    pub(super) fn bandwidth(&self) -> f64 {
        self.congestion.bandwidth.as_bps() as f64 / 1e6
    }

    pub(super) fn assert_never_congested(&self) {
        let congested = self.told.iter().any(|(_, _, congested)| *congested);
        assert!(!congested, "{:?}", self.told);
    }

    pub(super) fn want(&mut self, padded: Bitrate, wanted: Bitrate) {
        self.congestion.set_wanted(self.now, padded, wanted);
    }
}
