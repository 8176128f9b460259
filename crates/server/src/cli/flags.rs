//! The flags of the server, and how they become settings.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use toml::Value;

use crate::config::{Config, LogFormat};

/// Flags beat environment variables (`HEADWATER_MEDIA__PORT=…`), which beat the file.
#[derive(Debug, Default, Args)]
pub(super) struct Flags {
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

impl Flags {
    /// Fills flags that were not given behind the subcommand from those before it.
    pub(super) fn or(self, outer: Self) -> Self {
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

    /// Loads the configuration.
    pub(super) fn load(self) -> anyhow::Result<Config> {
        self.load_with([])
    }

    /// Loads the configuration with `further` keys, which beat all other sources.
    pub(super) fn load_with(
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
