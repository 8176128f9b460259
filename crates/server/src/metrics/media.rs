use std::time::Duration;

use contract::ClosedReason;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

use crate::causes::{Causes, Seldom};

/// Labels of an ended session.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ClosedLabels {
    reason: Reason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(
    non_camel_case_types,
    reason = "label values are lower case in Prometheus"
)]
enum Reason {
    remote,
    silent,
    never_connected,
    ordered,
}

/// Counters and waiting times of sessions. Cheap to clone; clones count together.
#[derive(Debug, Clone)]
pub(crate) struct MediaMetrics {
    pub(super) closed: Family<ClosedLabels, Counter>,
    /// Session descriptions of clients that were refused.
    pub(crate) refused_offers: Causes,
    /// Sessions that ended before they connected.
    pub(crate) unconnected: Causes,
    /// Limits the log lines about datagrams that are dropped in sessions that are not connected.
    /// The media threads count them.
    pub(crate) not_taken: Seldom,
    pub(super) first_picture: Histogram,
    pub(super) keyframe_wait: Histogram,
}

impl Default for MediaMetrics {
    fn default() -> Self {
        // Buckets from 10 ms to 20 s.
        let waits = || Histogram::new(exponential_buckets(0.01, 2.0, 12));
        Self {
            closed: Family::default(),
            refused_offers: Causes::default(),
            unconnected: Causes::default(),
            not_taken: Seldom::default(),
            first_picture: waits(),
            keyframe_wait: waits(),
        }
    }
}

impl MediaMetrics {
    /// Counts an ended session.
    pub(crate) fn closed(&self, reason: ClosedReason) {
        let reason = match reason {
            ClosedReason::Remote => Reason::remote,
            ClosedReason::Silent => Reason::silent,
            ClosedReason::NeverConnected => Reason::never_connected,
            ClosedReason::Ordered => Reason::ordered,
        };
        self.closed.get_or_create(&ClosedLabels { reason }).inc();
    }

    /// Records how long a viewer waited for its first video packet.
    pub(crate) fn first_picture(&self, wait: Duration) {
        self.first_picture.observe(wait.as_secs_f64());
    }

    /// Records how long a requested key frame took to arrive.
    pub(crate) fn keyframe(&self, wait: Duration) {
        self.keyframe_wait.observe(wait.as_secs_f64());
    }
}
