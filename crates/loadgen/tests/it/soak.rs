use std::time::{Duration, Instant};

use crate::server::Server;
use crate::stream::{LIGHT, Stream};

const VIEWERS: usize = 200;

/// Time in which the retransmission caches and the bandwidth estimation's records of 1,000 packets
/// fill up: a viewer gets 100 a second.
const WARM_UP: Duration = Duration::from_secs(11);

/// Time in seconds during which memory may not grow, by default.
const SECONDS: u64 = 10;

/// Time limit for freeing all that belongs to a viewer, including one that vanished.
const FREED_WITHIN: Duration = Duration::from_secs(30);

#[test]
fn memory_is_freed_when_viewers_come_and_go() {
    let seconds =
        std::env::var("HEADWATER_SOAK_S").map_or(SECONDS, |s| s.parse().expect("seconds"));
    let mut server = Server::start(&[]);
    let empty = server.memory_kb();
    let stream = Stream::start(&server, &LIGHT, VIEWERS);
    std::thread::sleep(WARM_UP);
    let mark = stream.mark();
    let samples = sample(&server, &stream, seconds);
    stream.assert_served_since(&mark, "200 viewers");
    server.assert_unharmed();

    // A busy moment may double some caches; only memory that keeps growing is a leak.
    let middle = samples.len() / 2;
    let (first, last) = (samples[middle], samples[samples.len() - 1]);
    let slope = (last - first) / (samples.len() - 1 - middle) as f64;
    eprintln!(
        "memory: {empty} kB empty, {} kB warm, {first} kB half-way, {last} kB after {seconds} s \
         ({slope:.1} kB/s), {:.0} kB per viewer",
        samples[0],
        (last - empty as f64) / VIEWERS as f64
    );
    assert!(last < first * 1.03 + 2_048.0, "memory grows: {samples:?}");

    let half = VIEWERS / 2;
    assert_eq!(stream.viewers.leave(half), vec![200; half]);
    assert_eq!(stream.viewers.vanish(half), half);
    let freed = server.wait_for_sessions(1, FREED_WITHIN);
    eprintln!("freed after {freed:?}; {} kB are left", server.memory_kb());

    // The allocator keeps freed memory: the next viewers must fit into it.
    stream.join(VIEWERS);
    std::thread::sleep(WARM_UP);
    let again = server.memory_kb() as f64;
    eprintln!("{again} kB with another {VIEWERS} viewers");
    assert!(again < last * 1.1 + 8_192.0, "{last} kB became {again} kB");
    assert_eq!(stream.viewers.leave(VIEWERS), vec![200; VIEWERS]);
    server.wait_for_sessions(1, Duration::from_secs(5));
    assert_eq!(stream.publishers.leave(), [200]);
    server.wait_for_sessions(0, Duration::from_secs(5));
    server.assert_unharmed();
}

/// The server's memory in kB, once a second.
fn sample(server: &Server, stream: &Stream, seconds: u64) -> Vec<f64> {
    let start = Instant::now();
    let at = |second| start + Duration::from_secs(second);
    (1..=seconds.max(SECONDS))
        .map(|second| {
            std::thread::sleep(at(second).saturating_duration_since(Instant::now()));
            let memory = server.memory_kb();
            if second.is_multiple_of(10) {
                eprintln!("{second} s: {memory} kB; {}", stream.viewers.report());
            }
            memory as f64
        })
        .collect()
}
