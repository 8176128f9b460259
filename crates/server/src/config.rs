//! Settings. Each source overrides the one before: defaults, the file, `HEADWATER_…` variables,
//! flags.

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

pub(crate) use dialects::{Dialects, Gortc};
pub(crate) use tributary::Tributary;

/// Prefix of environment variables; `HEADWATER_MEDIA__PORT` is `media.port`.
const ENV_PREFIX: &str = "HEADWATER_";

/// All settings. Each is a key in TOML and an environment variable.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Address of the pages and the APIs.
    pub(crate) http: Http,
    /// UDP ports, candidate addresses, media threads and their timeouts.
    pub(crate) media: Media,
    /// STUN and TURN servers for clients, and how answers announce ICE.
    pub(crate) ice: Ice,
    /// Tokens for publishing, watching, hosting and the API.
    pub(crate) auth: Auth,
    /// How long viewers wait for a publisher, and how strict WHIP and WHEP are.
    pub(crate) streams: Streams,
    /// Limits of rooms and their participants.
    pub(crate) rooms: Rooms,
    /// Protocols of earlier systems, for their unchanged clients.
    pub(crate) dialects: Dialects,
    /// Limits of sessions, connections, requests and caches.
    pub(crate) limits: Limits,
    /// Format and filter of log lines.
    pub(crate) log: Log,
    /// Receivers of events in rooms.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) webhooks: Vec<Webhook>,
}

/// `[http]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Http {
    /// TCP address and port of the pages and the APIs.
    pub(crate) listen: SocketAddr,
}

/// `[media]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Media {
    /// UDP port of the first shard; each further shard takes the next one.
    pub(crate) port: u16,
    /// Addresses for ICE candidates, at which clients reach the server. Empty: all addresses of
    /// the host.
    pub(crate) public_ips: Vec<IpAddr>,
    /// Number of media threads. 0: one per core.
    pub(crate) shards: usize,
    /// Seconds in which a session must connect; then it is ended.
    pub(crate) connect_timeout_s: u64,
    /// Seconds without a datagram from the client after which its session is ended.
    pub(crate) silence_timeout_s: u64,
}

/// `[ice]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Ice {
    /// STUN and TURN servers that clients are told to use.
    pub(crate) servers: Vec<IceServer>,
    /// Write `a=ice-lite` into answers. RFC 8839 §5.3 demands it, but Chromium connects later when
    /// it reads it.
    pub(crate) announce_lite: bool,
}

/// One of `[[ice.servers]]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IceServer {
    /// `stun:host:port` or `turn:host:port?transport=udp`.
    pub(crate) url: String,
    /// User name for TURN; empty for STUN.
    #[serde(default)]
    pub(crate) username: String,
    /// Password for TURN; empty for STUN.
    #[serde(default)]
    pub(crate) credential: Secret,
}

/// One of `[[webhooks]]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhook {
    /// URL to which events are posted: `http://` or `https://`, without user name and password.
    pub(crate) url: String,
    /// Key of the HMAC-SHA256 signature of each delivery. Must not be empty.
    pub(crate) secret: Secret,
    /// Kinds of events to post. Empty: all.
    #[serde(default)]
    pub(crate) events: Vec<Kind>,
}

/// `[auth]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Auth {
    /// Bearer token for the rooms API. Empty: the API is closed, or open to everyone if no other
    /// token is set either.
    pub(crate) api_token: Secret,
    /// Token for hosts of rooms. Empty: hosts need the same token as publishers.
    pub(crate) host_token: Secret,
    /// Bearer token for publishing. Empty: anyone can publish.
    pub(crate) publish_token: Secret,
    /// Bearer token for watching. Empty: anyone can watch.
    pub(crate) view_token: Secret,
}

/// `[streams]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Streams {
    /// Let viewers connect before the publisher does, and wait for it. Otherwise they get 404.
    pub(crate) viewers_wait: bool,
    /// Seconds without a publisher after which the viewers' sessions end.
    pub(crate) publisher_grace_s: u64,
    /// Refuse a PATCH without `If-Match` with 428.
    pub(crate) strict: bool,
}

