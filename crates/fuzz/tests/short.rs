//! Runs each target for a moment, with all earlier findings and with mutated seeds.
//!
//! Without coverage as a guide this finds little that is new; `make soak` is for that. It keeps the
//! targets working, and fixed findings fixed.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod changes;
#[allow(dead_code, unreachable_pub, reason = "shared with other tests")]
#[path = "../../dtls/tests/counting/mod.rs"]
mod counting;

use std::path::Path;
use std::time::{Duration, Instant};

use changes::Changes;
use headwater_fuzz::{TARGETS, Target};

/// How long each target runs with mutated seeds, in seconds; `HEADWATER_FUZZ_SECONDS` overrides it.
const SECONDS: f64 = 1.0;

/// Longest time for one input. A thousandth of it is usual, but tests share their processor.
const TIME_MAX: Duration = Duration::from_secs(5);

/// Most bytes that an input may have allocated at any moment, beyond those allocated before it.
const MEMORY_MAX: usize = 64 << 20;

const INPUT_BYTES_MAX: usize = 4_096;

/// Runs one input within the limits of time and memory.
fn take(target: &Target, input: &[u8]) {
    let before = counting::live();
    counting::forget_peak();
    let start = Instant::now();
    (target.run)(input);
    let time = Instant::now() - start;
    let more = counting::peak() - before;
    assert!(time < TIME_MAX, "{}: {time:?}", target.name);
    assert!(more < MEMORY_MAX, "{}: {more} bytes", target.name);
}

/// Prints the input that was running when the test panics.
struct Running<'a>(&'a Target, String, Vec<u8>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(target, from, input) = self;
            eprintln!("{}, {from}: {}", target.name, input.escape_ascii());
        }
    }
}

/// The findings of `make soak` that were fixed.
fn found(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("found");
    let Ok(entries) = std::fs::read_dir(folder.join(target.name)) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

/// The targets run one after the other in one test, so that each has the allocator to itself.
#[test]
fn targets_survive_seeds_findings_and_mutations() {
    let seconds = std::env::var("HEADWATER_FUZZ_SECONDS").map_or(SECONDS, |s| s.parse().unwrap());
    let seed = std::env::var("HEADWATER_FUZZ_SEED").map_or_else(
        |_| std::process::id().into(),
        |seed| seed.parse::<u64>().unwrap(),
    );
    eprintln!("HEADWATER_FUZZ_SEED={seed}");
    for target in TARGETS {
        let seeds = [(target.seeds)(), found(target)].concat();
        assert!(!seeds.is_empty());
        for (number, input) in seeds.iter().enumerate() {
            let running = Running(target, format!("seed {number}"), input.clone());
            take(target, &running.2);
        }
        let mut changes = Changes::new(seed);
        let (start, mut inputs) = (Instant::now(), 0_u32);
        while (Instant::now() - start).as_secs_f64() < seconds {
            let input = changes.of(&seeds, INPUT_BYTES_MAX);
            let running = Running(target, format!("input {inputs} of {seed}"), input);
            take(target, &running.2);
            inputs += 1;
        }
        eprintln!("{}: {} seeds, {inputs} changes", target.name, seeds.len());
    }
}
