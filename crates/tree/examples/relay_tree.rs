//! A relay tree of a million viewers, some of which leave: its depth, the members that a leave
//! moves, and the cost of joining and leaving. `docs/relay-tree.md` has the numbers.
//!
//! ```sh
//! cargo run --release -p headwater-tree --example relay_tree [VIEWERS] [SEED]
//! ```

use std::collections::VecDeque;
use std::io::Write as _;
use std::time::{Duration, Instant};

use headwater_tree::{Capacity, MemberId, Move, Orphans, Tree};

/// Steps of virtual time in a second.
const STEPS_PER_SECOND: u64 = 10;
/// From a place to media, in steps.
const READY_AFTER: u64 = STEPS_PER_SECOND;
/// A member that was told to join again does so within this many steps.
const REJOIN_WITHIN: u64 = 5;
/// How many viewers join at once, each second, while the crowd gathers.
const BURST: usize = 20_000;
/// How long relays leave and are replaced by new viewers.
const MINUTES: u64 = 5;
/// The share of the relays that leave in a minute.
const LEAVE_PER_MINUTE: f64 = 0.02;
/// The time between two bursts of new viewers in their place.
const SECONDS_BETWEEN_BURSTS: u64 = 10;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default| {
        let given = arguments.next().map(|text| text.parse());
        given.unwrap_or(Ok(default)).expect("a number")
    };
    let (viewers, seed) = (number(1_000_000), number(1));
    let mut out = std::io::stdout().lock();
    writeln!(out, "{viewers} viewers, seed {seed}\n").expect("stdout");
    writeln!(out, "{}", Report::HEAD).expect("stdout");
    let three: fn(&mut Chance) -> u32 = |_| 3;
    let uneven: fn(&mut Chance) -> u32 = |chance| [0, 0, 3, 6][chance.below(4)];
    for (name, orphans, root, capacity) in [
        ("browsers, 3 each", Orphans::Dissolve, 3, three),
        // Of three, none might feed another: this broadcaster feeds a hundred.
        ("browsers, 0, 0, 3 or 6", Orphans::Dissolve, 100, uneven),
        ("servers, 3 each", Orphans::KeepSubtrees, 3, three),
    ] {
        let report = Crowd::new(orphans, root, capacity, seed as u64).run(viewers);
        writeln!(out, "| {name} | {report}").expect("stdout");
    }
}

/// Viewers of one stream in virtual time.
struct Crowd {
    tree: Tree<usize>,
    capacity: fn(&mut Chance) -> u32,
    chance: Chance,
    now: u64,
    /// All members; the tree's value for a member is its index here.
    present: Vec<MemberId>,
    ready: VecDeque<(u64, MemberId)>,
    rejoin: Vec<VecDeque<MemberId>>,
    joins: Samples,
    leaves: Samples,
    /// Members that one leave has moved.
    moves: Samples,
    bytes: f64,
}

impl Crowd {
    fn new(orphans: Orphans, root: u32, capacity: fn(&mut Chance) -> u32, seed: u64) -> Self {
        let root = Capacity {
            children_max: root,
            ..Capacity::default()
        };
        Self {
            tree: Tree::new(orphans, root, usize::MAX),
            capacity,
            chance: Chance(seed | 1),
            now: 0,
            present: Vec::new(),
            ready: VecDeque::new(),
            rejoin: vec![VecDeque::new(); REJOIN_WITHIN as usize + 1],
            joins: Samples::default(),
            leaves: Samples::default(),
            moves: Samples::default(),
            bytes: 0.0,
        }
    }

    fn run(mut self, viewers: usize) -> Report {
        let before = resident_bytes();
        while self.present.len() < viewers {
            let missing = viewers - self.present.len();
            self.come(missing.min(BURST));
            self.pass(STEPS_PER_SECOND);
        }
        while self.tree.has_waiting() || !self.ready.is_empty() {
            self.pass(1);
        }
        self.bytes = (resident_bytes() - before) / viewers as f64;
        // Joins are measured from here on, when the whole crowd is there.
        self.joins = Samples::default();
        let mut owed = 0.0;
        for second in 0..MINUTES * 60 {
            let relays = self.relays();
            owed += relays as f64 * LEAVE_PER_MINUTE / 60.0;
            while owed >= 1.0 {
                self.leave();
                owed -= 1.0;
            }
            if second % SECONDS_BETWEEN_BURSTS == 0 {
                self.come(viewers - self.present.len());
            }
            self.pass(STEPS_PER_SECOND);
        }
        self.report()
    }

    fn come(&mut self, count: usize) {
        for _ in 0..count {
            let capacity = Capacity {
                children_max: (self.capacity)(&mut self.chance),
                ..Capacity::default()
            };
            let member = self.tree.add(capacity, self.present.len());
            self.present.push(member);
            self.attach(member);
        }
    }

