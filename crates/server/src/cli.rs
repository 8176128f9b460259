//! The command line.

mod flags;
mod tributary;

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::bench::Bench;
use crate::stdout::print;
use crate::{config, serve};

use flags::Flags;

/// Live video server: publish from a browser or any WHIP client, watch in a browser or any WHEP
/// client.
#[derive(Debug, Parser)]
#[command(
    name = "headwater",
    version,
    about = "Live video server: publish from a browser or any WHIP client, watch in a browser or any \
             WHEP client"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server (the default).
    Serve(Flags),
    /// Print the effective configuration as TOML, or check a file.
    Config {
        /// Only check this file. Reports a wrong key with its path and line.
        #[arg(long, value_name = "FILE")]
        check: Option<PathBuf>,
        #[command(flatten)]
        flags: Flags,
    },
    /// Run the server with the flags of tributary, one of the earlier systems that Headwater
    /// replaces.
    Tributary(tributary::Tributary),
    /// Measure any WHIP and WHEP server with synthetic publishers and viewers.
    Bench(Box<Bench>),
}

impl Cli {
    /// Parses the command line. Exits the process when it is wrong, or asks for help.
    pub(crate) fn read(arguments: impl Iterator<Item = OsString>) -> Self {
        Self::parse_from(tributary::with_two_dashes(arguments))
    }

    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command {
            None => serve::run(&self.flags.load()?),
            Some(Command::Serve(flags)) => serve::run(&flags.or(self.flags).load()?),
            Some(Command::Tributary(tributary)) => serve::run(&tributary.load(self.flags)?),
            Some(Command::Bench(bench)) => bench.run(),
            Some(Command::Config {
                check: Some(file), ..
            }) => {
                config::read_file(&file)?;
                print(&format!("{} is valid\n", file.display()))
            }
            Some(Command::Config { check: None, flags }) => {
                let config = flags.or(self.flags).load()?;
                print(&toml::to_string(&config).context("write the configuration as TOML")?)
            }
        }
    }
}
