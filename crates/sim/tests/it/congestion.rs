//! Congestion control beside that of another library, over a table of links: `docs/congestion.md`.

use std::env;

use headwater_sim::trial::{Case, Estimator, Outcome, Verdict, cases, run_all};

use crate::helpers::{ms, s};

const SEEDS: [u64; 5] = [1, 2, 3, 4, 5];

/// Seeds on which nothing was tuned. They run only with `HEADWATER_SOAK`, as ten runs of each link
/// take long.
const FRESH_SEEDS: [u64; 10] = [101, 102, 103, 104, 105, 106, 107, 108, 109, 110];

fn case(name: &str) -> Case {
    let mut cases = cases().into_iter();
    cases.find(|case| case.name == name).expect("a known case")
}

fn ours(name: &str) -> Outcome {
    run_all(&case(name), Estimator::Headwater, &SEEDS)
}

#[test]
fn headwater_is_worse_than_str0m_on_no_link() {
    assert_no_worse(&SEEDS);
    if env::var_os("HEADWATER_SOAK").is_some() {
        assert_no_worse(&FRESH_SEEDS);
    }
}

/// Checks that Headwater is better on most links, and worse on none.
fn assert_no_worse(seeds: &[u64]) {
    let cases = cases();
    let mut better = 0;
    for case in &cases {
        let ours = run_all(case, Estimator::Headwater, seeds);
        let theirs = run_all(case, Estimator::Str0m, seeds);
        let verdict = Verdict::of(case, &ours, &theirs);
        assert!(
            !matches!(verdict, Verdict::Worse(_)),
            "{}: {verdict:?}, {ours:?}, {theirs:?}",
            case.name
        );
        better += usize::from(verdict == Verdict::Better);
    }
    assert!(better * 2 > cases.len(), "{better} of {}", cases.len());
}

#[test]
fn longer_route_is_not_taken_for_a_queue() {
    let outcome = ours("2.5 Mbit/s, route 80 ms longer");
    assert!(outcome.usage > 0.9, "{outcome:?}");
    assert!(
        outcome.found[1].is_some_and(|after| after < s(3)),
        "{outcome:?}"
    );
}

#[test]
fn tenth_of_packets_lost_leaves_most_of_the_link_in_use() {
    let outcome = ours("2.5 Mbit/s, 10 % lost");
    assert!(outcome.usage > 0.7, "{outcome:?}");
}

#[test]
fn losses_of_three_percent_do_not_hide_the_rate() {
    let outcome = ours("2.5 Mbit/s, 3 % lost");
    assert!(
        outcome.found[0].is_some_and(|after| after < s(3)),
        "{outcome:?}"
    );
}

#[test]
fn short_queue_beside_a_download_is_shared() {
    let outcome = ours("5 Mbit/s, queue of 40 ms, 1 download");
    assert!((0.5..1.5).contains(&outcome.usage), "{outcome:?}");
    assert!(outcome.pauses <= 3.0, "{outcome:?}");
}

#[test]
fn sender_beside_a_download_keeps_its_share() {
    let outcome = ours("5 Mbit/s beside 1 download");
    assert!((0.6..1.5).contains(&outcome.usage), "{outcome:?}");
}

#[test]
fn step_down_is_found_within_three_seconds() {
    let outcome = ours("2.5 → 0.8 → 2.5 Mbit/s");
    for found in &outcome.found {
        assert!(found.is_some_and(|after| after < s(3)), "{outcome:?}");
    }
    assert!(outcome.pause_max < ms(1_000), "{outcome:?}");
}

#[test]
fn equal_seeds_give_equal_outcomes() {
    let case = case("2.5 Mbit/s, 3 % lost");
    let outcomes = [0, 1].map(|_| run_all(&case, Estimator::Headwater, &SEEDS[..1]));
    let [first, second] = outcomes.map(|outcome| (outcome.usage * 100.0).round());
    assert!((first - second).abs() <= 1.0, "{first} and {second} %");
}
