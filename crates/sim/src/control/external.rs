//! Clients outside rooms: they publish by WHIP and watch by WHEP.

use session::Caller;

/// A session that such a client opened, and may have closed.
#[derive(Debug, Clone)]
pub(super) struct ExternalSession {
    pub(super) caller: Caller,
}
