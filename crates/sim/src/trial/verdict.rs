//! Which of two estimators does better on one link.

use std::time::Duration;

use super::case::Case;
use super::record::Outcome;

/// Differences up to these do not count.
const USAGE: f64 = 0.05;
const QUEUE: Duration = Duration::from_millis(20);
const PAUSES: f64 = 1.5;
const FOUND: Duration = Duration::from_secs(1);
/// Of the natural logarithm of the share beside downloads: 0 is fair.
const UNFAIRNESS: f64 = 0.1;

/// A queue up to this is short enough for a conversation, and no fault.
const QUEUE_SHORT: Duration = Duration::from_millis(100);

/// A capacity that is never found counts as found after this time.
const NEVER: Duration = Duration::from_secs(60);

/// How one outcome of a case compares with another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Better in some measure, and worse in none.
    Better,
    /// Within the tolerances in all measures.
    Equal,
    /// Worse in these measures.
    Worse(Vec<&'static str>),
}

impl Verdict {
    /// Compares `ours` with `theirs`.
    pub fn of(case: &Case, ours: &Outcome, theirs: &Outcome) -> Self {
        // Each measure is a pair: whether `ours` is worse, and whether it is better.
        let usage = match case.downloads {
            0 => (
                ours.usage < theirs.usage - USAGE,
                ours.usage > theirs.usage + USAGE,
            ),
            _ => {
                let (ours, theirs) = (unfairness(ours), unfairness(theirs));
                (ours > theirs + UNFAIRNESS, ours < theirs - UNFAIRNESS)
            }
        };
        // Downloads fill the queue whatever the sender does.
        let queue = match case.downloads {
            0 => (
                ours.queue_p95 > (theirs.queue_p95 + QUEUE).max(QUEUE_SHORT),
                ours.queue_p95 + QUEUE < theirs.queue_p95,
            ),
            _ => (false, false),
        };
        let pauses = (
            ours.pauses > theirs.pauses + PAUSES,
            ours.pauses < theirs.pauses - PAUSES,
        );
        let found = ours.found.iter().zip(&theirs.found);
        let found: Vec<_> = found
            .map(|(ours, theirs)| (ours.unwrap_or(NEVER), theirs.unwrap_or(NEVER)))
            .collect();
        let found = (
            found.iter().any(|(ours, theirs)| *ours > *theirs + FOUND),
            found.iter().any(|(ours, theirs)| *ours + FOUND < *theirs),
        );
        let measures = [
            ("use", usage),
            ("queue", queue),
            ("pauses", pauses),
            ("found", found),
        ];
        let worse = measures.iter().filter(|(_, (worse, _))| *worse);
        let worse: Vec<_> = worse.map(|(name, _)| *name).collect();
        match measures.iter().any(|(_, (_, better))| *better) {
            _ if !worse.is_empty() => Self::Worse(worse),
            true => Self::Better,
            false => Self::Equal,
        }
    }
}

/// How far a share is from the fair one: half of it and twice as much count alike.
fn unfairness(outcome: &Outcome) -> f64 {
    outcome.usage.max(0.01).ln().abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::cases;

    fn outcome(usage: f64, queue_ms: u64) -> Outcome {
        Outcome {
            usage,
            queue_p95: Duration::from_millis(queue_ms),
            late_p95: Duration::ZERO,
            found: vec![Some(Duration::ZERO)],
            pauses: 0.0,
            pause_max: Duration::ZERO,
        }
    }

    #[test]
    fn worse_in_one_measure_is_worse() {
        let cases = cases();
        let case = cases.iter().find(|case| case.downloads == 0).expect("one");
        let verdict = Verdict::of(case, &outcome(0.9, 180), &outcome(0.7, 60));
        assert_eq!(verdict, Verdict::Worse(vec!["queue"]));
        let verdict = Verdict::of(case, &outcome(0.9, 90), &outcome(0.7, 60));
        assert_eq!(verdict, Verdict::Better);
        let verdict = Verdict::of(case, &outcome(0.9, 90), &outcome(0.92, 80));
        assert_eq!(verdict, Verdict::Equal);
    }

    #[test]
    fn share_above_fair_is_as_bad_as_one_below() {
        let cases = cases();
        let case = cases.iter().find(|case| case.downloads > 0).expect("one");
        let verdict = |ours, theirs| Verdict::of(case, &outcome(ours, 0), &outcome(theirs, 0));
        assert_eq!(verdict(2.0, 0.5), Verdict::Equal);
        assert_eq!(verdict(1.2, 0.5), Verdict::Better);
        assert_eq!(verdict(2.5, 0.5), Verdict::Worse(vec!["use"]));
    }
}
