use std::sync::Arc;

use super::participations::Participations;
use crate::http::Service;

/// What all sockets share. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Context {
    pub(super) service: Service,
    pub(super) participations: Arc<Participations>,
}