/// `[rooms]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Rooms {
    /// Rooms at a time. At the limit the unlocked room that has been empty the longest gives way;
    /// if there is none, a new room is refused.
    pub(crate) rooms_max: usize,
    /// Participants of one room; one more is refused.
    pub(crate) participants_max: usize,
    /// Streams of one room; one more is refused.
    pub(crate) streams_max: usize,
    /// Streams of one participant; one more is refused.
    pub(crate) streams_per_participant_max: usize,
    /// Bytes of a message; a longer one is refused.
    pub(crate) message_bytes_max: usize,
    /// Bytes of the metadata that an application sets for a participant; more is refused.
    pub(crate) metadata_bytes_max: usize,
    /// Messages per second of one participant, with bursts of twice as many; further ones are
    /// refused. 0: no limit.
    pub(crate) messages_per_second: u32,
    /// Seconds after which an empty room ends.
    pub(crate) empty_grace_s: u64,
    /// Seconds for which a participant stays after its socket was lost.
    pub(crate) lost_grace_s: u64,
}

impl Default for Rooms {
    fn default() -> Self {
        let limits = room::Limits::default();
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
    /// The limits in the form that `broadcast` takes.
    pub(crate) fn limits(&self) -> room::Limits {
        room::Limits {
            rooms_max: self.rooms_max,
            participants_max: self.participants_max,
            streams_max: self.streams_max,
            streams_per_participant_max: self.streams_per_participant_max,
            message_bytes_max: self.message_bytes_max,
            metadata_bytes_max: self.metadata_bytes_max,
            messages_per_second: self.messages_per_second,
            empty_grace: Duration::from_secs(self.empty_grace_s),
            lost_grace: Duration::from_secs(self.lost_grace_s),
            ..room::Limits::default()
        }
    }
}

/// `[limits]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// Sessions of publishers and viewers together; one more gets 503.
    pub(crate) sessions_max: usize,
    /// New sessions per second, with bursts of twice as many; more get 429.
    pub(crate) sessions_per_second: u32,
    /// HTTP connections at a time; further ones wait until one ends. Each viewer's event stream
    /// is one.
    pub(crate) connections_max: usize,
    /// WebSockets at a time, one for each participant; further ones get 503.
    pub(crate) sockets_max: usize,
    /// Milliseconds in which a request's head must arrive, and for which a connection may be idle
    /// between requests; then it is closed.
    pub(crate) header_timeout_ms: u64,
    /// Bytes of an offer; a larger one gets 413.
    pub(crate) sdp_bytes_max: usize,
    /// Bytes of a trickle fragment or another small body; a larger one gets 413.
    pub(crate) fragment_bytes_max: usize,
    /// Bytes of one WebSocket frame of a participant; a larger one closes its socket.
    pub(crate) frame_bytes_max: usize,
    /// Milliseconds for a request's body to arrive; a slower one gets 408.
    pub(crate) body_timeout_ms: u64,
    /// Payload bytes cached per video layer since its last key frame. Beyond them the cache stays
    /// empty until the next key frame, and new viewers wait for that one.
    pub(crate) cache_bytes_max: usize,
    /// Milliseconds cached per video layer; beyond them, the same as for `cache_bytes_max`.
    pub(crate) cache_ms_max: u64,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    /// Readable text, or one JSON object per line.
    pub(crate) format: LogFormat,
    /// Filter in the syntax of `tracing`: `info`, or `info,headwater_shard=debug`.
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

/// A secret, which neither the log nor `headwater config` shows.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(String);

impl Secret {
    /// The secret itself; `None` when it is not set.
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
            // A user name and password in front of the host would not be sent.
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

/// Why the settings cannot be used. The message names the key and the fix.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {error}", path.display())]
    Read {
        /// Path of the file.
        path: PathBuf,
        /// Error of the system.
        error: std::io::Error,
    },
    /// The file is not TOML, or has a wrong key or value.
    #[error("{}, line {line}: {key}{message}", path.display())]
    File {
        /// Path of the file.
        path: PathBuf,
        /// Line in the file, counted from one.
        line: usize,
        /// The key's full path and a colon; empty when the key is not known.
        key: String,
        /// What is wrong.
        message: String,
    },
    /// A key has a wrong name or value in a variable, in a flag, or in the merged settings.
    #[error("{key}: {message}")]
    Value {
        /// The key's full path.
        key: String,
        /// What is wrong.
        message: String,
    },
}

impl Config {
    /// Merges the file, the environment `variables` and the `flags` (key paths with values), each
    /// over the one before, and checks the result.
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
                // Single words such as HEADWATER_BIN belong to scripts: every key but `webhooks`
                // has a section.
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

