//! Benchmarks of Headwater's parts.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "it is what this program is for")]

mod clock;
mod floor;
mod rig;

use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let viewers: Vec<usize> = std::env::args()
        .skip(1)
        .map(|a| a.parse().expect("n"))
        .collect();
    for viewers in viewers {
        let mut rig = rig::Rig::new(viewers)?;
        for burst in std::env::var("BURSTS")
            .unwrap_or("1,2,8".into())
            .split(',')
            .map(|b| b.parse::<usize>().expect("n"))
        {
            let every = Duration::from_micros(3_800 * burst as u64);
            rig.run(burst, every, Duration::from_secs(3));
            rig.spent = rig::Spent::default();
            let mut floor = floor::Floor::new(&rig);
            for _ in 0..std::env::var("ROUNDS").map_or(20, |r| r.parse().expect("n")) {
                rig.run(burst, every, every);
                floor.burst(&rig.socket, burst);
                rig.discard();
            }
            let s = rig.spent;
            let ns = |d: Duration, n: u64| d.as_nanos() as f64 / n as f64;
            println!(
                "{viewers} viewers, {burst}: forward {:.0} feedback {:.0} sum {:.0}; floor seal {:.0} sum {:.0}; ratio {:.2} ({} packets)",
                ns(s.forward, s.packets),
                ns(s.feedback, s.packets),
                ns(s.forward + s.feedback, s.packets),
                ns(floor.seal, floor.packets),
                ns(floor.whole, floor.packets),
                ns(s.forward + s.feedback, s.packets) / ns(floor.whole, floor.packets),
                s.packets,
            );
        }
    }
    Ok(())
}
