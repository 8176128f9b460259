//! The results, as tables for a terminal and as the page `docs/performance.md`.

use std::fmt::Write;
use std::process::Command;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};

use crate::forwarding::Forwarding;
use crate::instructions::Instructions;
use crate::parts::{Parts, Stages};
use crate::rig::Ways;
use crate::scenario::{Measured, Whole};

/// Bits of a payload of 1,200 bytes, for comparison with figures in Mbit/s.
const PACKET_BITS: f64 = 1_200.0 * 8.0;

/// The tables of the parts: forwarding, stages, instructions, signalling.
pub(crate) fn parts(parts: &Parts) -> String {
    let mut text = forwarding(parts);
    text.push('\n');
    text.push_str(&stages(parts));
    if let Some(counted) = &parts.instructions {
        let ratio = counted.forward as f64 / counted.floor.max(1) as f64;
        writeln!(
            text,
            "\nInstructions per forwarded packet in user mode, without AVX-512, which valgrind \
             does not know: {}; the floor {}; ratio {ratio:.2}.",
            grouped(counted.forward as f64),
            grouped(counted.floor as f64),
        )
        .expect("a string takes it");
        text.push('\n');
        text.push_str(&ways(counted));
    }
    text.push('\n');
    text.push_str(&signalling(parts));
    text
}

fn forwarding(parts: &Parts) -> String {
    let mut table = markdown(&[
        "viewers",
        "packets at once",
        "forward ns",
        "reports ns",
        "floor ns",
        "of which seal ns",
        "ratio",
    ]);
    for case in &parts.forwarding {
        table.add_row([
            match case.ways {
                Ways::One => grouped(case.viewers as f64),
                Ways::Both => format!("{}, both ways", case.viewers),
            },
            case.burst.to_string(),
            grouped(case.forward),
            grouped(case.feedback),
            grouped(case.floor),
            grouped(case.seal),
            format!("{:.2}", case.ratio),
        ]);
    }
    finished(table)
}

/// The table of what it costs that viewers could publish too.
fn ways(counted: &Instructions) -> String {
    let mut table = markdown(&["connection", "forward instructions", "reports instructions"]);
    for (name, forward, reports) in [
        ("one way", counted.forward, counted.reports),
        ("both ways", counted.forward_both, counted.reports_both),
    ] {
        let counts = [forward, reports].map(|count| grouped(count as f64));
        table.add_row([name.to_owned()].into_iter().chain(counts));
    }
    finished(table)
}

fn stages(parts: &Parts) -> String {
    let mut table = markdown(&["stage", "of each packet", "ns", "instructions"]);
    let counted = parts.instructions;
    let one_way = |case: &&Forwarding| case.burst == 8 && case.ways == Ways::One;
    let floor = parts.forwarding.iter().find(one_way);
    let send = floor.map_or(f64::NAN, |case| case.floor - case.seal);
    let mut row = |stage: &str, of: &str, ns: f64, instructions: Option<u64>| {
        let instructions = instructions.map(|count| grouped(count as f64));
        table.add_row([
            stage.to_owned(),
            of.to_owned(),
            grouped(ns),
            instructions.unwrap_or_else(|| "not counted".to_owned()),
        ]);
    };
    let Stages {
        ingest,
        choose,
        write,
    } = &parts.stages;
    row(
        "find the peer, decrypt, inspect, cache",
        "received",
        ingest.each(),
        counted.map(|c| c.ingest),
    );
    row(
        "choose and number",
        "forwarded",
        choose.each(),
        counted.map(|c| c.choose),
    );
    row(
        "write, encrypt, remember",
        "forwarded",
        write.each(),
        counted.map(|c| c.write),
    );
    row("send, 8 at once", "forwarded", send, None);
    finished(table)
}

fn signalling(parts: &Parts) -> String {
    let mut table = markdown(&["message", "µs"]);
    for cost in &parts.signalling {
        let us = cost.time.as_nanos() as f64 / 1e3;
        table.add_row([cost.name.to_owned(), format!("{us:.1}")]);
    }
    finished(table)
}

/// The text of the page.
pub(crate) fn page(measured: &Parts, whole: &Whole) -> String {
    let highest = without_loss(&whole.curve);
    format!(
        include_str!("page.md"),
        date = date(),
        machine = machine(),
        parts = parts(measured),
        highest = highest,
        curve = loads(&whole.curve),
        bursts = loads(std::slice::from_ref(&whole.bursts)),
        hidden = loads(&whole.hidden),
        shapes = loads(&whole.shapes),
        shards = loads(&whole.shards),
        memory = memory(&whole.memory),
        storm = storm(&whole.storm),
        setup = setup(&whole.setup),
        per_core = comparison(&whole.curve, &whole.bursts),
        flags = flags(whole),
    )
}

/// The highest load of the curve without loss, in words.
fn without_loss(curve: &[Measured]) -> String {
    let kept = curve.iter().filter(|run| run.number("steady.lost") == 0.0);
    let best = kept.max_by(|a, b| rate(a).total_cmp(&rate(b)));
    best.map_or_else(
        || "none".to_owned(),
        |run| {
            format!(
                "{} packets per second to {}, with {:.2} cores",
                grouped(rate(run)),
                run.name,
                run.number("process.cores")
            )
        },
    )
}

