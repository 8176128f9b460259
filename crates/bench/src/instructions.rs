//! Instructions of a forwarded packet, counted by valgrind: they are the same on a busy machine.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::ValueEnum;

use crate::floor::Floor;
use crate::rig::{Rig, Ways};
use crate::stages;
use crate::terminal::progress;

const VIEWERS: usize = 20;
const BURST: usize = 8;
const BURSTS: u32 = 100;
const EVERY: Duration = Duration::from_millis(30);

/// The work whose instructions are counted.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Counted {
    Forward,
    ForwardBoth,
    Reports,
    ReportsBoth,
    Floor,
    Ingest,
    Choose,
    Write,
}

impl Counted {
    /// Pattern of the function that contains all of the work.
    fn function(self) -> &'static str {
        match self {
            Self::Forward | Self::ForwardBoth | Self::Ingest => {
                "headwater_bench::rig::Rig::forward*"
            }
            Self::Reports | Self::ReportsBoth => "headwater_bench::rig::Rig::hear*",
            Self::Choose => "headwater_bench::stages::numbers*",
            Self::Write => "headwater_bench::stages::train*",
            Self::Floor => "headwater_bench::floor::Floor::fill*",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::ForwardBoth => "forward-both",
            Self::Reports => "reports",
            Self::ReportsBoth => "reports-both",
            Self::Floor => "floor",
            Self::Ingest => "ingest",
            Self::Choose => "choose",
            Self::Write => "write",
        }
    }
}

/// Instructions per packet, in user mode.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instructions {
    pub(crate) forward: u64,
    /// As [`Self::forward`], with viewers that could publish too.
    pub(crate) forward_both: u64,
    /// What viewers report, and timers, for each forwarded packet.
    pub(crate) reports: u64,
    pub(crate) reports_both: u64,
    pub(crate) floor: u64,
    pub(crate) ingest: u64,
    pub(crate) choose: u64,
    pub(crate) write: u64,
}

/// Counts all instructions; `None` when valgrind is not installed.
pub(crate) fn measure() -> anyhow::Result<Option<Instructions>> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        progress("valgrind is not installed: instructions are not counted");
        return Ok(None);
    }
    Ok(Some(Instructions {
        forward: under_valgrind(Counted::Forward)?,
        forward_both: under_valgrind(Counted::ForwardBoth)?,
        reports: under_valgrind(Counted::Reports)?,
        reports_both: under_valgrind(Counted::ReportsBoth)?,
        floor: under_valgrind(Counted::Floor)?,
        ingest: under_valgrind(Counted::Ingest)?,
        choose: under_valgrind(Counted::Choose)?,
        write: under_valgrind(Counted::Write)?,
    }))
}

fn under_valgrind(what: Counted) -> anyhow::Result<u64> {
    progress(&format!("instructions: {}", what.name()));
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("callgrind");
    let output = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(format!("--toggle-collect={}", what.function()))
        .arg(std::env::current_exe()?)
        .args(["count", what.name()])
        .output()?;
    if !output.status.success() {
        bail!("valgrind: {}", String::from_utf8_lossy(&output.stderr));
    }
    let packets: u64 = String::from_utf8(output.stdout)?.trim().parse()?;
    let counts = std::fs::read_to_string(&file)?;
    let total = counts
        .lines()
        .find_map(|line| line.strip_prefix("totals: "));
    let total: u64 = total.context("callgrind counted nothing")?.trim().parse()?;
    Ok(total / packets.max(1))
}

/// Runs the work that is counted. Returns its number of packets.
pub(crate) fn count(what: Counted) -> anyhow::Result<u64> {
    match what {
        Counted::Forward | Counted::Reports => forwarded(Ways::One),
        Counted::ForwardBoth | Counted::ReportsBoth => forwarded(Ways::Both),
        Counted::Floor => {
            let mut rig = Rig::new(VIEWERS, Ways::One)?;
            let mut floor = Floor::new(&rig);
            for _ in 0..BURSTS {
                floor.burst(&rig.socket, BURST);
                rig.discard();
            }
            // Each packet was sealed twice: without and with sending.
            Ok(2 * floor.packets)
        }
        Counted::Ingest => Ok(stages::ingest()?.packets),
        Counted::Choose => Ok(stages::choose().packets),
        Counted::Write => Ok(stages::write()?.packets),
    }
}

fn forwarded(ways: Ways) -> anyhow::Result<u64> {
    let mut rig = Rig::new(VIEWERS, ways)?;
    rig.run(BURST, EVERY, EVERY * BURSTS);
    Ok(rig.spent.packets)
}
