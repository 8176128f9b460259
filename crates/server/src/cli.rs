//! The command line.

mod tributary;

use std::ffi::OsString;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use toml::Value;

use crate::bench::Bench;
use crate::config::{self, Config, LogFormat};
use crate::serve;

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

/// Flags beat environment variables (`HEADWATER_MEDIA__PORT=…`), which beat the file.
#[derive(Debug, Default, Args)]
struct Flags {
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE", env = "HEADWATER_CONFIG")]
    config: Option<PathBuf>,
    /// Address and port for the pages and the API [default: 0.0.0.0:8080].
    #[arg(long, value_name = "ADDR")]
    http: Option<SocketAddr>,
    /// First UDP port for media; each shard uses one port [default: 7882].
    #[arg(long, value_name = "N")]
    media_port: Option<u16>,
    /// Address at which clients reach this server; repeatable [default: all addresses of the host].
    #[arg(long, value_name = "IP")]
    public_ip: Vec<IpAddr>,
    /// Number of media threads [default: one per core].
    #[arg(long, value_name = "N")]
    shards: Option<u16>,
    /// Also listen on the ports that the clients of earlier systems expect.
    #[arg(long)]
    dialects: bool,
    /// Format of log lines [default: text].
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
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

impl Flags {
    /// Fills flags that were not given behind the subcommand from those before it.
    fn or(self, outer: Self) -> Self {
        Self {
            config: self.config.or(outer.config),
            http: self.http.or(outer.http),
            media_port: self.media_port.or(outer.media_port),
            public_ip: if self.public_ip.is_empty() {
                outer.public_ip
            } else {
                self.public_ip
            },
            shards: self.shards.or(outer.shards),
            dialects: self.dialects || outer.dialects,
            log_format: self.log_format.or(outer.log_format),
        }
    }

    fn load(self) -> anyhow::Result<Config> {
        self.load_with([])
    }

    /// Loads the configuration with `further` keys, which beat all other sources.
    fn load_with(
        self,
        further: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> anyhow::Result<Config> {
        let ips: Vec<String> = self.public_ip.iter().map(ToString::to_string).collect();
        let format = self.log_format.map(|format| match format {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        });
        let flags = [
            (
                "http.listen",
                self.http.map(|address| Value::from(address.to_string())),
            ),
            (
                "media.port",
                self.media_port.map(|port| Value::from(i64::from(port))),
            ),
            (
                "media.public_ips",
                (!ips.is_empty()).then(|| Value::from(ips)),
            ),
            (
                "media.shards",
                self.shards.map(|shards| Value::from(i64::from(shards))),
            ),
            ("log.format", format.map(Value::from)),
        ];
        let flags = flags
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .chain(further);
        let mut config = Config::load(self.config.as_deref(), std::env::vars(), flags)?;
        if self.dialects {
            config.dialects.open_all(config.http.listen);
        }
        Ok(config)
    }
}

/// Writes to standard output. A closed pipe is not an error.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("write to standard output")
        }
        _ => Ok(()),
    }
}
