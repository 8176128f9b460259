//! Prints the table of `docs/congestion.md`: each link with Headwater's congestion control and with
//! str0m's as the sender. An argument names the links: those that contain it.

use std::env;
use std::io::{self, Write};
use std::time::Duration;

use headwater_sim::trial::{Estimator, Outcome, cases, run};

/// Each link is tried with each of these; the table has the means.
const SEEDS: [u64; 3] = [1, 2, 3];

const ESTIMATORS: [(&str, Estimator); 2] = [
    ("Headwater", Estimator::Headwater),
    ("str0m", Estimator::Str0m),
];

fn main() -> io::Result<()> {
    let named = env::args().nth(1).unwrap_or_default();
    let ours = env::args().nth(2).is_some();
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "| link | sender | used | queue p95 ms | late p95 ms | found after s | pauses | longest ms |"
    )?;
    writeln!(out, "|---|---|--:|--:|--:|---|--:|--:|")?;
    for case in cases().iter().filter(|case| case.name.contains(&named)) {
        for (name, estimator) in ESTIMATORS.into_iter().take(if ours { 1 } else { 2 }) {
            let outcomes = SEEDS.map(|seed| run(case, estimator, seed));
            let mean = Outcome::mean(&outcomes);
            let found: Vec<String> = mean.found.iter().map(|found| seconds(*found)).collect();
            writeln!(
                out,
                "| {} | {name} | {:.0} % | {} | {} | {} | {:.1} | {} |",
                case.name,
                mean.usage * 100.0,
                mean.queue_p95.as_millis(),
                mean.late_p95.as_millis(),
                found.join(", "),
                mean.pauses,
                mean.pause_max.as_millis(),
            )?;
            out.flush()?;
        }
    }
    Ok(())
}

fn seconds(time: Option<Duration>) -> String {
    time.map_or_else(
        || "never".to_owned(),
        |time| format!("{:.1}", time.as_secs_f64()),
    )
}
