use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::server::Server;
use crate::stream::{LIGHT, Stream, offer, post};

const SESSIONS: usize = 5_000;
const CLIENTS: usize = 3;

/// Limit for the memory of a half-open session, above any measurement. A leak or a cache per
/// session would exceed it at once.
const MEMORY_KB_MAX: u64 = 200;

#[test]
fn half_open_sessions_are_bounded_in_number_and_memory() {
    let mut server = Server::start(&[
        ("HEADWATER_LIMITS__SESSIONS_PER_SECOND", "1000"),
        ("HEADWATER_LIMITS__SESSIONS_MAX", "2000"),
        ("HEADWATER_MEDIA__CONNECT_TIMEOUT_S", "3"),
    ]);
    let stream = Stream::start(&server, &LIGHT, 3);
    let (mark, before) = (stream.mark(), server.memory_kb());
    let start = Instant::now();
    let (statuses, peak) = open_all(&server);
    let growth = peak.memory.saturating_sub(before);
    eprintln!(
        "{SESSIONS} offers in {:?}: {statuses:?}; at most {} sessions and {growth} kB more: {} kB each",
        start.elapsed(),
        peak.sessions,
        growth / peak.sessions.max(1)
    );
    assert!(
        statuses
            .keys()
            .all(|status| [201, 429, 503].contains(status))
    );
    assert!(statuses.get(&201).is_some_and(|opened| *opened > 500));
    assert!(peak.sessions <= 2_000, "{} sessions", peak.sessions);
    assert!(growth < peak.sessions * MEMORY_KB_MAX + 32_768);
    let freed = server.wait_for_sessions(4, Duration::from_secs(10));
    eprintln!("freed after {freed:?}; {} kB are left", server.memory_kb());
    stream.assert_undisturbed_since(&mark, "beside half-open sessions");
    server.assert_unharmed();
}

#[derive(Default)]
struct Peak {
    sessions: u64,
    memory: u64,
}

/// Opens sessions of different streams from a few clients. Returns the count of each status, and
/// the peak number of sessions with the peak memory.
fn open_all(server: &Server) -> (BTreeMap<u16, usize>, Peak) {
    let offer = offer(&[]);
    let next = AtomicUsize::new(0);
    let client = || {
        let mut statuses = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= SESSIONS {
                return statuses;
            }
            let url = server.url(&format!("/whip/half-open-{number}"));
            statuses.push(post(server.client(), &url, &offer).0);
        }
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        let mut peak = Peak::default();
        while clients.iter().any(|client| !client.is_finished()) {
            peak.sessions = peak.sessions.max(server.metric("sessions"));
            peak.memory = peak.memory.max(server.memory_kb());
            std::thread::sleep(Duration::from_millis(200));
        }
        let mut statuses = BTreeMap::new();
        for status in clients
            .into_iter()
            .flat_map(|c| c.join().expect("a client"))
        {
            *statuses.entry(status).or_default() += 1;
        }
        (statuses, peak)
    })
}
