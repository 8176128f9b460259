//! Settings: defaults, then the file, then `HEADWATER_…` variables, then flags.

mod dialects;
mod tributary;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use toml::{Table, Value};

use crate::webhooks::Kind;

pub(crate) use dialects::{BroadcastRecording, Dialects, Gortc, LiveRoom};
pub(crate) use tributary::Tributary;

/// Prefix of environment variables; `HEADWATER_MEDIA__PORT` is `media.port`.
const ENV_PREFIX: &str = "HEADWATER_";

/// All settings. Each is a key in TOML and an environment variable.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The HTTP side.
    pub(crate) http: Http,
    /// The UDP side.
    pub(crate) media: Media,
    /// What clients are told about reaching the server.
    pub(crate) ice: Ice,
    /// Who may publish and watch.
    pub(crate) auth: Auth,
    /// What happens to streams and viewers.
    pub(crate) streams: Streams,
    /// Rooms: how many and how large.
    pub(crate) rooms: Rooms,
    /// Clients of earlier systems.
    pub(crate) dialects: Dialects,
    /// Limits, each with what happens when it is reached.
    pub(crate) limits: Limits,
    /// Logging.
    pub(crate) log: Log,
    /// Who is told what happens in rooms.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) webhooks: Vec<Webhook>,
}

/// `[http]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Http {
    /// Address and port of the pages and APIs.
    pub(crate) listen: SocketAddr,
}

/// `[media]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Media {
    /// UDP port of the first shard; each further shard takes the next one.
    pub(crate) port: u16,
    /// Addresses that clients reach the server at. Empty: all addresses of the host.
    pub(crate) public_ips: Vec<IpAddr>,
    /// Media threads. 0: one for each core.
    pub(crate) shards: usize,
    /// A session that has not connected after this many seconds is ended.
    pub(crate) connect_timeout_s: u64,
    /// A session that was silent for this many seconds is ended.
    pub(crate) silence_timeout_s: u64,
}

/// `[ice]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Ice {
    /// STUN and TURN servers that clients are told to use.
    pub(crate) servers: Vec<IceServer>,
    /// Write `a=ice-lite` into answers. By the letter of RFC 8839, but Chromium starts later with it.
    pub(crate) announce_lite: bool,
}

/// One of `[[ice.servers]]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IceServer {
    /// `stun:host:port` or `turn:host:port?transport=udp`.
    pub(crate) url: String,
    /// For TURN.
    #[serde(default)]
    pub(crate) username: String,
    /// For TURN.
    #[serde(default)]
    pub(crate) credential: Secret,
}

/// One of `[[webhooks]]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhook {
    /// `http://` or `https://`; what happens is posted there.
    pub(crate) url: String,
    /// Signs what is posted.
    pub(crate) secret: Secret,
    /// What is wanted. Empty: all.
    #[serde(default)]
    pub(crate) events: Vec<Kind>,
}

/// `[auth]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Auth {
    /// Bearer token that the API of rooms needs. Empty: nobody may use it, or anybody where no
    /// other token is set either.
    pub(crate) api_token: Secret,
    /// Token that hosts of rooms need. Empty: what publishing needs.
    pub(crate) host_token: Secret,
    /// Bearer token that publishing needs. Empty: anybody may publish.
    pub(crate) publish_token: Secret,
    /// Bearer token that watching needs. Empty: anybody may watch.
    pub(crate) view_token: Secret,
}

/// `[streams]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Streams {
    /// Viewers may come before the publisher and wait. Otherwise they get 404.
    pub(crate) viewers_wait: bool,
    /// Viewers are sent away after this many seconds without a publisher.
    pub(crate) publisher_grace_s: u64,
    /// Refuse a PATCH without `If-Match` (428).
    pub(crate) strict: bool,
}

/// `[rooms]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Rooms {
    /// Rooms at a time; who would begin one more is refused.
    pub(crate) rooms_max: usize,
    /// Participants of one room; one more is refused.
    pub(crate) participants_max: usize,
    /// Streams of one room; one more is refused.
    pub(crate) streams_max: usize,
    /// Streams of one participant; one more is refused.
    pub(crate) streams_per_participant_max: usize,
    /// Bytes of a message; a longer one is refused.
    pub(crate) message_bytes_max: usize,
    /// Bytes of what an application tells of a participant; more is refused.
    pub(crate) metadata_bytes_max: usize,
    /// Messages of a participant in a second, with bursts of twice as many; more are refused. 0:
    /// any number.
    pub(crate) messages_per_second: u32,
    /// A room in which nobody has been for this many seconds ends.
    pub(crate) empty_grace_s: u64,
    /// A participant whose socket is lost stays for this many seconds.
    pub(crate) lost_grace_s: u64,
}

