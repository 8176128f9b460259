//! Webhooks: events in rooms, posted over HTTP to the operator's programs.
//!
//! [`Webhooks::tell`] queues an event for each hook that wants it and returns at once. One task per
//! hook delivers its events, one after the other. `docs/protocol/webhooks.md` describes the wire
//! format.

mod client;
mod delivery;
mod event;
mod message;
mod metrics;
mod queue;
mod signature;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use prometheus_client::registry::Registry;
use room::{Topology, WebhookEvent};
use tokio_util::sync::CancellationToken;

use crate::config;
use client::Client;
use delivery::Delivery;
use message::Message;
use metrics::{Metrics, Outcome};
use queue::Queue;

pub(crate) use event::{Body, Kind};

/// How long a shutdown waits for queued events to be delivered.
const FAREWELL: Duration = Duration::from_secs(1);

/// All configured hooks. Cheap to clone; clones share the queues.
#[derive(Debug, Clone)]
pub(crate) struct Webhooks {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    hooks: Vec<Hook>,
    metrics: Metrics,
    /// A random number that tells the event ids of this process from those of others.
    process: u64,
    /// Number of events so far, for their ids.
    told: AtomicU64,
    stopping: CancellationToken,
}

/// One receiver, with the events that wait for it.
#[derive(Debug)]
struct Hook {
    /// Kinds of events that it wants. Empty: all.
    kinds: Vec<Kind>,
    queue: Arc<Queue>,
}

impl Webhooks {
    /// Starts the delivery tasks; must be called within a tokio runtime. Fails when an HTTPS
    /// receiver is configured and the system has no root certificates.
    pub(crate) fn start(hooks: &[config::Webhook]) -> anyhow::Result<Self> {
        let (metrics, stopping) = (Metrics::default(), CancellationToken::new());
        let mut started = Vec::new();
        for hook in hooks {
            let queue = Arc::new(Queue::default());
            let delivery = Delivery {
                client: Client::new(hook)?,
                queue: queue.clone(),
                metrics: metrics.clone(),
                stopping: stopping.clone(),
            };
            tokio::spawn(delivery.run());
            let kinds = hook.events.clone();
            started.push(Hook { kinds, queue });
        }
        let shared = Shared {
            hooks: started,
            metrics,
            process: getrandom::u64()?,
            told: AtomicU64::new(0),
            stopping,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Registers the metrics of the deliveries.
    pub(crate) fn register(&self, registry: &mut Registry) {
        self.shared.metrics.register(registry);
    }

    /// Queues an event for each hook that wants it, without waiting. `at` is in milliseconds since
    /// 1970. A full queue drops its oldest event, which is counted.
    pub(crate) fn tell(&self, topology: Topology, event: &WebhookEvent, at: u64) {
        let kind = Kind::of(event);
        // The body is written once for all hooks, and not at all when none wants it.
        let mut wanting = self.shared.hooks.iter().filter(|hook| hook.wants(kind));
        let Some(first) = wanting.next() else {
            return;
        };
        let number = self.shared.told.fetch_add(1, Ordering::Relaxed) + 1;
        let message = Arc::new(Message {
            kind,
            body: event::body(self.id(number), at, topology, event),
            happened: Instant::now(),
        });
        for hook in std::iter::once(first).chain(wanting) {
            if hook.queue.push(message.clone()).is_some() {
                self.shared.metrics.count(Outcome::dropped);
            }
        }
    }

    /// The id of an event, which receivers see.
    fn id(&self, number: u64) -> String {
        format!("{:016x}-{number}", self.shared.process)
    }

    /// Waits up to [`FAREWELL`] for queued events, each of which gets one last attempt.
    pub(crate) async fn finish(&self) {
        self.shared.stopping.cancel();
        let all = async {
            for hook in &self.shared.hooks {
                hook.queue.empty().await;
            }
        };
        if tokio::time::timeout(FAREWELL, all).await.is_err() {
            tracing::warn!("some webhook events were not delivered before the shutdown");
        }
    }
}

impl Hook {
    fn wants(&self, kind: Kind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }
}
