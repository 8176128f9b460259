use proptest::prelude::*;
use rtp::rtcp::{self, Received};

use super::*;

const PACKET: usize = 1_200;

/// Delay of the receiver's reports on the way back.
const BACK: Duration = Duration::from_millis(20);

const REPORT_EVERY: Duration = Duration::from_millis(50);

/// A sender of frames, a bottleneck with a queue before it, and a receiver that reports.
struct Path {
    congestion: Congestion,
    began: Instant,
    now: Instant,
    rate: Bitrate,
    queue: Duration,
    /// Every so many packets one is lost.
    loses_every: Option<u64>,
    /// Random losses in addition.
    chance: Option<Chance>,
    /// The receiver reads its socket at this interval.
    looks_every: Duration,
    delay: Duration,
    free_at: Instant,
    next_seq: u64,
    /// Arrival times by sequence number; `None` for a lost packet.
    arrived: Vec<Option<Instant>>,
    reported: u64,
    reports: u8,
    report_at: Instant,
    told: Vec<(Duration, Bitrate, bool)>,
    padding: usize,
}

/// Random losses of single packets, and now and then of a burst.
struct Chance {
    state: u64,
    loss: f64,
    /// One packet in this many begins a burst, half of which is lost.
    bursts_every: u64,
    burst: u64,
}

impl Chance {
    fn new(seed: u64, loss: f64) -> Self {
        Self {
            state: seed,
            loss,
            bursts_every: 1_000,
            burst: 0,
        }
    }

