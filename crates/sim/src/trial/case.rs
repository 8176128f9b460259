//! The links on which congestion control is tried.

use std::time::Duration;

use rtp::Bitrate;

use crate::{Bursts, Path, Policer, Radio};

/// When downloads begin.
pub(super) const DOWNLOADS_AT: Duration = Duration::from_secs(5);

/// One link, and how it changes.
#[derive(Debug, Clone)]
pub struct Case {
    /// Name of the case in tables.
    pub name: &'static str,
    /// The path at first.
    pub path: Path,
    /// Later paths, each with the time since media began to flow at which it begins; in order.
    pub changes: Vec<(Duration, Path)>,
    /// Number of TCP downloads that share the bottleneck from 5 s on.
    pub downloads: usize,
    /// How long media flows.
    pub time: Duration,
}

const MINUTE: Duration = Duration::from_secs(60);

/// Delay to a server in the same part of the world.
pub(super) const DELAY: Duration = Duration::from_millis(20);

/// Length of an ordinary queue.
const QUEUE: Duration = Duration::from_millis(200);

/// All links of the table.
pub fn cases() -> Vec<Case> {
    let mut cases = wires();
    cases.extend(shared());
    cases.extend(losses());
    cases.extend(radios());
    cases.extend(routes());
    cases
}

fn wires() -> Vec<Case> {
    let stepped = vec![(s(20), path(800)), (s(40), path(2_500))];
    vec![
        case("0.5 Mbit/s", path(500)),
        case("1 Mbit/s", path(1_000)),
        case("2.5 Mbit/s", path(2_500)),
        case("5 Mbit/s", path(5_000)),
        Case {
            changes: stepped,
            ..case("2.5 → 0.8 → 2.5 Mbit/s", path(2_500))
        },
        case("2.5 Mbit/s, queue of 1 s", queue(2_500, 1_000)),
        case("2.5 Mbit/s, queue of 40 ms", queue(2_500, 40)),
    ]
}

fn shared() -> Vec<Case> {
    let beside = |name, downloads, queue_ms| Case {
        downloads,
        ..case(name, queue(5_000, queue_ms))
    };
    vec![
        beside("5 Mbit/s beside 1 download", 1, 200),
        beside("5 Mbit/s beside 4 downloads", 4, 200),
        beside("5 Mbit/s, queue of 40 ms, 1 download", 1, 40),
    ]
}

fn losses() -> Vec<Case> {
    let lossy = |loss| Path {
        loss,
        ..path(2_500)
    };
    let bursts = Bursts {
        begin: 0.005,
        end: 0.1,
        loss: 0.7,
    };
    let bursty = Path {
        bursts: Some(bursts),
        ..path(2_500)
    };
    let policer = Policer {
        rate: Bitrate::kbps(1_500),
        burst_bytes: 20_000,
    };
    let policed = Path {
        policer: Some(policer),
        ..path(10_000)
    };
    vec![
        case("2.5 Mbit/s, 1 % lost", lossy(0.01)),
        case("2.5 Mbit/s, 3 % lost", lossy(0.03)),
        case("2.5 Mbit/s, 10 % lost", lossy(0.10)),
        case("2.5 Mbit/s, bursts of loss", bursty),
        case("policer of 1.5 Mbit/s", policed),
    ]
}

fn radios() -> Vec<Case> {
    let radio = |radio| Path {
        radio,
        queue: Duration::from_millis(400),
        ..path(2_500)
    };
    vec![
        case("2.5 Mbit/s by Wi-Fi", radio(Radio::Wifi)),
        case("2.5 Mbit/s by LTE", radio(Radio::Lte)),
    ]
}

fn routes() -> Vec<Case> {
    let far = Path {
        delay: DELAY + Duration::from_millis(80),
        ..path(2_500)
    };
    let moves = |name, from, to| Case {
        changes: vec![(s(20), to)],
        ..case(name, from)
    };
    vec![
        moves("2.5 Mbit/s, route 80 ms longer", path(2_500), far),
        moves("2.5 Mbit/s, route 80 ms shorter", far, path(2_500)),
    ]
}

pub(super) fn case(name: &'static str, path: Path) -> Case {
    Case {
        name,
        path,
        changes: Vec::new(),
        downloads: 0,
        time: MINUTE,
    }
}

pub(super) fn path(kbps: u64) -> Path {
    Path {
        delay: DELAY,
        queue: QUEUE,
        ..Path::limited(Bitrate::kbps(kbps))
    }
}

pub(super) fn queue(kbps: u64, queue_ms: u64) -> Path {
    Path {
        queue: Duration::from_millis(queue_ms),
        ..path(kbps)
    }
}

pub(super) fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
