use super::Config;
use super::error::ConfigError;

impl Config {
    /// Checks what the types cannot express.
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
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
}