fn rate(run: &Measured) -> f64 {
    run.number("steady.packets_per_second")
}

pub(crate) fn loads(runs: &[Measured]) -> String {
    let mut table = markdown(&[
        "load",
        "packets/s",
        "Mbit/s",
        "lost %",
        "cores",
        "packets/s per core",
        "delay p50 ms",
        "p95",
        "p99",
    ]);
    for run in runs {
        let cores = run.number("process.cores");
        let delay = |share| format!("{:.2}", run.number(&format!("steady.delay.{share}_ms")));
        table.add_row([
            run.name.clone(),
            grouped(rate(run)),
            grouped(run.number("steady.mbit_per_second")),
            format!("{:.3}", run.number("steady.loss") * 100.0),
            format!("{cores:.2}"),
            grouped(run.packets_per_core()),
            delay("p50"),
            delay("p95"),
            delay("p99"),
        ]);
    }
    finished(table)
}

fn memory(runs: &[Measured]) -> String {
    let mut table = markdown(&["load", "kB per viewer"]);
    for run in runs {
        let viewer = run.number("memory_kb_per_viewer");
        table.add_row([run.name.clone(), grouped(viewer)]);
    }
    finished(table)
}

fn storm(run: &Measured) -> String {
    format!(
        "The 200 lost {} of {} packets and froze {} times; {} of the 500 watched at the end.",
        grouped(run.number("watching.lost")),
        grouped(run.number("watching.packets")),
        grouped(run.number("watching.freezes")),
        grouped(run.number("whole.viewers")),
    )
}

fn setup(run: &Measured) -> String {
    let mut table = markdown(&["from the POST to", "p50 ms", "p95", "p99", "longest"]);
    for (name, key) in [
        ("the connection", "setup"),
        ("the first packet", "first_packet"),
        ("the first packet of a key frame", "keyframe"),
    ] {
        let ms = |share| format!("{:.1}", run.number(&format!("joins.{key}.{share}_ms")));
        table.add_row([name.to_owned(), ms("p50"), ms("p95"), ms("p99"), ms("max")]);
    }
    finished(table)
}

fn comparison(curve: &[Measured], bursts: &Measured) -> String {
    let kept = curve.iter().filter(|run| run.number("steady.lost") == 0.0);
    let paced = kept.map(Measured::packets_per_core).fold(0.0, f64::max);
    let mut table = markdown(&["server", "packets/s per core", "Gbit/s per core", "source"]);
    let mut row = |name: &str, packets: f64, source: &str| {
        table.add_row([
            name.to_owned(),
            grouped(packets),
            format!("{:.2}", packets * PACKET_BITS / 1e9),
            source.to_owned(),
        ]);
    };
    row(
        "Headwater, packets spread over the frame",
        paced,
        "this page",
    );
    row(
        "Headwater, a frame's packets at once",
        bursts.packets_per_core(),
        "this page",
    );
    for (name, gbit, source) in [
        (
            "Janus Streamer",
            2.25,
            "90 Gbit/s on 40 cores: <https://github.com/snu-csl/janus-streamer>",
        ),
        (
            "SRS",
            1.28,
            "<https://github.com/ossrs/srs/blob/develop/trunk/doc/PERFORMANCE.md>",
        ),
        (
            "Janus, at most",
            0.63,
            "1/3.6 of Janus Streamer: <https://github.com/snu-csl/janus-streamer>",
        ),
    ] {
        row(name, gbit * 1e9 / PACKET_BITS, source);
    }
    row(
        "LiveKit, 1 to 3,000",
        38_100.0,
        "<https://docs.livekit.io/home/self-hosting/benchmark/>",
    );
    finished(table)
}

fn flags(whole: &Whole) -> String {
    let runs = whole
        .curve
        .iter()
        .chain([&whole.bursts])
        .chain(&whole.hidden)
        .chain(&whole.shapes);
    let runs = runs
        .chain(&whole.shards)
        .chain(&whole.memory)
        .chain([&whole.storm, &whole.setup]);
    let mut table = markdown(&["load", "flags of `headwater bench`"]);
    for run in runs {
        table.add_row([run.name.clone(), format!("`{}`", run.flags)]);
    }
    finished(table)
}

pub(crate) fn markdown(head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(head);
    table
}

pub(crate) fn finished(mut table: Table) -> String {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Left);
    }
    format!("{}\n", table.trim_fmt())
}

/// Rounds a number and groups its digits: `250000` becomes `250,000`. The sign is left out.
pub(crate) fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn date() -> String {
    said_by("date", &["-u", "+%Y-%m-%d"])
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name));
        line.and_then(|line| Some(line.split_once(": ")?.1.to_owned()))
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{}, {cores} cores, Linux {}",
        field("model name").unwrap_or_else(|| "a processor without a name".to_owned()),
        said_by("uname", &["-r"]),
    )
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| "unknown".to_owned())
}
