use serde::{Deserialize, Serialize};

use super::secret::Secret;

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