impl Default for Rooms {
    fn default() -> Self {
        let limits = broadcast::room::Limits::default();
        Self {
            rooms_max: limits.rooms_max,
            participants_max: limits.participants_max,
            streams_max: limits.streams_max,
            streams_per_participant_max: limits.streams_per_participant_max,
            message_bytes_max: limits.message_bytes_max,
            metadata_bytes_max: limits.metadata_bytes_max,
            messages_per_second: limits.messages_per_second,
            empty_grace_s: limits.empty_grace.as_secs(),
            lost_grace_s: limits.lost_grace.as_secs(),
        }
    }
}

impl Rooms {
    /// As the rooms take them.
    pub(crate) fn limits(&self) -> broadcast::room::Limits {
        broadcast::room::Limits {
            rooms_max: self.rooms_max,
            participants_max: self.participants_max,
            streams_max: self.streams_max,
            streams_per_participant_max: self.streams_per_participant_max,
            message_bytes_max: self.message_bytes_max,
            metadata_bytes_max: self.metadata_bytes_max,
            messages_per_second: self.messages_per_second,
            empty_grace: Duration::from_secs(self.empty_grace_s),
            lost_grace: Duration::from_secs(self.lost_grace_s),
            ..broadcast::room::Limits::default()
        }
    }
}

/// `[limits]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// Publishers and viewers together; one more gets 503.
    pub(crate) sessions_max: usize,
    /// New sessions per second, with bursts of twice as many; more get 429.
    pub(crate) sessions_per_second: u32,
    /// HTTP connections at a time; further ones wait until one ends. Each viewer's event stream
    /// is one.
    pub(crate) connections_max: usize,
    /// WebSockets at a time, one for each participant; further ones get 503.
    pub(crate) sockets_max: usize,
    /// Milliseconds for a request's head to arrive, and for a connection to wait for the next
    /// request; then it is closed.
    pub(crate) header_timeout_ms: u64,
    /// Bytes of an offer; a larger one gets 413.
    pub(crate) sdp_bytes_max: usize,
    /// Bytes of a trickle fragment or another small body; a larger one gets 413.
    pub(crate) fragment_bytes_max: usize,
    /// Bytes of one frame of a participant; a larger one closes its socket.
    pub(crate) frame_bytes_max: usize,
    /// Milliseconds for a request's body to arrive; a slower one gets 408.
    pub(crate) body_timeout_ms: u64,
    /// Payload bytes cached per video layer since its last key frame; beyond it the cache is
    /// given up until the next key frame, and new viewers wait for that one.
    pub(crate) cache_bytes_max: usize,
    /// Milliseconds cached per video layer; beyond it, as with bytes.
    pub(crate) cache_ms_max: u64,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    /// Text for people, JSON for machines.
    pub(crate) format: LogFormat,
    /// What is logged, as `tracing` filters write it: `info`, or `info,headwater_node=debug`.
    pub(crate) level: String,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// Readable text.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// A text that no log and no listing shows.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(String);

impl Secret {
    /// The text; `None` when it is not set.
    pub(crate) fn reveal(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() {
            "not set"
        } else {
            "<set>"
        })
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.0.is_empty() { "" } else { "<set>" })
    }
}

impl Webhook {
    fn has_address(&self) -> bool {
        let url: Result<http::Uri, _> = self.url.parse();
        url.is_ok_and(|url| {
            let scheme = matches!(url.scheme_str(), Some("http" | "https"));
            // A name and a password in front of the host would not be sent.
            let host = url.authority().is_some_and(|a| !a.as_str().contains('@'));
            scheme && host
        })
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 8080)),
        }
    }
}