    /// Checks what the types cannot express.
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
                    "{ip} is not an address that clients can send to; leave the list empty to use all addresses of the host"
                ),
            );
        }
        for (key, value) in [
            ("limits.sessions_max", self.limits.sessions_max),
            ("limits.connections_max", self.limits.connections_max),
        ] {
            if value == 0 {
                return wrong(key, "must be at least 1: 0 would let nobody in".to_owned());
            }
        }
        for (index, server) in self.ice.servers.iter().enumerate() {
            let key = |name: &str| format!("ice.servers[{index}].{name}");
            let (scheme, rest) = server.url.split_once(':').unwrap_or_default();
            let relays = matches!(scheme, "turn" | "turns");
            if rest.is_empty() || !(relays || matches!(scheme, "stun" | "stuns")) {
                let message = format!(
                    "{:?} is not an ICE server; write it like stun:host:3478 or turn:host:3478?transport=udp",
                    server.url
                );
                return wrong(&key("url"), message);
            }
            if relays && (server.username.is_empty() || server.credential.reveal().is_none()) {
                let message =
                    "a TURN server needs username and credential: browsers insist on both";
                return wrong(&key("username"), message.to_owned());
            }
        }
        for (index, hook) in self.webhooks.iter().enumerate() {
            let key = |name: &str| format!("webhooks[{index}].{name}");
            if !hook.has_address() {
                let message =
                    "not a URL to post events to; write it like https://example.net/headwater";
                return wrong(&key("url"), message.to_owned());
            }
            if hook.secret.reveal().is_none() {
                let message = "must not be empty: the receiver uses it to verify deliveries";
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

/// The full path of the key that an error is about. serde reports an unknown key at its parent:
/// only the message has its own name.
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

/// Reads a variable in the first of these forms that its key accepts: plain text (a token may look
/// like a number), TOML, a list with commas.
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
    fn ice_server_that_browsers_refuse_is_named_by_key() {
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
    fn invalid_webhook_is_named_by_key() {
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
    fn webhooks_load_from_variable_and_hide_their_secrets() {
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
    fn limit_of_zero_connections_is_refused() {
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
    fn unknown_key_is_named_by_path_and_line() {
        let (_folder, path) = file("[http]\nlisten = \"0.0.0.0:1\"\n\n[media]\nprot = 1\n");
        let error = read_file(&path).expect_err("unknown key").to_string();
        assert!(
            error.contains("line 5") && error.contains("media.prot"),
            "{error}"
        );
    }

    #[test]
    fn wrong_value_is_named_by_path_and_line() {
        let (_folder, path) = file("[media]\nport = \"many\"\n");
        let error = read_file(&path).expect_err("wrong type").to_string();
        assert!(
            error.contains("line 2") && error.contains("media.port"),
            "{error}"
        );
    }

    #[test]
    fn wrong_variable_is_named_by_its_key() {
        let error = Config::load(None, variables(&[("HEADWATER_MEDIA__PORT", "many")]), [])
            .expect_err("wrong type");
        assert!(error.to_string().contains("media.port"), "{error}");
    }

    #[test]
    fn unspecified_public_ip_is_refused() {
        let error = Config::load(
            None,
            variables(&[("HEADWATER_MEDIA__PUBLIC_IPS", "0.0.0.0")]),
            [],
        );
        assert!(error.is_err_and(|error| error.to_string().contains("media.public_ips")));
    }

    #[test]
    fn list_loads_from_variable_with_commas() {
        let environment = variables(&[("HEADWATER_MEDIA__PUBLIC_IPS", "192.0.2.1, 2001:db8::1")]);
        let config = Config::load(None, environment, []).expect("good");
        assert_eq!(config.media.public_ips.len(), 2);
    }

    #[test]
    fn secret_is_absent_from_debug_and_toml() {
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
    fn default_configuration_survives_a_round_trip() {
        let text = toml::to_string(&Config::default()).expect("serializes");
        assert_eq!(
            toml::from_str::<Config>(&text).ok(),
            Some(Config::default())
        );
    }
}
