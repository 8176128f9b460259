//! The costs of requests.

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use client::{Certificate, Config, Offering};
use http::{Method, Request};
use rtc::{Peer, Role};
use rtp::Bitrate;
use signaling::{dialect, ice_fragment};

use crate::clock::cpu_time;
use crate::rig::{LOCALHOST, server_config, viewer_role};
use crate::terminal::progress;

/// How often each message is handled.
const TIMES: usize = 200;

const FRAGMENT: &str = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n\
    a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n\
    a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1\r\n\
    a=candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ host generation 0 ufrag EsAw network-id 2\r\n\
    a=end-of-candidates\r\n";

/// What one kind of message costs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) name: &'static str,
    /// Median processor time.
    pub(crate) time: Duration,
}

pub(crate) fn measure() -> anyhow::Result<Vec<Cost>> {
    progress("messages");
    let now = Instant::now();
    let address = |port| SocketAddr::new(LOCALHOST, port);
    let server = server_config(address(7_882), now);
    let client = Config::new(&Certificate::generate(), address(40_000));
    let offer = |direction, rids: &[&str]| {
        let offering = Offering::new(&client, direction, rids, now);
        offering.sdp().to_owned()
    };
    let watch = offer(client::Direction::Receive, &[]);
    let publish = offer(client::Direction::Send, &["l", "m", "h"]);
    let request = Request::builder()
        .method(Method::POST)
        .header("content-type", "application/sdp")
        .body(Bytes::from(watch.clone()))?;
    let estimate = Some(Bitrate::mbps(2));
    Ok(vec![
        cost("a WHEP request is read", || {
            dialect::whep::call("live", &request).is_ok()
        }),
        cost("a viewer's offer is answered", || {
            Peer::answer(&server, viewer_role(), &watch, estimate, now).is_ok()
        }),
        cost("a publisher's offer of three layers is answered", || {
            Peer::answer(&server, Role::Publisher, &publish, None, now).is_ok()
        }),
        cost("a fragment with two candidates is read", || {
            ice_fragment::parse(FRAGMENT).is_ok()
        }),
    ])
}

fn cost(name: &'static str, mut act: impl FnMut() -> bool) -> Cost {
    assert!(act(), "{name}: the benchmark's own message is refused");
    let mut times: Vec<_> = (0..TIMES)
        .map(|_| {
            let began = cpu_time();
            black_box(act());
            cpu_time() - began
        })
        .collect();
    times.sort_unstable();
    Cost {
        name,
        time: times[TIMES / 2],
    }
}
