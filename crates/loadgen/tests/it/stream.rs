//! A running stream, and checks of what its viewers receive.

use std::time::{Duration, Instant};

use headwater_loadgen::{Client, Cut, Idle, Publishers, Report, STALL, Sent, Settings, Viewers};
use rtp::{Bitrate, Codec};

use crate::server::Server;

/// A stream light enough for a build without optimisation that shares two cores with an attack.
pub(crate) const LIGHT: Settings = Settings {
    codec: Codec::Vp8,
    bitrate: Bitrate::kbps(300),
    fps: 25,
    keyframes: Duration::from_secs(2),
    layers: 1,
    audio: true,
    payload_bytes_max: 1_100,
    cut: Cut::Even,
    file: None,
    paced: true,
};

/// The share of frames that viewers must get. On a machine that is busy with other work a lower
/// share is accepted, and freezes prove nothing.
const FRAMES_MIN: f64 = 0.95;
const FRAMES_MIN_BUSY: f64 = 0.7;

/// One publisher and some viewers of the stream `live`.
pub(crate) struct Stream {
    pub(crate) publishers: Publishers,
    /// The server's answer to the publisher.
    pub(crate) answer: String,
    pub(crate) viewers: Viewers,
    endpoint: String,
    count: u64,
}

/// Where a measurement began.
pub(crate) struct Mark {
    sent: Sent,
    seen: Report,
}

impl Stream {
    pub(crate) fn start(server: &Server, settings: &Settings, count: usize) -> Self {
        let client = server.client();
        let publishers = Publishers::new(client, settings).expect("a thread");
        let answer = publishers.join(&server.url("/whip/live"));
        let stream = Self {
            publishers,
            answer: answer.expect("a publisher"),
            viewers: Viewers::new(client, Idle::Sleep).expect("a thread"),
            endpoint: server.url("/whep/live"),
            count: count as u64,
        };
        stream.join(count);
        stream
    }

    /// Adds viewers. Returns when all of them watch at the live edge.
    pub(crate) fn join(&self, count: usize) {
        let before = self.viewers.report().first_packet.count();
        for _ in 0..count {
            self.viewers.join(&self.endpoint).expect("a viewer");
        }
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.viewers.report().first_packet.count() < before + count as u64 {
            assert!(Instant::now() < deadline, "{}", self.viewers.report());
            std::thread::sleep(Duration::from_millis(100));
        }
        // A new viewer first gets packets from the cache.
        std::thread::sleep(Duration::from_secs(3));
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            sent: self.publishers.sent(),
            seen: self.viewers.report(),
        }
    }

    /// Checks that every viewer is connected and got most of its frames, with the lower limit for
    /// busy machines.
    pub(crate) fn assert_served_since(&self, mark: &Mark, what: &str) {
        let (sent, seen) = (self.publishers.sent(), self.viewers.report());
        let frames = (sent.frames - mark.sent.frames) * self.count;
        let share = (seen.frames - mark.seen.frames + self.count) as f64 / frames as f64;
        eprintln!(
            "{what}: {:.1} % of {frames} frames\n  in all: {seen}",
            100.0 * share
        );
        assert!(sent.ended == 0 && seen.ended == 0, "{sent:?} {seen}");
        assert_eq!(seen.connected as u64, self.count);
        assert!(
            share >= FRAMES_MIN_BUSY,
            "only {share:.3} of the frames came"
        );
    }

    /// Checks that every viewer is connected, got at least 95 % of the frames and never froze. On a
    /// busy machine the lower limit applies.
    pub(crate) fn assert_undisturbed_since(&self, mark: &Mark, what: &str) {
        let (sent, seen) = (self.publishers.sent(), self.viewers.report());
        let frames = (sent.frames - mark.sent.frames) * self.count;
        // Each viewer may have one frame in flight.
        let share = (seen.frames - mark.seen.frames + self.count) as f64 / frames as f64;
        let freezes = seen.freezes - mark.seen.freezes;
        eprintln!(
            "{what}: {:.1} % of {frames} frames, {freezes} freezes, {:.0} packets/s, {}\n  in all: {seen}",
            100.0 * share,
            seen.packets_per_second(&mark.seen),
            seen.bitrate(&mark.seen),
        );
        assert!(sent.ended == 0 && seen.ended == 0, "{sent:?} {seen}");
        assert_eq!(seen.connected as u64, self.count);
        if seen.stall_max > STALL {
            assert!(
                share >= FRAMES_MIN_BUSY,
                "only {share:.3} of the frames came"
            );
        } else {
            assert!(share >= FRAMES_MIN, "only {share:.3} of the frames came");
            assert_eq!(freezes, 0, "{seen}");
        }
    }
}

/// Makes the SDP offer of a publisher with these rids.
pub(crate) fn offer(rids: &[&str]) -> String {
    let certificate = client::Certificate::generate();
    let config = client::Config::new(&certificate, ([127, 0, 0, 1], 9).into());
    let direction = client::Direction::Send;
    let offering = client::Offering::new(&config, direction, rids, Instant::now());
    offering.sdp().to_owned()
}

/// POSTs an offer. Returns the status and the body.
pub(crate) fn post(client: &Client, url: &str, offer: &str) -> (u16, String) {
    let answered = client.offer(url, offer).expect("an answer");
    (answered.status, answered.body)
}
