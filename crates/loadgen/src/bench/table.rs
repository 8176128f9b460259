use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use super::figures::{Figures, Outcome, Spread};

/// Renders the outcome as a table for a terminal.
pub fn table(outcome: &Outcome) -> String {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    table.set_header(["", "", "p50", "p95", "p99", "longest"]);
    let mut row = |name: &str, value: String| {
        table.add_row([name, &value, "", "", "", ""]);
    };
    if let Some(most) = outcome.viewers_max {
        row("most viewers within the bounds", most.to_string());
    }
    let (steady, joins) = (&outcome.steady, &outcome.joins);
    row("viewers", format!("{} of {}", steady.viewers, joins.asked));
    for refusal in &joins.refused {
        row(
            &format!("refused: {}", refusal.reason),
            refusal.count.to_string(),
        );
    }
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
    if let Some(process) = &outcome.process {
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
    row(
        "generator's longest stall ms",
        format!("{:.0}", steady.own_stall_ms),
    );
    let mut spread = |name: &str, spread: &Spread| {
        let ms = |ms: f64| format!("{ms:.1}");
        let Spread {
            count,
            p50_ms,
            p95_ms,
            p99_ms,
            max_ms,
        } = *spread;
        table.add_row([
            name.to_owned(),
            count.to_string(),
            ms(p50_ms),
            ms(p95_ms),
            ms(p99_ms),
            ms(max_ms),
        ]);
    };
    spread("delay ms", &steady.delay);
    spread("jitter ms", &steady.jitter);
    spread("POST to connection ms", &joins.setup);
    spread("POST to first packet ms", &joins.first_packet);
    spread("POST to key frame ms", &joins.keyframe);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

fn lost(figures: &Figures) -> String {
    format!("{} ({:.4} %)", figures.lost, figures.loss * 100.0)
}
