use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use str0m::Event;
use str0m::rtp::RtpWrite;

use super::Client;

/// Interval between two packets, each of which is one frame.
const PACKET_EVERY: Duration = Duration::from_millis(5);

/// Packets between two pings: half a second, the interval of Broadcast-Recording's clients.
const PING_EVERY: u64 = 100;

/// Sends numbered video packets from a thread of its own, until it is dropped.
pub(crate) struct Publisher {
    asked: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Publisher {
    /// Starts to publish over a client whose offer was answered.
    pub(crate) fn begin(client: Client) -> Self {
        Self::begin_with(client, super::FRAME_BYTES)
    }

    /// [`Self::begin`] with payloads of `frame_bytes`.
    pub(crate) fn begin_with(client: Client, frame_bytes: usize) -> Self {
        let (asked, over) = (
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (count, end) = (asked.clone(), over.clone());
        let thread = std::thread::spawn(move || publish(client, frame_bytes, &count, &end));
        Self {
            asked,
            over,
            thread: Some(thread),
        }
    }

    /// Key-frame requests received so far.
    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// Publishes until `over`. Only the first frame and requested ones are key frames.
fn publish(mut client: Client, frame_bytes: usize, asked: &AtomicU64, over: &AtomicBool) {
    let (mut number, mut due) = (0, None);
    let (mut keyframe, mut channel) = (true, None);
    let mid = client.sends.expect("it offered to send");
    while !over.load(Ordering::Relaxed) {
        for event in client.turn() {
            match event {
                Event::Connected => due = Some(client.now),
                Event::ChannelOpen(id, _) => channel = Some(id),
                Event::KeyframeRequest(_) => {
                    asked.fetch_add(1, Ordering::Relaxed);
                    keyframe = true;
                }
                _ => {}
            }
        }
        if due.is_none_or(|due| client.now < due) {
            continue;
        }
        due = Some(client.now + PACKET_EVERY);
        let pt = client.rtc.media(mid).expect("an m-line").remote_pts()[0];
        let (seq, time) = ((number + 1).into(), 450 * number as u32);
        let frame = super::frame(number, keyframe, frame_bytes);
        let packet = RtpWrite::new(pt, seq, time, client.now, frame);
        let mut direct = client.rtc.direct_api();
        let stream = direct.stream_tx_by_mid(mid, None).expect("it sends");
        stream.write_rtp(packet.marker(true));
        if number % PING_EVERY == 0
            && let Some(mut channel) = channel.and_then(|id| client.rtc.channel(id))
        {
            channel.write(false, b"ping-1000").expect("it is open");
        }
        (number, keyframe) = (number + 1, false);
    }
}
