//! The cost of a forwarded packet, from the publisher's datagram to the kernel, beside the floor.

use std::time::Duration;

use crate::floor::Floor;
use crate::rig::{Rig, Spent, Ways};
use crate::terminal::progress;

/// Viewers of the one publisher, what their connections are for, and packets in a burst.
const CASES: [(usize, Ways, usize); 9] = [
    (50, Ways::One, 1),
    (50, Ways::One, 8),
    (50, Ways::One, 32),
    (50, Ways::Both, 8),
    (250, Ways::One, 1),
    (250, Ways::One, 8),
    (1_000, Ways::One, 1),
    (1_000, Ways::One, 8),
    (1_000, Ways::One, 32),
];

/// Virtual time in which caches fill and the estimate of the path settles.
const WARM_UP: Duration = Duration::from_secs(3);

/// Interval between two packets of a stream of 2.5 Mbit/s.
const PACKET_EVERY: Duration = Duration::from_micros(3_800);

/// Forwarding and floor are measured in this many turns, so that both see the same machine. The
/// turn with the median ratio counts.
const TURNS: usize = 5;

/// Packets of one turn and viewer.
const PACKETS: usize = 64;

/// The costs of one case, in nanoseconds of processor time per forwarded packet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forwarding {
    pub(crate) viewers: usize,
    pub(crate) ways: Ways,
    pub(crate) burst: usize,
    /// From the datagram to the kernel.
    pub(crate) forward: f64,
    /// Handling of the viewers' reports, and timers.
    pub(crate) feedback: f64,
    /// Sealing alone.
    pub(crate) seal: f64,
    /// The whole floor, with sending.
    pub(crate) floor: f64,
    /// Ratio of forwarding and reports together to the floor.
    pub(crate) ratio: f64,
}

pub(crate) fn measure() -> anyhow::Result<Vec<Forwarding>> {
    let mut found = Vec::new();
    let mut rig: Option<Rig> = None;
    for (viewers, ways, burst) in CASES {
        progress(&format!("{viewers} viewers, {burst} packets at once"));
        let is_it = |rig: &Rig| (rig.viewers.len(), rig.ways) == (viewers, ways);
        let rig = match rig.take().filter(is_it) {
            Some(present) => rig.insert(present),
            None => rig.insert(Rig::new(viewers, ways)?),
        };
        found.push(case(rig, burst));
    }
    Ok(found)
}

fn case(rig: &mut Rig, burst: usize) -> Forwarding {
    let every = PACKET_EVERY * burst as u32;
    rig.run(burst, every, WARM_UP);
    let mut turns: Vec<_> = (0..TURNS)
        .map(|_| {
            rig.spent = Spent::default();
            let mut floor = Floor::new(rig);
            for _ in 0..PACKETS.div_ceil(burst) {
                rig.run(burst, every, every);
                floor.burst(&rig.socket, burst);
                rig.discard();
            }
            turn(rig, burst, &floor)
        })
        .collect();
    turns.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
    turns[TURNS / 2]
}

fn turn(rig: &Rig, burst: usize, floor: &Floor) -> Forwarding {
    let spent = rig.spent;
    let each = |time: Duration, packets: u64| time.as_nanos() as f64 / packets.max(1) as f64;
    let forward = each(spent.forward, spent.packets);
    let feedback = each(spent.feedback, spent.packets);
    let whole = each(floor.whole, floor.packets);
    Forwarding {
        viewers: rig.viewers.len(),
        ways: rig.ways,
        burst,
        forward,
        feedback,
        seal: each(floor.seal, floor.packets),
        floor: whole,
        ratio: (forward + feedback) / whole,
    }
}