impl Default for Media {
    fn default() -> Self {
        Self {
            port: 7882,
            public_ips: Vec::new(),
            shards: 0,
            connect_timeout_s: 15,
            silence_timeout_s: 20,
        }
    }
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            viewers_wait: true,
            publisher_grace_s: 300,
            strict: false,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions_max: 10_000,
            sessions_per_second: 500,
            connections_max: 16_384,
            header_timeout_ms: 15_000,
            sdp_bytes_max: 65_536,
            sockets_max: 16_384,
            frame_bytes_max: 262_144,
            fragment_bytes_max: 16_384,
            body_timeout_ms: 5_000,
            cache_bytes_max: 16 << 20,
            cache_ms_max: 12_000,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            level: "info".to_owned(),
        }
    }
}

/// Why the settings cannot be used. The text names the key and what to mend.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is no TOML, or has a wrong key or value.
    #[error("{}, line {line}: {key}{message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Counted from one.
        line: usize,
        /// The key's full path with a colon, when it is known.
        key: String,
        /// What is wrong.
        message: String,
    },
    /// A key has a wrong name or value, in a variable or a flag or in what all sources give together.
    #[error("{key}: {message}")]
    Value {
        /// The key's full path.
        key: String,
        /// What is wrong.
        message: String,
    },
}

impl Config {
    /// Merges the sources. `variables` are those of the environment, `flags` key paths with values.
    pub(crate) fn load(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
        flags: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> Result<Self, ConfigError> {
        let mut table = Table::new();
        if let Some(path) = file {
            table = read_file(path)?;
        }
        for (name, value) in variables {
            if let Some(key) = name.strip_prefix(ENV_PREFIX) {
                let path = key.to_ascii_lowercase().replace("__", ".");
                // HEADWATER_BIN and other single words belong to scripts, not to a section.
                if path.contains('.') || path == "webhooks" {
                    let value = from_variable(&path, &value);
                    set(&mut table, &path, value);
                }
            }
        }
        for (path, value) in flags {
            set(&mut table, path, value);
        }
        let config: Self =
            serde_path_to_error::deserialize(Value::Table(table)).map_err(|error| {
                let key = error.path().to_string();
                let inner = error.into_inner();
                ConfigError::Value {
                    key: full_key(&key, inner.message()),
                    message: inner.message().to_owned(),
                }
            })?;
        config.validate()?;
        Ok(config)
    }

    /// What types alone cannot say.
    fn validate(&self) -> Result<(), ConfigError> {
        let wrong = |key: &str, message: String| {
            Err(ConfigError::Value {
                key: key.to_owned(),
                message,
            })
        };
        if let Some(ip) = self.media.public_ips.iter().find(|ip| ip.is_unspecified()) {
            return wrong(
                "media.public_ips",
                format!(
                    "{ip} is no address that a client can send to; leave the list empty for all of the host's"
                ),
            );
        }
        for (key, value) in [
            ("limits.sessions_max", self.limits.sessions_max),
            ("limits.connections_max", self.limits.connections_max),
        ] {
            if value == 0 {
                return wrong(key, "0 would let nobody in; it is at least 1".to_owned());
            }
        }
        for (index, server) in self.ice.servers.iter().enumerate() {
            let key = |name: &str| format!("ice.servers[{index}].{name}");
            let (scheme, rest) = server.url.split_once(':').unwrap_or_default();
            let relays = matches!(scheme, "turn" | "turns");
            if rest.is_empty() || !(relays || matches!(scheme, "stun" | "stuns")) {
                let message = format!(
                    "{:?} is no ICE server; write it like stun:host:3478 or turn:host:3478?transport=udp",
                    server.url
                );
                return wrong(&key("url"), message);
            }
            if relays && (server.username.is_empty() || server.credential.reveal().is_none()) {
                let message =
                    "a TURN server needs username and credential; browsers refuse one without";
                return wrong(&key("username"), message.to_owned());
            }
        }
        for (index, hook) in self.webhooks.iter().enumerate() {
            let key = |name: &str| format!("webhooks[{index}].{name}");
            if !hook.has_address() {
                let message =
                    "not an address to post to; write it like https://example.net/headwater";
                return wrong(&key("url"), message.to_owned());
            }
            if hook.secret.reveal().is_none() {
                let message = "empty; the receiver knows by it that what it gets is genuine";
                return wrong(&key("secret"), message.to_owned());
            }
        }
        Ok(())
    }

    /// How long a session may take to connect.
    pub(crate) fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.media.connect_timeout_s)
    }
}

