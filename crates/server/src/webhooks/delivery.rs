use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::client::{Client, Failure};
use super::message::Message;
use super::metrics::{Metrics, Outcome};
use super::queue::Queue;

/// The pause before the second attempt; each further pause is twice as long.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// How long after it happened an event is still tried again; then it is given up. Each event has
/// one attempt in any case.
const TRIED_FOR: Duration = Duration::from_secs(3_600);

/// Delivers the events of one hook, in order.
pub(super) struct Delivery {
    pub(super) client: Client,
    pub(super) queue: Arc<Queue>,
    pub(super) metrics: Metrics,
    /// Cancelled when the server stops: then each event gets one last attempt.
    pub(super) stopping: CancellationToken,
}

/// How the delivery of an event ended.
enum End {
    Delivered,
    GivenUp,
    /// The receiver answered 410: it wants no further events.
    Gone,
}

impl Delivery {
    /// Delivers events until the receiver answers 410, or the process ends.
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
                tracing::warn!(%hook, event, %failure, "a webhook event was given up");
                return End::GivenUp;
            }
            // Logged once per event: further failures would say the same.
            if pause == PAUSE_MIN {
                tracing::warn!(%hook, event, %failure, "a webhook delivery failed and will be retried");
            }
            self.metrics.count(Outcome::retried);
            // A shutdown cuts the pause short, for one last attempt.
            self.stopping
                .run_until_cancelled(tokio::time::sleep(pause))
                .await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn give_up_hook(&self) {
        let hook = &self.client;
        tracing::warn!(%hook, "a webhook receiver answered 410; it gets no further events until the server is restarted");
        // Inclusive: counts the event that was answered with 410, too.
        for _ in 0..=self.queue.close() {
            self.metrics.count(Outcome::dropped);
        }
    }
}