    fn loses(&mut self) -> bool {
        if self.next().is_multiple_of(self.bursts_every) {
            self.burst = 10;
        }
        let in_burst = self.burst > 0;
        self.burst = self.burst.saturating_sub(1);
        let share = if in_burst { 0.5 } else { self.loss };
        (self.next() as f64) < share * u64::MAX as f64
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Path {
    fn new(rate: Bitrate) -> Self {
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

    fn send(&mut self, bytes: usize) {
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
    fn run(&mut self, media: Bitrate, time: Duration) {
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
    fn follow(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.run(self.congestion.bandwidth, ms(34));
        }
    }

    fn report(&mut self) {
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

    fn bandwidth(&self) -> f64 {
        self.congestion.bandwidth.as_bps() as f64 / 1e6
    }

    fn assert_never_congested(&self) {
        let congested = self.told.iter().any(|(_, _, congested)| *congested);
        assert!(!congested, "{:?}", self.told);
    }

    fn want(&mut self, padded: Bitrate, wanted: Bitrate) {
        self.congestion.set_wanted(self.now, padded, wanted);
    }
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn path_that_carries_all_is_not_congested() {
    let mut path = Path::new(Bitrate::mbps(10));
    path.run(Bitrate::mbps(3), s(5));
    path.assert_never_congested();
    assert!(path.bandwidth() >= 3.0, "{}", path.bandwidth());
}

#[test]
fn narrowed_path_is_congested_within_half_a_second() {
    let mut path = Path::new(Bitrate::mbps(10));
    path.run(Bitrate::mbps(3), s(5));
    path.rate = Bitrate::mbps(1);
    path.told.clear();
    path.run(Bitrate::mbps(3), s(2));
    let congested = path.told.iter().find(|(_, _, congested)| *congested);
    let (noticed, ..) = congested.expect("it is noticed");
    assert!(*noticed - s(5) < ms(500), "{:?}", path.told);
    assert!(path.congestion.is_queueing());
    let found = path.bandwidth();
    assert!((0.85..=1.0).contains(&found), "{found} of 1 Mbit/s");
}

#[test]
fn slightly_narrow_path_is_found_before_it_drops() {
    let mut path = Path::new(Bitrate::kbps(2_800));
    path.queue = s(3);
    path.run(Bitrate::mbps(3), s(4));
    let found = path.bandwidth();
    assert!((2.4..=2.8).contains(&found), "{found} of 2.8 Mbit/s");
    assert!(path.arrived.iter().all(Option::is_some), "nothing is lost");
}

#[test]
fn estimate_recovers_when_the_rate_fits_again() {
    let mut path = Path::new(Bitrate::mbps(1));
    path.run(Bitrate::mbps(3), s(3));
    path.run(Bitrate::kbps(500), s(3));
    assert!(!path.congestion.congested);
    let found = path.bandwidth();
    assert!((0.5..=1.0).contains(&found), "{found} of 1 Mbit/s");
}

#[test]
fn first_packets_reveal_a_narrow_path() {
    let mut path = Path::new(Bitrate::kbps(300));
    path.want(Bitrate::ZERO, Bitrate::mbps(20));
    for _ in 0..12 {
        path.send(PACKET);
    }
    path.run(Bitrate::kbps(100), ms(500));
    let found = path.bandwidth();
    assert!((0.2..=0.31).contains(&found), "{found} of 0.3 Mbit/s");
}

#[test]
fn busy_receiver_does_not_lower_the_estimate() {
    let mut path = Path::new(Bitrate::mbps(10));
    path.looks_every = ms(90);
    path.run(Bitrate::mbps(3), s(5));
    path.assert_never_congested();
    assert!(path.bandwidth() >= 3.0, "{}", path.bandwidth());
}

#[test]
fn few_losses_are_ignored_and_many_lower_the_estimate() {
    let mut path = Path::new(Bitrate::mbps(10));
    path.loses_every = Some(20);
    path.run(Bitrate::mbps(3), s(5));
    assert!(!path.congestion.congested);
    assert!(path.bandwidth() >= 2.8, "{}", path.bandwidth());
    path.loses_every = Some(5);
    path.run(Bitrate::mbps(3), s(2));
    assert!(path.bandwidth() < 2.7, "{}", path.bandwidth());
    // The estimate falls, but without a queue the path does not count as congested.
    path.assert_never_congested();
}

#[test]
fn path_that_loses_a_third_is_congested_without_queue() {
    let mut path = Path::new(Bitrate::mbps(10));
    path.run(Bitrate::mbps(3), s(5));
    path.loses_every = Some(3);
    path.run(Bitrate::mbps(3), ms(500));
    assert!(path.congestion.congested);
}

#[test]
fn losses_without_a_queue_congest_only_during_a_trial() {
    for (padded, fills) in [(Bitrate::ZERO, false), (Bitrate::mbps(4), true)] {
        let mut path = Path::new(Bitrate::mbps(10));
        path.run(Bitrate::mbps(3), s(2));
        path.want(padded, padded);
        path.run(Bitrate::mbps(3), s(2));
        path.want(Bitrate::ZERO, Bitrate::ZERO);
        path.loses_every = Some(7);
        path.run(Bitrate::mbps(3), s(1));
        let congested = path.told.iter().any(|(.., congested)| *congested);
        assert_eq!(congested, fills, "{padded}");
    }
}

#[test]
fn burst_of_losses_lowers_the_estimate_only_briefly() {
    let mut path = Path::new(Bitrate::mbps(10));
    path.run(Bitrate::mbps(1), s(5));
    path.loses_every = Some(5);
    path.run(Bitrate::mbps(1), ms(600));
    assert!(path.bandwidth() < 1.0, "{}", path.bandwidth());
    path.loses_every = None;
    path.run(Bitrate::mbps(1), ms(1_500));
    assert!(path.bandwidth() > 1.1, "{}", path.bandwidth());
    let usual = path.congestion.loss.usual();
    assert!(usual < 0.001, "{usual}");
}

#[test]
fn random_losses_without_a_queue_are_no_congestion() {
    for seed in 1..=20 {
        for kbps in [1_000, 2_500] {
            let mut path = Path::new(Bitrate::mbps(10));
            path.chance = Some(Chance::new(seed, 0.03));
            path.run(Bitrate::kbps(kbps), s(60));
            let congested: Vec<_> = path
                .told
                .iter()
                .filter(|(.., congested)| *congested)
                .collect();
            assert!(
                congested.is_empty(),
                "seed {seed}, {kbps} kbit/s: {congested:?}"
            );
        }
    }
}

#[test]
fn longer_route_is_no_queue_once_sending_less_fails() {
    let mut path = Path::new(Bitrate::mbps(10));
    path.run(Bitrate::mbps(3), s(5));
    path.delay += ms(80);
    path.run(Bitrate::mbps(3), s(1));
    assert!(path.bandwidth() < 3.0, "{}", path.bandwidth());
    path.run(Bitrate::mbps(2), s(1));
    path.run(Bitrate::mbps(3), s(1));
    assert!(path.bandwidth() >= 3.0, "{}", path.bandwidth());
}

#[test]
fn queue_that_drains_at_a_lower_rate_stays_a_queue() {
    let mut path = Path::new(Bitrate::mbps(10));
    path.run(Bitrate::mbps(3), s(5));
    path.rate = Bitrate::kbps(2_500);
    path.run(Bitrate::mbps(3), s(2));
    path.run(Bitrate::mbps(2), s(2));
    assert_eq!(path.congestion.arrivals.taken(), ms(0));
}

#[test]
fn losses_that_stay_at_a_lower_rate_do_not_congest() {
    let mut path = Path::new(Bitrate::mbps(10));
    path.loses_every = Some(9);
    path.run(Bitrate::mbps(3), s(3));
    path.run(Bitrate::mbps(2), s(3));
    path.told.clear();
    path.run(Bitrate::mbps(2), s(3));
    path.assert_never_congested();
    assert!(path.bandwidth() >= 2.0, "{}", path.bandwidth());
}

#[test]
fn initial_losses_are_learned_within_two_seconds() {
    let mut path = Path::new(Bitrate::mbps(10));
    path.loses_every = Some(9);
    path.follow(s(2));
    let usual = path.congestion.loss.usual();
    assert!((0.05..0.14).contains(&usual), "{usual}");
    assert!(path.bandwidth() >= 2.0, "{}", path.bandwidth());
}

#[test]
fn drops_of_a_short_queue_are_not_the_paths_losses() {
    let mut path = Path::new(Bitrate::mbps(1));
    path.queue = ms(40);
    path.run(Bitrate::mbps(2), ms(600));
    assert!(path.congestion.loss.overflows());
    path.follow(s(10));
    assert_eq!(path.congestion.loss.usual(), 0.0);
    let found = path.bandwidth();
    assert!((0.7..=1.1).contains(&found), "{found} of 1 Mbit/s");
}

#[test]
fn probe_finds_bandwidth_beyond_the_sent_rate() {
    let mut path = Path::new(Bitrate::mbps(10));
    path.run(Bitrate::mbps(1), s(1));
    let before = path.bandwidth();
    path.run(Bitrate::mbps(1), s(1));
    assert!(
        (path.bandwidth() - before).abs() < 0.1,
        "nothing was wanted"
    );
    path.want(Bitrate::ZERO, Bitrate::mbps(6));
    path.run(Bitrate::mbps(1), s(1));
    assert!(path.bandwidth() >= 6.0, "{}", path.bandwidth());
}

#[test]
fn probe_that_fills_the_path_delays_the_next_one() {
    let mut path = Path::new(Bitrate::mbps(3));
    path.run(Bitrate::mbps(1), s(1));
    path.want(Bitrate::ZERO, Bitrate::mbps(8));
    path.run(Bitrate::mbps(1), s(1));
    let found = path.bandwidth();
    assert!((2.0..=3.1).contains(&found), "{found} of 3 Mbit/s");
    let padding = path.padding;
    path.run(Bitrate::mbps(1), s(3));
    assert_eq!(
        path.padding, padding,
        "the same rate is probed again after 5 s"
    );
    path.want(Bitrate::ZERO, Bitrate::mbps(9));
    path.run(Bitrate::mbps(1), ms(200));
    assert!(path.padding > padding, "a higher rate is probed at once");
}

#[test]
fn padding_reaches_its_rate_and_ends_on_congestion() {
    let mut path = Path::new(Bitrate::mbps(10));
    path.run(Bitrate::mbps(1), s(1));
    path.want(Bitrate::mbps(4), Bitrate::mbps(4));
    path.run(Bitrate::mbps(1), s(1));
    path.padding = 0;
    path.run(Bitrate::mbps(1), s(2));
    let padding = Bitrate::of(path.padding as u64, s(2)).as_bps() as f64 / 1e6;
    assert!((2.8..=3.2).contains(&padding), "{padding} Mbit/s");
    path.rate = Bitrate::mbps(2);
    path.run(Bitrate::mbps(1), s(1));
    path.padding = 0;
    path.run(Bitrate::mbps(1), s(1));
    let all = 1.0 + Bitrate::of(path.padding as u64, s(1)).as_bps() as f64 / 1e6;
    assert!(all <= 2.05, "{all} Mbit/s over 2");
}

#[test]
fn without_feedback_there_is_no_estimate_and_little_state() {
    let mut path = Path::new(Bitrate::mbps(10));
    for _ in 0..10_000 {
        path.send(PACKET);
        path.now += ms(1);
    }
    assert_eq!(path.congestion.poll_estimate(), None);
    assert!(path.congestion.history.waiting() <= 2_048);
}

#[test]
fn lost_feedback_does_not_count_as_loss() {
    let mut path = Path::new(Bitrate::mbps(10));
    for round in 0..60 {
        path.run(Bitrate::mbps(3), ms(100));
        if round % 4 == 0 {
            // The feedback on these packets is lost.
            path.reported = path.next_seq;
        }
    }
    path.assert_never_congested();
}

proptest! {
    #[test]
    fn random_feedback_keeps_the_estimate_in_bounds(
        feedbacks in prop::collection::vec(
            (any::<u16>(), 0_u16..4_000, any::<[u8; 3]>(), prop::collection::vec(any::<u8>(), 0..80)),
            0..40,
        ),
    ) {
        let mut path = Path::new(Bitrate::mbps(10));
        for (base, count, reference, rest) in feedbacks {
            path.run(Bitrate::mbps(3), ms(20));
            let mut packet = vec![0x8f, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2];
            packet.extend(base.wrapping_rem(200).to_be_bytes());
            packet.extend(count.to_be_bytes());
            packet.extend(reference);
            packet.push(0);
            packet.extend(rest);
            packet.resize(packet.len().next_multiple_of(4), 0);
            let words = (packet.len() / 4 - 1) as u16;
            packet[2..4].copy_from_slice(&words.to_be_bytes());
            for received in rtcp::read(&packet) {
                if let Received::TransportFeedback(feedback) = received {
                    path.congestion.report(path.now, &feedback);
                }
            }
            let bandwidth = path.congestion.bandwidth;
            prop_assert!((ESTIMATE_MIN..=ESTIMATE_MAX).contains(&bandwidth));
            if let Some(due) = path.congestion.due(path.now) {
                prop_assert!(due + s(10) > path.now);
            }
        }
    }
}
