use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::causes::Causes;

/// Labels of an answered HTTP request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct HttpLabels {
    dialect: &'static str,
    method: &'static str,
    status: u16,
}

/// The label of a refused request of a participant: its error code.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RefusedLabels {
    code: &'static str,
}

/// Labels of a frame from a client of an earlier system.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct FrameLabels {
    dialect: &'static str,
    outcome: &'static str,
}

/// Counters of HTTP requests and WebSocket frames. Cheap to clone; clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct HttpMetrics {
    pub(super) requests: Family<HttpLabels, Counter>,
    pub(super) refused_calls: Family<RefusedLabels, Counter>,
    pub(super) frames: Family<FrameLabels, Counter>,
    /// HTTP connections that failed.
    pub(crate) failed_connections: Causes,
}

impl HttpMetrics {
    /// Counts a refused request of a participant, by the code that it was refused with.
    pub(crate) fn refused_call(&self, code: &'static str) {
        self.refused_calls
            .get_or_create(&RefusedLabels { code })
            .inc();
    }

    /// Counts a frame from a dialect's socket; `taken` when it was understood and carried out.
    pub(crate) fn frame(&self, dialect: &'static str, taken: bool) {
        let outcome = if taken { "taken" } else { "refused" };
        let labels = FrameLabels { dialect, outcome };
        self.frames.get_or_create(&labels).inc();
    }

    /// Counts an answered request.
    pub(crate) fn answered(&self, dialect: &'static str, method: &http::Method, status: u16) {
        // The client chooses the method: only known ones become labels, which keeps their number
        // bounded.
        let method = ["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS", "PUT"]
            .into_iter()
            .find(|known| *known == method.as_str())
            .unwrap_or("other");
        self.requests
            .get_or_create(&HttpLabels {
                dialect,
                method,
                status,
            })
            .inc();
    }
}
