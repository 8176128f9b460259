//! Many sockets that send valid and invalid frames at random.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

const SOCKETS: usize = 20;
const FRAMES: usize = 1_000;

/// Longer than a storm takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// Pseudorandom numbers from a seed (xorshift64*), the same on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A seed from the clock, or from `HEADWATER_SEED`; printed, so that a failure can be repeated.
    pub(crate) fn printed() -> Self {
        let given = std::env::var("HEADWATER_SEED").ok();
        let seed = given.and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
            let now = std::time::SystemTime::UNIX_EPOCH.elapsed();
            now.map_or(1, |now| now.subsec_nanos().into())
        });
        eprintln!("HEADWATER_SEED={seed}");
        Self::new(seed)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let mixed = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(mixed).expect("31 bits") % end
    }

    /// Picks one item.
    pub(crate) fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }

    /// JSON of an unexpected kind, or with a number that is out of range.
    pub(crate) fn nonsense(&mut self) -> &'static str {
        self.one_of(&[
            "null",
            "[]",
            "{}",
            "0",
            "-1",
            "1e999",
            "true",
            "\"\"",
            "\"\\u0000\"",
            "{\"a\":{}}",
            "[[[[[[]]]]]]",
            "\"__proto__\"",
            "\"<script>\"",
            "{\"type\":7}",
            "\"\u{1f300}\"",
        ])
    }
}

/// Opens 20 sockets and sends 1,000 frames over each. `path` gives the path of a socket by its
/// number, `frame` its next frame. A socket that the server closes is opened again. Returns when
/// all is sent and all that came back was read.
pub(crate) fn storm(
    address: &str,
    chance: &mut Chance,
    path: impl Fn(usize) -> String,
    frame: impl Fn(usize, &mut Chance) -> String,
) {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().expect("a runtime");
    let plans: Vec<(String, Vec<String>)> = (0..SOCKETS)
        .map(|socket| {
            let frames = (0..FRAMES).map(|_| frame(socket, chance)).collect();
            (format!("ws://{address}{}", path(socket)), frames)
        })
        .collect();
    let all = plans.into_iter().map(|(url, frames)| send_all(url, frames));
    let all = async { tokio::time::timeout(PATIENCE, futures_util::future::join_all(all)).await };
    runtime.block_on(all).expect("a storm passes");
}

async fn send_all(url: String, frames: Vec<String>) {
    let mut frames = frames.into_iter();
    'again: loop {
        let (stream, _) = connect_async(&url).await.expect("the server takes sockets");
        let (mut sending, mut coming) = stream.split();
        // The server closes a socket that does not read.
        let reading = tokio::spawn(async move { while let Some(Ok(_)) = coming.next().await {} });
        for frame in frames.by_ref() {
            if sending.send(Message::Text(frame.into())).await.is_err() {
                continue 'again;
            }
        }
        // The server may have closed the socket already, with the last frames unread.
        let closed = sending.close().await;
        drop(closed);
        reading.await.expect("reading does not fail");
        return;
    }
}
