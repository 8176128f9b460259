use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Message;
use super::client::{Client, Failure};
use super::metrics::{Metrics, Outcome};
use super::queue::Queue;

/// Before the second try; each further pause is twice as long.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// No pause is longer.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// An event that happened so long ago is given up. It is tried once in any case.
const TRIED_FOR: Duration = Duration::from_secs(3_600);

/// Delivers the events of one hook in their order.
pub(super) struct Delivery {
    pub(super) client: Client,
    pub(super) queue: Arc<Queue>,
    pub(super) metrics: Metrics,
    /// The server stops: nothing is tried again.
    pub(super) stopping: CancellationToken,
}

/// How an event ended.
enum End {
    Delivered,
    GivenUp,
    /// The receiver wants nothing any more.
    Gone,
}

impl Delivery {
    /// Until the receiver is gone for good, or the process ends.
    pub(super) async fn run(self) {
        loop {
            let message = self.queue.next().await;
            match self.deliver(&message).await {
                End::Delivered => self.metrics.count(Outcome::delivered),
                End::GivenUp => self.metrics.count(Outcome::given_up),
                End::Gone => return self.give_up_hook(),
            }
            self.queue.done();
        }
    }

    async fn deliver(&self, message: &Message) -> End {
        let mut pause = PAUSE_MIN;
        loop {
            let Err(failure) = self.client.post(message).await else {
                return End::Delivered;
            };
            if let Failure::Gone = failure {
                return End::Gone;
            }
            let (hook, event) = (&self.client, message.kind.as_str());
            let late = message.happened.elapsed() + pause > TRIED_FOR;
            if late || self.stopping.is_cancelled() {
                tracing::warn!(%hook, event, %failure, "an event for a webhook is given up");
                return End::GivenUp;
            }
            // Once for each event: what follows says the same.
            if pause == PAUSE_MIN {
                tracing::warn!(%hook, event, %failure, "a webhook fails; it is tried again");
            }
            self.metrics.count(Outcome::retried);
            // Cut short, it is the last try.
            self.stopping
                .run_until_cancelled(tokio::time::sleep(pause))
                .await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn give_up_hook(&self) {
        let hook = &self.client;
        tracing::warn!(%hook, "a webhook answers 410: it gets nothing any more until the server starts anew");
        // With the one that it answered.
        for _ in 0..=self.queue.close() {
            self.metrics.count(Outcome::dropped);
        }
    }
}
