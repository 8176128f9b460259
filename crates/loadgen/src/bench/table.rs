use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use super::figures::{Figures, Outcome, Process, Spread};

/// Renders the outcome as a table for a terminal.
pub fn table(outcome: &Outcome) -> String {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    table.set_header(["", "", "p50", "p95", "p99", "longest"]);
    add_joins(&mut table, outcome);
    add_media(&mut table, outcome);
    if let Some(process) = &outcome.process {
        add_process(&mut table, outcome, process);
    }
    add_spreads(&mut table, outcome);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

fn add_joins(table: &mut Table, outcome: &Outcome) {
    if let Some(most) = outcome.viewers_max {
        row(table, "most viewers within the bounds", most.to_string());
    }
    let viewers = format!("{} of {}", outcome.steady.viewers, outcome.joins.asked);
    row(table, "viewers", viewers);
    for refusal in &outcome.joins.refused {
        let name = format!("refused: {}", refusal.reason);
        row(table, &name, refusal.count.to_string());
    }
}

fn add_media(table: &mut Table, outcome: &Outcome) {
    let steady = &outcome.steady;
    let mut row = |name: &str, value: String| row(table, name, value);
    row("seconds", format!("{:.1}", steady.seconds));
    row(
        "packets per second",
        format!("{:.0}", steady.packets_per_second),
    );
    row("payload Mbit/s", format!("{:.1}", steady.mbit_per_second));
    row("lost", lost(steady));
    row("lost since the first join", lost(&outcome.whole));
    if let Some(watching) = &outcome.watching {
        row("lost by earlier viewers", lost(watching));
        row("freezes of earlier viewers", watching.freezes.to_string());
    }
    row(
        "NACKed, repaired",
        format!("{}, {}", steady.nacked, steady.repaired),
    );
    row("freezes", steady.freezes.to_string());
    row(
        "decrypted, not authentic",
        format!("{}, {}", steady.opened, steady.broken),
    );
}

fn add_process(table: &mut Table, outcome: &Outcome, process: &Process) {
    let mut row = |name: &str, value: String| row(table, name, value);
    row("server, cores", format!("{:.2}", process.cores));
    for thread in &process.threads {
        row(
            &format!("  {}", thread.name),
            format!("{:.2}", thread.cores),
        );
    }
    if let Some(per_core) = outcome.packets_per_core {
        row("packets per second and core", format!("{per_core:.0}"));
    }
    row(
        "memory MB",
        format!("{:.1}", process.memory_kb as f64 / 1e3),
    );
    if let Some(kb) = outcome.memory_kb_per_viewer {
        row("memory kB per viewer", format!("{kb:.0}"));
    }
}

fn add_spreads(table: &mut Table, outcome: &Outcome) {
    let (steady, joins) = (&outcome.steady, &outcome.joins);
    row(
        table,
        "generator's longest stall ms",
        format!("{:.0}", steady.own_stall_ms),
    );
    spread(table, "delay ms", &steady.delay);
    spread(table, "jitter ms", &steady.jitter);
    spread(table, "POST to connection ms", &joins.setup);
    spread(table, "POST to first packet ms", &joins.first_packet);
    spread(table, "POST to key frame ms", &joins.keyframe);
}

/// Adds a row with one value.
fn row(table: &mut Table, name: &str, value: String) {
    table.add_row([name, &value, "", "", "", ""]);
}

/// Adds a row with a number of values and their percentiles in milliseconds.
fn spread(table: &mut Table, name: &str, spread: &Spread) {
    let ms = |ms: f64| format!("{ms:.1}");
    table.add_row([
        name.to_owned(),
        spread.count.to_string(),
        ms(spread.p50_ms),
        ms(spread.p95_ms),
        ms(spread.p99_ms),
        ms(spread.max_ms),
    ]);
}

fn lost(figures: &Figures) -> String {
    format!("{} ({:.4} %)", figures.lost, figures.loss * 100.0)
}
