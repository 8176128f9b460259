use std::time::Duration;

use headwater_loadgen::{Idle, Publishers, Settings, Viewers};
use rtp::Bitrate;

use crate::server::Server;

/// A payload size beyond the MTU. With header and authentication tag it is still below the 2,000
/// bytes that a peer accepts.
const OVERSIZED: usize = 1_900;

#[test]
fn packets_beyond_the_mtu_are_dropped_and_counted() {
    let mut server = Server::start(&[]);
    let settings = Settings {
        bitrate: Bitrate::mbps(2),
        payload_bytes_max: OVERSIZED,
        ..Settings::default()
    };
    let publishers = Publishers::new(server.client(), &settings).expect("a thread");
    let published = publishers.join(&server.url("/whip/live"));
    published.expect("a publisher");
    let viewers = Viewers::new(server.client(), Idle::Sleep).expect("a thread");
    let watched = viewers.join(&server.url("/whep/live"));
    watched.expect("a viewer");
    std::thread::sleep(Duration::from_secs(4));
    let (sent, seen) = (publishers.sent(), viewers.report());
    let dropped = server.metric("dropped_total{reason=\"too_large\"}");
    let received = server.metric("packets_in_total");
    eprintln!("{sent:?}; the server took {received} and dropped {dropped}; {seen}");
    assert!(dropped > 100, "{dropped} counted as dropped");
    let noticed = server.metric("dropped_total{reason=\"received_too_large\"}");
    assert!(noticed > 100, "{noticed} noticed of the publisher");
    // Audio and the short last packets of frames get through.
    assert!(seen.connected == 1 && seen.packets > 100, "{seen}");
    assert_eq!(sent.ended, 0);
    server.assert_unharmed();
}
