mod path;

use proptest::prelude::*;
use rtp::rtcp::{self, Received};

use super::*;
use path::*;

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
