//! Prints the tables of `docs/congestion.md`: each link with Headwater's congestion control and with
//! str0m's as the sender, with the seeds of the test and with fresh ones, and further links. An
//! argument selects the links whose names contain it.

use std::env;
use std::io::{self, Write};
use std::time::Duration;

use headwater_sim::trial::{Case, Estimator, Outcome, Verdict, cases, further_cases, run_all};

/// Each link is tried with each seed of a table, which has the means.
const SEEDS: [u64; 5] = [1, 2, 3, 4, 5];

/// On which nothing was tuned.
const FRESH_SEEDS: [u64; 10] = [101, 102, 103, 104, 105, 106, 107, 108, 109, 110];

const HEAD: &str = "\
| link | sender | used | queue p95 ms | late p95 ms | found after s | pauses | longest ms | |
|---|---|--:|--:|--:|---|--:|--:|---|";

fn main() -> io::Result<()> {
    let named = env::args().nth(1).unwrap_or_default();
    let mut out = io::stdout().lock();
    let of = |cases: Vec<Case>| cases.into_iter().filter(|case| case.name.contains(&named));
    table(&mut out, of(cases()), &SEEDS)?;
    table(&mut out, of(cases()), &FRESH_SEEDS)?;
    table(&mut out, of(further_cases()), &FRESH_SEEDS)
}

fn table(out: &mut impl Write, cases: impl Iterator<Item = Case>, seeds: &[u64]) -> io::Result<()> {
    writeln!(out, "{HEAD}")?;
    for case in cases {
        let case = &case;
        let ours = run_all(case, Estimator::Headwater, seeds);
        let theirs = run_all(case, Estimator::Str0m, seeds);
        let verdict = match Verdict::of(case, &ours, &theirs) {
            Verdict::Better => "better".to_owned(),
            Verdict::Equal => "equal".to_owned(),
            Verdict::Worse(measures) => format!("worse: {}", measures.join(", ")),
        };
        writeln!(
            out,
            "| {} | Headwater | {} | {verdict} |",
            case.name,
            columns(&ours)
        )?;
        writeln!(out, "| | str0m | {} | |", columns(&theirs))?;
        out.flush()?;
    }
    writeln!(out)
}

fn columns(outcome: &Outcome) -> String {
    let found: Vec<String> = outcome.found.iter().map(|found| seconds(*found)).collect();
    format!(
        "{:.0} % | {} | {} | {} | {:.1} | {}",
        outcome.usage * 100.0,
        outcome.queue_p95.as_millis(),
        outcome.late_p95.as_millis(),
        found.join(", "),
        outcome.pauses,
        outcome.pause_max.as_millis(),
    )
}

fn seconds(time: Option<Duration>) -> String {
    let known = time.map(|time| format!("{:.1}", time.as_secs_f64()));
    known.unwrap_or_else(|| "never".to_owned())
}
