//! Prints the table of `docs/congestion.md`: each link with Headwater's congestion control and with
//! str0m's as the sender. An argument selects the links whose names contain it.

use std::env;
use std::io::{self, Write};
use std::time::Duration;

use headwater_sim::trial::{Estimator, Outcome, Verdict, cases, run_all};

/// Each link is tried with each of these; the table has the means.
const SEEDS: [u64; 5] = [1, 2, 3, 4, 5];

const HEAD: &str = "\
| link | sender | used | queue p95 ms | late p95 ms | found after s | pauses | longest ms | |
|---|---|--:|--:|--:|---|--:|--:|---|";

fn main() -> io::Result<()> {
    let named = env::args().nth(1).unwrap_or_default();
    let mut out = io::stdout().lock();
    writeln!(out, "{HEAD}")?;
    for case in cases().iter().filter(|case| case.name.contains(&named)) {
        let ours = run_all(case, Estimator::Headwater, &SEEDS);
        let theirs = run_all(case, Estimator::Str0m, &SEEDS);
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
    Ok(())
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