    fn attach(&mut self, member: MemberId) {
        let start = Instant::now();
        let moves = self.tree.attach(member);
        self.joins.add(nanoseconds_since(start));
        self.follow(moves);
    }

    /// A relay leaves, whichever.
    fn leave(&mut self) {
        let at = loop {
            let at = self.chance.below(self.present.len());
            if self.tree.children(self.present[at]).next().is_some() {
                break at;
            }
        };
        let member = self.present.swap_remove(at);
        if let Some(moved) = self.present.get(at) {
            *self.tree.get_mut(*moved).expect("present") = at;
        }
        let start = Instant::now();
        let moves = self.tree.remove(member);
        self.leaves.add(nanoseconds_since(start));
        let lost = moves.iter().filter(|told| told.parent.is_none());
        self.moves.add(lost.count() as u64);
        self.follow(moves);
    }

    fn follow(&mut self, moves: Vec<Move>) {
        for Move { member, parent } in moves {
            if parent.is_some() {
                self.ready.push_back((self.now + READY_AFTER, member));
            } else {
                let later = 1 + self.chance.below(REJOIN_WITHIN as usize);
                let slot = (self.now as usize + later) % self.rejoin.len();
                self.rejoin[slot].push_back(member);
            }
        }
    }

    fn pass(&mut self, steps: u64) {
        for _ in 0..steps {
            self.now += 1;
            while self.ready.front().is_some_and(|(at, _)| *at <= self.now) {
                let (_, member) = self.ready.pop_front().expect("the first");
                // Does nothing for a member that has left or lost its place meanwhile.
                let moves = self.tree.ready(member);
                self.follow(moves);
            }
            let slot = self.now as usize % self.rejoin.len();
            for member in std::mem::take(&mut self.rejoin[slot]) {
                self.attach(member);
            }
        }
    }

    fn relays(&self) -> usize {
        // Looked at in a sample: this runs each second.
        const SAMPLE: usize = 1_000;
        let step = (self.present.len() / SAMPLE).max(1);
        let sample = self.present.iter().step_by(step);
        let (mut all, mut relays) = (0, 0);
        for member in sample {
            all += 1;
            relays += usize::from(self.tree.children(*member).next().is_some());
        }
        self.present.len() * relays / all
    }

    fn report(mut self) -> Report {
        let depths = self.tree.placed().map(|(depth, ..)| u64::from(depth));
        let depths = Samples(depths.collect());
        Report {
            mean_depth: depths.mean(),
            max_depth: depths.0.iter().copied().max().unwrap_or(0),
            moves: self.moves.mean(),
            moves_p99: self.moves.percentile(99),
            moves_max: self.moves.percentile(100),
            join_us: self.joins.mean() / 1e3,
            join_p99_us: self.joins.percentile(99) as f64 / 1e3,
            leave_us: self.leaves.mean() / 1e3,
            leave_us_per_move: self.leaves.mean() / 1e3 / (1.0 + self.moves.mean()),
            bytes: self.bytes,
        }
    }
}

struct Report {
    mean_depth: f64,
    max_depth: u64,
    moves: f64,
    moves_p99: u64,
    moves_max: u64,
    join_us: f64,
    join_p99_us: f64,
    leave_us: f64,
    leave_us_per_move: f64,
    bytes: f64,
}

impl Report {
    const HEAD: &str = "| members | depth: mean, max | moved by a leave: mean, p99, max \
        | a join: mean, p99 | a leave: mean, for each moved | memory of a member |\n\
        |---|---|---|---|---|---|";
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1}, {} ", self.mean_depth, self.max_depth)?;
        write!(
            f,
            "| {:.1}, {}, {} ",
            self.moves, self.moves_p99, self.moves_max
        )?;
        write!(f, "| {:.2} µs, {:.2} µs ", self.join_us, self.join_p99_us)?;
        write!(
            f,
            "| {:.1} µs, {:.2} µs ",
            self.leave_us, self.leave_us_per_move
        )?;
        write!(f, "| {:.0} bytes |", self.bytes)
    }
}

#[derive(Default)]
struct Samples(Vec<u64>);

impl Samples {
    fn add(&mut self, sample: u64) {
        self.0.push(sample);
    }

    fn mean(&self) -> f64 {
        self.0.iter().sum::<u64>() as f64 / self.0.len().max(1) as f64
    }

    fn percentile(&mut self, percent: usize) -> u64 {
        self.0.sort_unstable();
        let at = (self.0.len() * percent / 100).min(self.0.len().saturating_sub(1));
        self.0.get(at).copied().unwrap_or(0)
    }
}

fn nanoseconds_since(start: Instant) -> u64 {
    let passed: Duration = Instant::now() - start;
    u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX)
}

/// The resident memory of the process in bytes; 0 where the system does not say.
fn resident_bytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) * 1024.0
}

/// Numbers from a seed (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let mixed = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        mixed as usize % end
    }
}
