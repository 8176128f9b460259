use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::server::Server;
use crate::stream::{LIGHT, Stream, offer, post};

const OFFERS: usize = 1_000;

/// Limit for the growth of memory: some hundred offers are good enough for a session, at less than
/// 100 kB each.
const MEMORY_KB_MAX: u64 = 65_536;

const POST: &str = "POST /whip/other HTTP/1.1\r\nContent-Type: application/sdp\r\nContent-Length: ";

#[test]
fn huge_slow_and_malformed_bodies_are_refused() {
    let mut server = Server::start(&[
        ("HEADWATER_LIMITS__BODY_TIMEOUT_MS", "500"),
        ("HEADWATER_LIMITS__SESSIONS_PER_SECOND", "10000"),
        ("HEADWATER_MEDIA__CONNECT_TIMEOUT_S", "3"),
    ]);
    let stream = Stream::start(&server, &LIGHT, 3);
    let (mark, before) = (stream.mark(), server.memory_kb());

    let megabyte = vec![b'x'; 1 << 20];
    for _ in 0..20 {
        // One declares its size and sends it all, the other declares more and ends half-way.
        assert_eq!(
            server.send(&format!("{POST}{}", 1 << 20), &megabyte),
            Some(413)
        );
        assert_ne!(
            server.send(&format!("{POST}{}", 1_u64 << 40), &megabyte),
            Some(201)
        );
    }
    std::thread::scope(|scope| {
        let slow = || assert_eq!(server.send(&format!("{POST}100"), b"v=0"), Some(408));
        for _ in 0..20 {
            scope.spawn(slow);
        }
    });
    let statuses = mutated_offers(&server);
    eprintln!(
        "mutated offers: {statuses:?}; memory {} kB, before {before} kB",
        server.memory_kb()
    );
    assert!(statuses.keys().all(|status| matches!(status / 100, 2 | 4)));
    assert!(statuses.len() > 1, "no mutation hurt, or none survived");

    stream.assert_undisturbed_since(&mark, "beside bad bodies");
    server.wait_for_sessions(4, Duration::from_secs(10));
    assert!(server.memory_kb() < before + MEMORY_KB_MAX);
    server.assert_unharmed();
}

/// Connections that never complete a request head keep others waiting only until the timeout.
#[test]
fn endless_request_heads_are_cut_off_and_others_served() {
    let mut server = Server::start(&[
        ("HEADWATER_LIMITS__CONNECTIONS_MAX", "50"),
        ("HEADWATER_LIMITS__HEADER_TIMEOUT_MS", "1000"),
    ]);
    let mut slow: Vec<_> = (0..100).map(|_| server.connect()).collect();
    for stream in &mut slow {
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: a")
            .expect("taken by the kernel");
    }
    let start = Instant::now();
    // Two batches of fifty connections are ahead of it.
    assert_eq!(server.send("GET /healthz HTTP/1.1", b""), Some(200));
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    for stream in &mut slow {
        assert!(
            is_closed(stream),
            "a connection without a request is still open"
        );
    }
    server.assert_unharmed();
}

fn is_closed(stream: &mut TcpStream) -> bool {
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .expect("a timeout");
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => true,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

/// POSTs slightly broken offers. Returns the count of each status.
fn mutated_offers(server: &Server) -> BTreeMap<u16, usize> {
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let offers = [offer(&[]), offer(&["l", "m", "h"])];
    let mut statuses = BTreeMap::new();
    let start = Instant::now();
    for number in 0..OFFERS {
        let offer = mutate(&mut rng, &offers[number % 2]);
        let dialect = if number % 4 < 3 { "whip" } else { "whep" };
        let url = server.url(&format!("/{dialect}/mutated-{number}"));
        *statuses
            .entry(post(server.client(), &url, &offer).0)
            .or_default() += 1;
    }
    eprintln!("{OFFERS} offers in {:?}", start.elapsed());
    statuses
}

/// Returns an offer with a few bytes changed, or lines dropped, repeated or swapped.
pub(crate) fn mutate(rng: &mut Rng, offer: &str) -> String {
    let mut lines: Vec<Vec<u8>> = offer.lines().map(|line| line.as_bytes().to_vec()).collect();
    for _ in 0..rng.usize(1..6) {
        let (at, other) = (rng.usize(..lines.len()), rng.usize(..lines.len()));
        match rng.u8(..6) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(other, lines[at].clone()),
            2 => lines.swap(at, other),
            3 => lines[at].truncate(rng.usize(..8)),
            4 => lines[at].extend_from_slice(b" 4294967296 -1 99999999999999999999"),
            _ => {
                let line = &mut lines[at];
                if let Some(index) = (!line.is_empty()).then(|| rng.usize(..line.len())) {
                    line[index] = rng.u8(b' '..=b'~');
                }
            }
        }
    }
    String::from_utf8(lines.join(&b"\r\n"[..])).expect("ASCII") + "\r\n"
}
