//! What goes to a viewer together, told by the server's own counters.

use std::time::{Duration, Instant};

use headwater_loadgen::{Cut, Settings};
use rtp::Bitrate;

use crate::server::Server;
use crate::stream::{LIGHT, Stream};

/// Video alone, in frames of six packets that leave the publisher at once. Their sizes differ by
/// a byte.
const FRAMES: Settings = Settings {
    bitrate: Bitrate::kbps(1_200),
    // Longer than the test: what a viewer gets from the cache comes before it is measured.
    keyframes: Duration::from_secs(60),
    audio: false,
    cut: Cut::Even,
    paced: false,
    ..LIGHT
};

/// Datagrams that are looked at.
const ENOUGH: u64 = 10_000;
const PATIENCE: Duration = Duration::from_secs(30);

/// One of so many sends may end before a longer datagram for another reason: a report before a
/// packet of video, a frame before a larger one.
const CUT_SHARE: u64 = 50;

#[test]
fn frames_cut_as_browsers_do_leave_whole() {
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
    // What was padded came out as it was published: the end of a payload tells its length.
    let seen = stream.viewers.report();
    assert_eq!((seen.connected, seen.broken), (20, 0), "{seen}");
}