/// Reads and checks a file on its own, so that errors name its lines.
pub(crate) fn read_file(path: &Path) -> Result<Table, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Read {
        path: path.into(),
        error,
    })?;
    let wrong = |span: Option<std::ops::Range<usize>>, key: String, message: &str| {
        let before = span
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        ConfigError::File {
            path: path.into(),
            line,
            key,
            message: message.to_owned(),
        }
    };
    let table: Table = text
        .parse()
        .map_err(|e: toml::de::Error| wrong(e.span(), String::new(), e.message()))?;
    let parsed = toml::de::Deserializer::parse(&text)
        .map_err(|e| wrong(e.span(), String::new(), e.message()))?;
    if let Err(error) = serde_path_to_error::deserialize::<_, Config>(parsed) {
        let key = error.path().to_string();
        let inner = error.into_inner();
        return Err(wrong(
            inner.span(),
            format!("{}: ", full_key(&key, inner.message())),
            inner.message(),
        ));
    }
    Ok(table)
}

/// An unknown key is reported at its parent: its own name is in the message only.
fn full_key(path: &str, message: &str) -> String {
    let unknown = message
        .strip_prefix("unknown field `")
        .and_then(|rest| rest.split('`').next());
    match unknown {
        Some(name) if path == "." => name.to_owned(),
        Some(name) if path != name && !path.ends_with(&format!(".{name}")) => {
            format!("{path}.{name}")
        }
        _ => path.to_owned(),
    }
}

fn set(table: &mut Table, path: &str, value: Value) {
    match path.split_once('.') {
        Some((section, rest)) => {
            let section = table.entry(section).or_insert_with(|| Table::new().into());
            if let Value::Table(section) = section {
                set(section, rest, value);
            }
        }
        None => {
            table.insert(path.to_owned(), value);
        }
    }
}

