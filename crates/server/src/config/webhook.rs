use serde::{Deserialize, Serialize};

use super::secret::Secret;
use crate::webhooks::Kind;

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

impl Webhook {
    /// Whether events can be posted to the URL.
    pub(super) fn has_address(&self) -> bool {
        let url: Result<http::Uri, _> = self.url.parse();
        url.is_ok_and(|url| {
            let scheme = matches!(url.scheme_str(), Some("http" | "https"));
            // A user name and password in front of the host would not be sent.
            let host = url.authority().is_some_and(|a| !a.as_str().contains('@'));
            scheme && host
        })
    }
}
