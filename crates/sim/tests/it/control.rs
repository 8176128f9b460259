//! The control core of a server with its clients, from seeds. A failure prints its seed and the end
//! of its trace.

use std::time::Instant;

use headwater_sim::control::{ControlWorld, Fault};

/// Seeds of each run.
const SEEDS: u64 = 1_000;

/// Steps of each seed.
const STEPS: usize = 150;

/// Runs a seed to its end. Fails with what was found.
fn run(seed: u64, fault: Option<Fault>) -> Result<String, String> {
    let mut world = ControlWorld::new(seed, Instant::now(), fault);
    for step in 0..STEPS {
        world
            .step()
            .map_err(|wrong| format!("step {step}: {wrong}\n{}", tail(world.trace())))?;
    }
    world
        .end()
        .map_err(|wrong| format!("at the end: {wrong}\n{}", tail(world.trace())))?;
    Ok(world.trace().to_owned())
}

/// The last lines of a trace.
fn tail(trace: &str) -> String {
    let lines: Vec<&str> = trace.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}

#[test]
fn every_seed_leaves_the_core_and_its_clients_agreed() {
    for seed in 0..SEEDS {
        if let Err(wrong) = run(seed, None) {
            panic!("seed {seed}, {wrong}");
        }
    }
}

#[test]
fn same_seed_gives_the_same_trace() {
    for seed in 0..20 {
        let (first, second) = (run(seed, None), run(seed, None));
        let first = first.expect("the seed passes");
        assert!(first.lines().count() > STEPS, "seed {seed} does something");
        assert_eq!(first, second.expect("the seed passes"), "seed {seed}");
    }
}

#[test]
fn bugs_that_are_put_in_are_found() {
    for fault in [
        Fault::DeliversTwice,
        Fault::DeliversNothing,
        Fault::LeavesSessions,
    ] {
        let found = (0..50).filter(|seed| run(*seed, Some(fault)).is_err());
        let found = found.count();
        assert!(found >= 40, "{fault:?} is found by {found} of 50 seeds");
    }
}
