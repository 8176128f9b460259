//! Congestion control beside that of another library, over a table of links: `docs/congestion.md`.

use headwater_sim::trial::{Case, Estimator, Outcome, Verdict, cases, run_all};

use crate::helpers::{ms, s};

const SEEDS: [u64; 5] = [1, 2, 3, 4, 5];

fn case(name: &str) -> Case {
    let mut cases = cases().into_iter();
    cases.find(|case| case.name == name).expect("a known case")
}

fn ours(name: &str) -> Outcome {
    run_all(&case(name), Estimator::Headwater, &SEEDS)
}

/// Where str0m's estimator is better, and in what: `docs/congestion.md` says why.
const KNOWN_WORSE: [(&str, &str); 4] = [
    ("5 Mbit/s, queue of 40 ms, 1 download", "pauses"),
    ("2.5 Mbit/s, 3 % lost", "found"),
    ("2.5 Mbit/s, 10 % lost", "found"),
    ("2.5 Mbit/s, 10 % lost", "pauses"),
];

#[test]
fn headwater_is_worse_than_str0m_only_where_known() {
    let cases = cases();
    let mut better = 0;
    for case in &cases {
        let ours = run_all(case, Estimator::Headwater, &SEEDS);
        let theirs = run_all(case, Estimator::Str0m, &SEEDS);
        let verdict = Verdict::of(case, &ours, &theirs);
        if let Verdict::Worse(measures) = &verdict {
            let known = |measure| KNOWN_WORSE.contains(&(case.name, measure));
            let all_known = measures.iter().all(|measure| known(*measure));
            assert!(
                all_known,
                "{}: {verdict:?}, {ours:?}, {theirs:?}",
                case.name
            );
        }
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
    assert!(outcome.usage > 0.65, "{outcome:?}");
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
