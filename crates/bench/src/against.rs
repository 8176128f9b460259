//! Two binaries of the server in turns, in one run, under the same loads: what a change costs or
//! gains on a machine that others use too.

use std::fmt::Write as _;
use std::path::Path;

use crate::scenario::{Measured, PAIRS, Trains, measure, over_veth};

/// Packets per second and core of both, one for each round.
struct Row {
    name: &'static str,
    server: Vec<f64>,
    than: Vec<f64>,
}

/// Measures `server` and `than` so many times each. Returns a table: the medians, and how many
/// times as many packets `server` has for a core.
pub(crate) fn run(server: &Path, than: &Path, rounds: usize) -> anyhow::Result<String> {
    let mut rows = ["loopback", "two hosts"].map(|name| Row {
        name,
        server: Vec::new(),
        than: Vec::new(),
    });
    for _ in 0..rounds {
        for row in &mut rows {
            let sides = [(server, &mut row.server), (than, &mut row.than)];
            for (binary, found) in sides {
                found.extend(one(row.name, binary, server)?);
            }
        }
    }
    Ok(table(&rows))
}

/// Packets per second and core of one run; `None` where this user may lay no link.
fn one(name: &str, binary: &Path, generator: &Path) -> anyhow::Result<Option<f64>> {
    let title = format!("{name}, {}", binary.display());
    let measured = if name == "loopback" {
        Some(measure(binary, generator, &title, PAIRS, 1, true)?)
    } else {
        over_veth(binary, generator, Trains::Whole, &title, PAIRS)?
    };
    Ok(measured.map(|measured| per_core(&measured)))
}

fn per_core(measured: &Measured) -> f64 {
    measured.number("steady.packets_per_second") / measured.number("process.cores")
}

fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| 1,000 publishers, one viewer each | packets/s per core | than | ratio | all of both |\n\
         |---|---|---|---|---|\n",
    );
    for row in rows {
        let (server, than) = (median(&row.server), median(&row.than));
        let ratio = server / than;
        let all = [&row.server, &row.than].map(|all| {
            let all: Vec<String> = all.iter().map(|one| format!("{one:.0}")).collect();
            all.join(" ")
        });
        writeln!(
            table,
            "| {} | {server:.0} | {than:.0} | {ratio:.2} | {} / {} |",
            row.name, all[0], all[1]
        )
        .ok();
    }
    table
}

fn median(all: &[f64]) -> f64 {
    let mut all = all.to_vec();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}
