//! `headwater tributary`: the server with the flags of tributary.

use std::ffi::{OsStr, OsString};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clap::Args;
use toml::Value;

use super::flags::Flags;
use crate::config::Config;

/// The flags of the clients' own server. They may have one dash or two.
#[derive(Debug, Args)]
pub(super) struct Tributary {
    /// Port for these clients, on all addresses [default: 8081].
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Number of browsers that each browser sends to [default: 3].
    #[arg(long, value_name = "N")]
    max_listeners: Option<u32>,
    /// STUN and TURN servers as a JSON array [default: those of ice.servers].
    #[arg(long, value_name = "JSON")]
    ice_servers: Option<String>,
    #[command(flatten)]
    flags: Flags,
}

/// Address to listen on, unless a flag or the configuration sets another.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8081);

/// Directory of the files that it serves, unless the configuration sets another.
const STATIC_DIR: &str = "static";

impl Tributary {
    pub(super) fn load(self, outer: Flags) -> anyhow::Result<Config> {
        let own = [
            (
                "dialects.tributary.listen",
                self.port.map(|port| Value::from(format!("0.0.0.0:{port}"))),
            ),
            (
                "dialects.tributary.max_listeners",
                self.max_listeners
                    .map(|number| Value::from(i64::from(number))),
            ),
            (
                "dialects.tributary.ice_servers",
                self.ice_servers.map(Value::from),
            ),
        ];
        let own = own
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)));
        let mut config = self.flags.or(outer).load_with(own)?;
        let tributary = &mut config.dialects.tributary;
        tributary.listen.get_or_insert(LISTEN);
        let directory = &mut tributary.static_dir;
        directory.get_or_insert_with(|| STATIC_DIR.into());
        Ok(config)
    }
}

/// Gives each flag of `headwater tributary` two dashes. Leaves other command lines as they are.
pub(super) fn with_two_dashes(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    if arguments.get(1).map(OsString::as_os_str) == Some(OsStr::new("tributary")) {
        for argument in &mut arguments[2..] {
            if has_one_dash(argument) {
                let mut longer = OsString::from("-");
                longer.push(&*argument);
                *argument = longer;
            }
        }
    }
    arguments
}

fn has_one_dash(argument: &OsStr) -> bool {
    let name = argument.to_str().and_then(|text| text.strip_prefix('-'));
    // `-h` is a flag of one letter, and `-1` is a number.
    name.is_some_and(|name| name.len() > 1 && name.starts_with(|c: char| c.is_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::{Cli, Command};
    use super::*;

    fn loaded(arguments: &[&str]) -> Config {
        let arguments = ["headwater", "tributary"].iter().chain(arguments);
        let arguments = with_two_dashes(arguments.map(OsString::from));
        let cli = Cli::try_parse_from(arguments).expect("a good command line");
        let Some(Command::Tributary(tributary)) = cli.command else {
            panic!("not tributary");
        };
        tributary.load(cli.flags).expect("a good configuration")
    }

    #[test]
    fn flags_work_with_one_dash_or_two() {
        for dash in ["-", "--"] {
            let flag = |name: &str| format!("{dash}{name}");
            let config = loaded(&[
                &flag("port"),
                "9000",
                &flag("max-listeners=1"),
                &flag("ice-servers"),
                "[{\"urls\":\"stun:s\"}]",
                &flag("http=127.0.0.1:1"),
            ]);
            let tributary = &config.dialects.tributary;
            assert_eq!(tributary.listen, "0.0.0.0:9000".parse().ok());
            assert_eq!(tributary.max_listeners.get(), 1);
            let json = tributary.ice_servers_json(&config.ice);
            assert_eq!(json, "[{\"urls\":\"stun:s\"}]");
            assert_eq!(config.http.listen.port(), 1);
        }
    }

    #[test]
    fn defaults_without_flags_are_those_of_the_original() {
        let tributary = loaded(&[]).dialects.tributary;
        assert_eq!(tributary.listen, "0.0.0.0:8081".parse().ok());
        assert_eq!(tributary.max_listeners.get(), 3);
        assert_eq!(tributary.static_dir, Some("static".into()));
    }

    #[test]
    fn file_value_applies_where_no_flag_is_given() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let toml = "[dialects.tributary]\nlisten = \"127.0.0.1:9\"\nmax_listeners = 5\n\
                    static_dir = \"pages\"\n";
        std::fs::write(&file, toml).expect("written");
        let path = file.path().to_str().expect("a path");
        let tributary = loaded(&["-config", path, "-max-listeners", "2"])
            .dialects
            .tributary;
        assert_eq!(tributary.listen, "127.0.0.1:9".parse().ok());
        assert_eq!(tributary.max_listeners.get(), 2);
        assert_eq!(tributary.static_dir, Some("pages".into()));
    }

    #[test]
    fn arguments_of_other_commands_are_unchanged() {
        let other = ["headwater", "serve", "-port"].map(OsString::from);
        assert_eq!(with_two_dashes(other.clone().into_iter()), other);
    }
}
