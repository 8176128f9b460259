use std::time::Instant;

use super::event::Kind;

/// An event that is queued or being delivered.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) kind: Kind,
    pub(super) body: String,
    pub(super) happened: Instant,
}
