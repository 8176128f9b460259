//! Links on which congestion control was not tuned: between those of the table, and beyond them.

use std::time::Duration;

use rtp::Bitrate;

use super::case::{Case, DELAY, case, path, queue, s};
use crate::{Path, Policer, Radio};

/// All links on which congestion control was not tuned.
pub fn further_cases() -> Vec<Case> {
    let mut cases = losses();
    cases.extend(queues());
    cases.extend(policers());
    cases.extend(shared());
    cases
}

fn losses() -> Vec<Case> {
    let radio = |radio| Path {
        radio,
        queue: Duration::from_millis(400),
        ..lossy(2_500, 0.03)
    };
    let far = Path {
        delay: DELAY * 5,
        ..lossy(2_500, 0.05)
    };
    vec![
        case("0.5 Mbit/s, 3 % lost", lossy(500, 0.03)),
        case("0.5 Mbit/s, 10 % lost", lossy(500, 0.10)),
        case("1 Mbit/s, 5 % lost", lossy(1_000, 0.05)),
        case("5 Mbit/s, 3 % lost", lossy(5_000, 0.03)),
        case("5 Mbit/s, 10 % lost", lossy(5_000, 0.10)),
        case("2.5 Mbit/s, 13 % lost", lossy(2_500, 0.13)),
        case("2.5 Mbit/s, 20 % lost", lossy(2_500, 0.20)),
        case("2.5 Mbit/s, 100 ms away, 5 % lost", far),
        changed(
            "2.5 Mbit/s, 5 % lost from 20 s on",
            path(2_500),
            lossy(2_500, 0.05),
        ),
        changed(
            "2.5 Mbit/s, 10 % lost until 20 s",
            lossy(2_500, 0.10),
            path(2_500),
        ),
        case("2.5 Mbit/s by Wi-Fi, 3 % lost", radio(Radio::Wifi)),
        case("2.5 Mbit/s by LTE, 3 % lost", radio(Radio::Lte)),
    ]
}

fn queues() -> Vec<Case> {
    let short = |loss| Path {
        loss,
        ..queue(2_500, 40)
    };
    vec![
        case("2.5 Mbit/s, queue of 20 ms", queue(2_500, 20)),
        case("2.5 Mbit/s, queue of 70 ms", queue(2_500, 70)),
        case("2.5 Mbit/s, queue of 40 ms, 3 % lost", short(0.03)),
        case("2.5 Mbit/s, queue of 40 ms, 10 % lost", short(0.10)),
        changed(
            "5 → 1 Mbit/s, queue of 40 ms",
            queue(5_000, 40),
            queue(1_000, 40),
        ),
    ]
}

fn policers() -> Vec<Case> {
    let policed = |kbps, burst_bytes| {
        let rate = Bitrate::kbps(kbps);
        Path {
            policer: Some(Policer { rate, burst_bytes }),
            ..path(10_000)
        }
    };
    vec![
        case("policer of 0.6 Mbit/s, 10 kB", policed(600, 10_000)),
        case("policer of 1.5 Mbit/s, 100 kB", policed(1_500, 100_000)),
        case("policer of 3 Mbit/s, 40 kB", policed(3_000, 40_000)),
        changed(
            "policer of 3 → 1 Mbit/s",
            policed(3_000, 20_000),
            policed(1_000, 20_000),
        ),
    ]
}

fn shared() -> Vec<Case> {
    let beside = |name, downloads, path| Case {
        downloads,
        ..case(name, path)
    };
    let lossy = |queue_ms| Path {
        loss: 0.01,
        ..queue(5_000, queue_ms)
    };
    let far = Path {
        delay: Duration::from_millis(50),
        ..queue(10_000, 40)
    };
    vec![
        beside("2 Mbit/s, queue of 60 ms, 1 download", 1, queue(2_000, 60)),
        beside(
            "5 Mbit/s, queue of 100 ms, 1 download",
            1,
            queue(5_000, 100),
        ),
        beside("5 Mbit/s, queue of 40 ms, 2 downloads", 2, queue(5_000, 40)),
        beside("10 Mbit/s, 50 ms away, queue of 40 ms, 1 download", 1, far),
        beside("5 Mbit/s, 1 % lost, 1 download", 1, lossy(200)),
        beside(
            "5 Mbit/s, queue of 40 ms, 1 % lost, 1 download",
            1,
            lossy(40),
        ),
    ]
}

fn lossy(kbps: u64, loss: f64) -> Path {
    Path { loss, ..path(kbps) }
}

/// A link that becomes another after 20 s.
fn changed(name: &'static str, from: Path, to: Path) -> Case {
    Case {
        changes: vec![(s(20), to)],
        ..case(name, from)
    }
}
