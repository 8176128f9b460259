//! `[dialects.tributary]`

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use room::peer_tree;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;

use super::ice::Ice;

/// `[dialects.tributary]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tributary {
    /// TCP address and port for this dialect alone; its clients expect port 8081.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) listen: Option<SocketAddr>,
    /// Number of browsers that each browser sends to; at least 1.
    pub(crate) max_listeners: NonZeroU32,
    /// Directory of files that its own port serves. Unset: that port serves only the socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) static_dir: Option<PathBuf>,
    /// STUN and TURN servers that its clients are told to use. Unset: those of `ice.servers`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ice_servers: Option<IceList>,
    /// Broadcasts at a time; one more is refused.
    pub(crate) broadcasts_max: usize,
    /// Browsers in one broadcast; one more is refused.
    pub(crate) members_max: usize,
    /// Trees that one client watches; one more is refused.
    pub(crate) watched_max: usize,
    /// Bytes of the name of a broadcast or a client; a longer one is refused.
    pub(crate) name_bytes_max: usize,
}

/// A list of ICE servers: a string of JSON, or an array of tables. Neither the log nor `headwater
/// config` shows it, since it may contain passwords.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(crate) enum IceList {
    Json(String),
    Tables(Vec<serde_json::Map<String, serde_json::Value>>),
}

impl Default for Tributary {
    fn default() -> Self {
        let limits = peer_tree::Limits::default();
        Self {
            listen: None,
            max_listeners: NonZeroU32::new(limits.listeners_max).unwrap_or(NonZeroU32::MIN),
            static_dir: None,
            ice_servers: None,
            broadcasts_max: limits.broadcasts_max,
            members_max: limits.members_max,
            watched_max: limits.watched_max,
            name_bytes_max: limits.name_bytes_max,
        }
    }
}

impl Tributary {
    /// The limits in the form that `room` takes.
    pub(crate) fn limits(&self) -> peer_tree::Limits {
        peer_tree::Limits {
            listeners_max: self.max_listeners.get(),
            broadcasts_max: self.broadcasts_max,
            members_max: self.members_max,
            watched_max: self.watched_max,
            name_bytes_max: self.name_bytes_max,
        }
    }

    /// The ICE servers for clients, as JSON. A configured string is passed on unchecked.
    pub(crate) fn ice_servers_json(&self, ice: &Ice) -> String {
        match &self.ice_servers {
            Some(IceList::Json(text)) => text.clone(),
            Some(IceList::Tables(tables)) => json!(tables).to_string(),
            None => of_settings(ice),
        }
    }
}

/// `ice.servers` as a JSON array of `RTCIceServer`.
fn of_settings(ice: &Ice) -> String {
    let servers = ice.servers.iter().map(|server| {
        let mut json = json!({ "urls": [server.url] });
        if !server.username.is_empty() {
            json["username"] = server.username.as_str().into();
        }
        if let Some(credential) = server.credential.reveal() {
            json["credential"] = credential.into();
        }
        json
    });
    serde_json::Value::from_iter(servers).to_string()
}

impl fmt::Debug for IceList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<set>")
    }
}

impl Serialize for IceList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("<set>")
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn json_of(toml: &str) -> String {
        let config: Config = toml::from_str(toml).expect("good");
        config.dialects.tributary.ice_servers_json(&config.ice)
    }

    #[test]
    fn ice_servers_of_the_dialect_override_the_general_ones() {
        assert_eq!(json_of(""), "[]");
        let all = "[[ice.servers]]\nurl = \"stun:s.example\"\n[[ice.servers]]\n\
                   url = \"turn:t.example\"\nusername = \"u\"\ncredential = \"p\"\n";
        let expected = json!([
            { "urls": ["stun:s.example"] },
            { "urls": ["turn:t.example"], "username": "u", "credential": "p" },
        ]);
        assert_eq!(json_of(all), expected.to_string());
        let own = "[[dialects.tributary.ice_servers]]\nurls = \"stun:own.example\"\n";
        let expected = r#"[{"urls":"stun:own.example"}]"#;
        assert_eq!(json_of(&format!("{all}{own}")), expected);
    }

    #[test]
    fn ice_servers_as_json_text_are_kept_verbatim() {
        let toml = "[dialects.tributary]\nice_servers = '[ {\"urls\": \"stun:s\"} ]'";
        assert_eq!(json_of(toml), "[ {\"urls\": \"stun:s\"} ]");
    }

    #[test]
    fn ice_server_password_is_absent_from_debug_and_toml() {
        let list = IceList::Json("[{\"credential\":\"word\"}]".to_owned());
        let tributary = Tributary {
            ice_servers: Some(list),
            ..Tributary::default()
        };
        let shown = format!(
            "{tributary:?}{}",
            toml::to_string(&tributary).expect("TOML")
        );
        assert!(!shown.contains("word"), "{shown}");
    }

    #[test]
    fn max_listeners_of_zero_is_refused() {
        let toml = "[dialects.tributary]\nmax_listeners = 0";
        assert!(toml::from_str::<Config>(toml).is_err());
    }
}
