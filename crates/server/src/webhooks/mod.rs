//! Webhooks: what happens in rooms, told to programs of the operator by HTTP.
//!
//! [`Webhooks::tell`] writes an event into the queue of each hook that wants it and returns at
//! once; a task of each hook delivers, one event after the other. What is on the wire stands in
//! `docs/protocol/webhooks.md`.

mod client;
mod delivery;
mod event;
mod metrics;
mod queue;
mod signature;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use broadcast::room::Notice;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use crate::config;
use client::Client;
use delivery::Delivery;
use metrics::{Metrics, Outcome};
use queue::Queue;

pub(crate) use event::{Body, Kind};

/// How long the server's end may wait for what is queued.
const FAREWELL: Duration = Duration::from_secs(1);

/// All hooks. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Webhooks {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    hooks: Vec<Hook>,
    metrics: Metrics,
    /// Tells the deliveries of this process from those of others.
    process: u64,
    told: AtomicU64,
    stopping: CancellationToken,
}

/// Where events wait for one receiver.
#[derive(Debug)]
struct Hook {
    /// Empty: all.
    kinds: Vec<Kind>,
    queue: Arc<Queue>,
}

/// An event on its way.
#[derive(Debug)]
struct Message {
    kind: Kind,
    body: String,
    happened: Instant,
}

impl Webhooks {
    /// Begins to deliver; within a runtime.
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

    /// What the deliveries count.
    pub(crate) fn register(&self, registry: &mut Registry) {
        self.shared.metrics.register(registry);
    }

    /// Queues an event for those who want it. Never waits. `at` is in milliseconds since 1970.
    pub(crate) fn tell(&self, notice: &Notice, at: u64) {
        let kind = Kind::of(notice);
        let mut wanting = self.shared.hooks.iter().filter(|hook| hook.wants(kind));
        let Some(first) = wanting.next() else {
            return;
        };
        let number = self.shared.told.fetch_add(1, Ordering::Relaxed) + 1;
        let message = Arc::new(Message {
            kind,
            body: event::body(self.id(number), at, notice),
            happened: Instant::now(),
        });
        for hook in std::iter::once(first).chain(wanting) {
            if hook.queue.push(message.clone()).is_some() {
                self.shared.metrics.count(Outcome::dropped);
            }
        }
    }

    fn id(&self, number: u64) -> String {
        format!("{:016x}-{number}", self.shared.process)
    }

    /// Waits shortly for what is queued; no event is tried twice any more.
    pub(crate) async fn finish(&self) {
        self.shared.stopping.cancel();
        let all = async {
            for hook in &self.shared.hooks {
                hook.queue.empty().await;
            }
        };
        if tokio::time::timeout(FAREWELL, all).await.is_err() {
            tracing::warn!("some events for webhooks were not delivered before the end");
        }
    }
}

impl Hook {
    fn wants(&self, kind: Kind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }
}