/// The first reading of a variable's text that its key takes: as it stands (a token may look
/// like a number), as TOML, as a list with commas.
fn from_variable(path: &str, text: &str) -> Value {
    let toml = format!("value = {text}").parse::<Table>().ok();
    let parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let list = parts.map(str::to_owned).collect::<Vec<_>>();
    let plain = Value::from(text);
    [
        Some(plain.clone()),
        toml.and_then(|mut table| table.remove("value")),
        Some(list.into()),
    ]
    .into_iter()
    .flatten()
    .find(|value| {
        let mut alone = Table::new();
        set(&mut alone, path, value.clone());
        alone.try_into::<Config>().is_ok()
    })
    .unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("headwater.toml");
        std::fs::write(&path, text).expect("written");
        (folder, path)
    }

    fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn ice_servers_that_browsers_would_refuse_are_named() {
        for (table, key) in [
            ("url = \"host:3478\"", "ice.servers[0].url"),
            ("url = \"stun:\"", "ice.servers[0].url"),
            ("url = \"turn:host\"", "ice.servers[0].username"),
        ] {
            let (_folder, path) = file(&format!("[[ice.servers]]\n{table}\n"));
            let error = Config::load(Some(&path), variables(&[]), []).expect_err(table);
            assert!(error.to_string().starts_with(key), "{error}");
        }
        let good =
            "[[ice.servers]]\nurl = \"turns:host:5349\"\nusername = \"u\"\ncredential = \"c\"\n";
        let (_folder, path) = file(good);
        assert!(Config::load(Some(&path), variables(&[]), []).is_ok());
    }

    #[test]
    fn webhooks_that_cannot_work_are_named() {
        for (table, key) in [
            ("url = \"example.net\"\nsecret = \"s\"", "webhooks[0].url"),
            ("url = \"ftp://a/\"\nsecret = \"s\"", "webhooks[0].url"),
            ("url = \"http://u:p@a/\"\nsecret = \"s\"", "webhooks[0].url"),
            ("url = \"http://a/\"\nsecret = \"\"", "webhooks[0].secret"),
        ] {
            let (_folder, path) = file(&format!("[[webhooks]]\n{table}\n"));
            let error = Config::load(Some(&path), variables(&[]), []).expect_err(table);
            assert!(error.to_string().starts_with(key), "{error}");
        }
        let (_folder, path) =
            file("[[webhooks]]\nurl = \"http://a/\"\nsecret = \"s\"\nevents = [\"nothing\"]\n");
        let error = read_file(&path).expect_err("an unknown event");
        assert!(error.to_string().contains("roomStarted"), "{error}");
    }

    #[test]
    fn webhooks_come_from_a_variable_too_and_their_secrets_are_not_shown() {
        let hook =
            r#"[{ url = "https://example.net/", secret = "hunter2", events = ["roomEnded"] }]"#;
        let config = Config::load(None, variables(&[("HEADWATER_WEBHOOKS", hook)]), []);
        let config = config.expect("good");
        assert_eq!(config.webhooks[0].events, [Kind::RoomEnded]);
        let shown = toml::to_string(&config).expect("serializes");
        assert!(
            shown.contains("[[webhooks]]") && !shown.contains("hunter2"),
            "{shown}"
        );
    }

    #[test]
    fn limits_that_would_let_nobody_in_are_refused() {
        let environment = variables(&[("HEADWATER_LIMITS__CONNECTIONS_MAX", "0")]);
        let error = Config::load(None, environment, []).expect_err("nobody");
        assert!(
            error.to_string().starts_with("limits.connections_max"),
            "{error}"
        );
    }

    #[test]
    fn flag_beats_environment_beats_file_beats_default() {
        let (_folder, path) = file("[media]\nport = 1\nshards = 2\nconnect_timeout_s = 3\n");
        let environment = variables(&[
            ("HEADWATER_MEDIA__PORT", "10"),
            ("HEADWATER_MEDIA__SHARDS", "20"),
        ]);
        let config = Config::load(Some(&path), environment, [("media.port", Value::from(100))])
            .expect("good");
        let media = config.media;
        assert_eq!(
            (
                media.port,
                media.shards,
                media.connect_timeout_s,
                media.silence_timeout_s
            ),
            (100, 20, 3, 20)
        );
    }

    #[test]
    fn a_wrong_key_is_named_by_path_and_line() {
        let (_folder, path) = file("[http]\nlisten = \"0.0.0.0:1\"\n\n[media]\nprot = 1\n");
        let error = read_file(&path).expect_err("unknown key").to_string();
        assert!(
            error.contains("line 5") && error.contains("media.prot"),
            "{error}"
        );
    }

    #[test]
    fn a_wrong_value_is_named_by_path_and_line() {
        let (_folder, path) = file("[media]\nport = \"many\"\n");
        let error = read_file(&path).expect_err("wrong type").to_string();
        assert!(
            error.contains("line 2") && error.contains("media.port"),
            "{error}"
        );
    }

    #[test]
    fn a_wrong_variable_is_named() {
        let error = Config::load(None, variables(&[("HEADWATER_MEDIA__PORT", "many")]), [])
            .expect_err("wrong type");
        assert!(error.to_string().contains("media.port"), "{error}");
    }

    #[test]
    fn an_address_that_nobody_can_reach_is_refused() {
        let error = Config::load(
            None,
            variables(&[("HEADWATER_MEDIA__PUBLIC_IPS", "0.0.0.0")]),
            [],
        );
        assert!(error.is_err_and(|error| error.to_string().contains("media.public_ips")));
    }

    #[test]
    fn lists_come_from_variables_too() {
        let environment = variables(&[("HEADWATER_MEDIA__PUBLIC_IPS", "192.0.2.1, 2001:db8::1")]);
        let config = Config::load(None, environment, []).expect("good");
        assert_eq!(config.media.public_ips.len(), 2);
    }

    #[test]
    fn secrets_are_never_shown() {
        let environment = variables(&[("HEADWATER_AUTH__PUBLISH_TOKEN", "hunter2")]);
        let config = Config::load(None, environment, []).expect("good");
        assert_eq!(config.auth.publish_token.reveal(), Some("hunter2"));
        let shown = format!(
            "{config:?}{}",
            toml::to_string(&config).expect("serializes")
        );
        assert!(!shown.contains("hunter2"));
    }

    #[test]
    fn the_default_configuration_reads_back_as_itself() {
        let text = toml::to_string(&Config::default()).expect("serializes");
        assert_eq!(
            toml::from_str::<Config>(&text).ok(),
            Some(Config::default())
        );
    }
}
