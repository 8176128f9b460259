use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// The result of an event for one hook, or of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(
    non_camel_case_types,
    reason = "label values are lower case in Prometheus"
)]
pub(super) enum Outcome {
    /// The receiver took it.
    delivered,
    /// An attempt failed; another follows.
    retried,
    /// It was not delivered in time.
    given_up,
    /// The queue was full, or the receiver has answered 410.
    dropped,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    result: Outcome,
}

/// Counts deliveries. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Metrics {
    webhooks: Family<Labels, Counter>,
}

impl Metrics {
    pub(super) fn count(&self, result: Outcome) {
        self.webhooks.get_or_create(&Labels { result }).inc();
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "Webhook events and failed attempts, by result";
        registry.register("webhooks", help, self.webhooks.clone());
    }
}
