//! The connected sessions, as the log names them.

use std::collections::BTreeMap;

use model::SessionId;

/// The sessions that are connected.
#[derive(Debug, Default)]
pub(super) struct SessionLog {
    pub(super) connected: BTreeMap<SessionId, Whose>,
}

/// Whose a session is. Kept from its connection to its end, since the core may have forgotten it
/// before.
#[derive(Debug, Clone, Default)]
pub(super) struct Whose {
    /// The stream, or the participant with its room.
    pub(super) of: String,
    pub(super) role: &'static str,
    pub(super) client: String,
}
