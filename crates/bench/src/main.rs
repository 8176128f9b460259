//! Benchmarks of Headwater: what a forwarded packet costs beside the least that it can cost, what a
//! request costs, and what the whole server carries. `make bench` runs them all and writes
//! `docs/performance.md`.
//!
//! A crate that has something to measure gets a module here, and a section in `document`.
#![forbid(unsafe_code)]

mod against;
mod clock;
mod document;
mod floor;
mod forwarding;
mod instructions;
mod parts;
mod rig;
mod scenario;
mod signalling;
mod stages;
mod terminal;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Parser, Subcommand};

use terminal::print;

// As in the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
#[command(about)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Measure the parts alone: nanoseconds and instructions.
    Parts,
    /// Measure the parts and the whole server, and write the page.
    All {
        /// The server's binary, built for release.
        #[arg(long)]
        server: PathBuf,
        /// File to write the page to.
        #[arg(long)]
        write: PathBuf,
    },
    /// Measure what the loopback hides: the server when trains are split on its own core.
    Hidden {
        /// The server's binary, built for release.
        #[arg(long)]
        server: PathBuf,
        /// Number of viewers; may be given several times.
        #[arg(long, default_values_t = scenario::HIDDEN_VIEWERS)]
        viewers: Vec<usize>,
        /// Seconds of each run.
        #[arg(long, default_value_t = scenario::HIDDEN_SECONDS)]
        time: u32,
    },
    /// Compare two binaries of the server in turns, with 1,000 publishers of one viewer each.
    Against {
        /// The server's binary, built for release. Its `bench` measures both.
        #[arg(long)]
        server: PathBuf,
        /// The binary to compare it with, built for release.
        #[arg(long)]
        than: PathBuf,
        /// Runs of each binary.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
    },
    /// Run one part for `valgrind`, which counts its instructions; print the number of packets.
    #[command(hide = true)]
    Count { what: instructions::Counted },
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().what {
        What::Parts => print(&document::parts(&parts::measure()?)),
        What::All { server, write } => {
            let parts = parts::measure()?;
            print(&document::parts(&parts))?;
            let whole = scenario::run_all(&server)?;
            let page = document::page(&parts, &whole);
            std::fs::write(&write, page).with_context(|| write.display().to_string())?;
            print(&format!("{} is written", write.display()))
        }
        What::Hidden {
            server,
            viewers,
            time,
        } => {
            let server = server.canonicalize()?;
            let measured = scenario::run_hidden(&server, &viewers, time)?;
            print(&document::loads(&measured))
        }
        What::Against {
            server,
            than,
            rounds,
        } => {
            let (server, than) = (server.canonicalize()?, than.canonicalize()?);
            print(&against::run(&server, &than, rounds)?)
        }
        What::Count { what } => print(&instructions::count(what)?.to_string()),
    }
}
