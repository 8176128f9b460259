//! Compares two binaries of the server in turns, in one run and under the same loads, so that the
//! cost or gain of a change shows even on a machine that others use too.

use std::path::Path;

use crate::document::{finished, grouped, markdown};
use crate::scenario::{Measured, PAIRS, Trains, measure, over_veth};

/// Measures a binary with the `bench` of another; `None` when this user may not create the link.
type Measure = fn(&Path, &Path, &str) -> anyhow::Result<Option<Measured>>;

const LINKS: [(&str, Measure); 2] = [
    ("loopback", |binary, generator, name| {
        measure(binary, generator, name, PAIRS, 1, true).map(Some)
    }),
    ("two hosts", |binary, generator, name| {
        over_veth(binary, generator, Trains::Whole, name, PAIRS)
    }),
];

/// Measures `server` and `than` `rounds` times each. Returns a table: the median packets per second
/// and core of each, and the ratio of `server` to `than`.
pub(crate) fn run(server: &Path, than: &Path, rounds: usize) -> anyhow::Result<String> {
    let mut rows = LINKS.map(|(link, measure)| (link, measure, [Vec::new(), Vec::new()]));
    for _ in 0..rounds {
        for (link, measure, found) in &mut rows {
            for (binary, found) in [server, than].into_iter().zip(found) {
                let name = format!("{link}, {}", binary.display());
                let measured = measure(binary, server, &name)?;
                found.extend(measured.as_ref().map(Measured::packets_per_core));
            }
        }
    }
    let mut table = markdown(&[
        "1,000 publishers, one viewer each",
        "packets/s per core",
        "than",
        "ratio",
        "all",
        "all of the other",
    ]);
    for (link, _, found) in &rows {
        let [ours, theirs] = found.each_ref().map(|all| median(all));
        let [all, all_theirs] = found.each_ref().map(|all| {
            let all: Vec<String> = all.iter().map(|one| grouped(*one)).collect();
            all.join(" ")
        });
        table.add_row([
            (*link).to_owned(),
            grouped(ours),
            grouped(theirs),
            format!("{:.2}", ours / theirs),
            all,
            all_theirs,
        ]);
    }
    Ok(finished(table))
}

fn median(all: &[f64]) -> f64 {
    let mut all = all.to_vec();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}
