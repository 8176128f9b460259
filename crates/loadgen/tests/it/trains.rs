//! How many datagrams leave for a viewer in one send, by the server's own counters.

use std::time::{Duration, Instant};

use headwater_loadgen::{Cut, Settings};
use rtp::Bitrate;

use crate::server::Server;
use crate::stream::{LIGHT, Stream};

/// Video alone, in frames of six packets that leave the publisher at once. The sizes of a frame's
/// packets differ by one byte.
const FRAMES: Settings = Settings {
    bitrate: Bitrate::kbps(1_200),
    // Longer than the test, so that nothing is served from the cache while it measures.
    keyframes: Duration::from_secs(60),
    audio: false,
    cut: Cut::Even,
    paced: false,
    ..LIGHT
};

/// Number of datagrams to measure.
const ENOUGH: u64 = 10_000;
const PATIENCE: Duration = Duration::from_secs(30);

/// One of this many sends may be cut before a longer datagram for other reasons: an RTCP report
/// before a video packet, or a frame before a larger one.
const CUT_SHARE: u64 = 50;

#[test]
fn frames_cut_evenly_leave_in_one_send() {
    let server = Server::start(&[]);
    let stream = Stream::start(&server, &FRAMES, 20);
    let now = || {
        [
            "datagrams_out_total",
            "trains_out_total",
            "trains_cut_total",
        ]
        .map(|name| server.metric(name))
    };
    let (before, deadline) = (now(), Instant::now() + PATIENCE);
    let since = loop {
        let seen = now();
        let since = [0, 1, 2].map(|i| seen[i] - before[i]);
        if since[0] > ENOUGH {
            break since;
        }
        assert!(Instant::now() < deadline, "only {since:?} left");
        std::thread::sleep(Duration::from_millis(100));
    };
    let [datagrams, trains, cut] = since;
    eprintln!("{datagrams} datagrams in {trains} sends, {cut} of them cut");
    assert!(cut * CUT_SHARE < trains, "{cut} of {trains} sends were cut");
    // Padded packets arrived as they were published: the stamp at a payload's end checks its
    // length.
    let seen = stream.viewers.report();
    assert_eq!((seen.connected, seen.broken), (20, 0), "{seen}");
}
