//! A stream with 50 viewers on which attacks are tried.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use headwater_loadgen::{Report, Sent, Settings};
use rtp::Bitrate;
use rustix::process::setpriority_process;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::server::Server;
use crate::stream::{LIGHT, Stream};

/// Viewers of the stream. None of them may notice an attack.
pub(crate) const VIEWERS: usize = 50;

/// The sessions of the publisher and its viewers.
const SESSIONS: u64 = VIEWERS as u64 + 1;

/// Length of an attack in seconds by default.
const SECONDS: f64 = 2.0;

/// An attack of this length in seconds or more counts as long: its effect on delays stands out from
/// the machine's other work.
const SECONDS_LONG: f64 = 20.0;

/// Bit rate of the stream for long attacks. For short ones it is one that a build without
/// optimisation carries.
const BITRATE_LONG: Bitrate = Bitrate::kbps(2_500);

/// Limit for the delay of 99 % of the packets: the first for long attacks, the second for short
/// ones, during which other work may share the cores.
const DELAY_MAX: Duration = Duration::from_millis(50);
const DELAY_MAX_SHORT: Duration = Duration::from_millis(250);

/// The nice value of attackers.
const ATTACKERS_NICE: i32 = 10;

/// Time after which all losses have been counted: the load generator's viewers wait for a second.
const LOST_AFTER: Duration = Duration::from_millis(1_200);

/// Time limit for the attack's sessions to end. Half-open ones end after 15 s; hostile clients
/// close theirs.
const SESSIONS_END: Duration = Duration::from_secs(20);

/// The running arena, for as long as a test uses it or waits for its turn.
static ARENA: Mutex<Weak<Arena>> = Mutex::new(Weak::new());

/// One attack at a time.
static TURN: Mutex<()> = Mutex::new(());

pub(crate) struct Arena {
    pub(crate) server: Server,
    pub(crate) stream: Stream,
}

/// The right to attack: what this value's holder counts, its own attack has caused. Dropping it
/// passes the turn on.
pub(crate) struct Turn {
    arena: Arc<Arena>,
    _turn: MutexGuard<'static, ()>,
}

impl Deref for Turn {
    type Target = Arena;

    fn deref(&self) -> &Arena {
        &self.arena
    }
}

/// Measurements from before an attack.
struct Before {
    sent: Sent,
    seen: Report,
    memory_kb: u64,
}

impl Arena {
    /// Enters the running arena, or starts one, once no other attack runs. The current thread and
    /// those that it starts then become the attacker.
    pub(crate) fn enter() -> Turn {
        let arena = Self::running();
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        stay_on(&cores().1);
        // Publisher and viewers measure, so they take precedence.
        setpriority_process(None, ATTACKERS_NICE).expect("less urgent is allowed");
        Turn { arena, _turn: turn }
    }

    fn running() -> Arc<Self> {
        let mut running = ARENA.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(arena) = running.upgrade() {
            return arena;
        }
        let arena = Arc::new(Self::start());
        *running = Arc::downgrade(&arena);
        arena
    }

    fn start() -> Self {
        let (servers, others) = cores();
        stay_on(&servers);
        let server = Server::start(&[
            ("HEADWATER_LOG__LEVEL", "info"),
            // The server must survive without the rate limit for sessions.
            ("HEADWATER_LIMITS__SESSIONS_PER_SECOND", "1000000"),
        ]);
        stay_on(&others);
        let settings = match is_long() {
            true => Settings {
                bitrate: BITRATE_LONG,
                ..LIGHT
            },
            false => LIGHT,
        };
        let stream = Stream::start(&server, &settings, VIEWERS);
        Self { server, stream }
    }

    /// Runs `attack`, which gets the time at which to stop, and then checks the viewers, the growth
    /// of the server's memory and its sessions. Returns the result of `attack`.
    pub(crate) fn withstands<T>(
        &self,
        name: &str,
        growth_kb_max: u64,
        attack: impl FnOnce(Instant) -> T,
    ) -> T {
        let before = Before {
            sent: self.stream.publishers.sent(),
            seen: self.stream.viewers.report(),
            memory_kb: self.server.memory_kb(),
        };
        let result = attack(Instant::now() + attack_time());
        let memory_kb = self.server.memory_kb();
        let ended = Instant::now();
        self.server.wait_for_sessions(SESSIONS, SESSIONS_END);
        std::thread::sleep(LOST_AFTER.saturating_sub(ended.elapsed()));
        self.judge(name, &before, memory_kb, growth_kb_max);
        result
    }

    fn judge(&self, name: &str, before: &Before, memory_kb: u64, growth_kb_max: u64) {
        let (sent, seen) = (self.stream.publishers.sent(), self.stream.viewers.report());
        let delay = seen.delay.since(&before.seen.delay).at(0.99);
        let lost = seen.lost - before.seen.lost;
        let frames = (sent.frames - before.sent.frames) * VIEWERS as u64;
        let came = seen.frames - before.seen.frames;
        eprintln!(
            "| {name} | {lost} | {:.1} ms | {:.1} MB | {:.1} MB |",
            delay.as_secs_f64() * 1e3,
            before.memory_kb as f64 / 1e3,
            memory_kb as f64 / 1e3,
        );
        assert_eq!((sent.ended, seen.ended), (0, 0), "{sent:?} {seen}");
        assert_eq!(seen.connected, VIEWERS, "{seen}");
        assert_eq!(lost, 0, "{name}: {seen}");
        // If the generator itself stalled, delays prove nothing.
        if is_long() || seen.stalls == before.seen.stalls {
            // Each viewer may have one frame in flight at either end of the interval.
            assert!(
                came + 2 * VIEWERS as u64 >= frames,
                "{name}: {came} of {frames} frames"
            );
            assert!(delay < delay_max(), "{name}: {delay:?}");
        }
        let growth = memory_kb.saturating_sub(before.memory_kb);
        assert!(growth < growth_kb_max, "{name}: {growth} kB more");
    }
}

/// The length of an attack.
pub(crate) fn attack_time() -> Duration {
    let asked = std::env::var("HEADWATER_ATTACK_SECONDS").ok();
    let seconds = asked.map_or(SECONDS, |s| s.parse().expect("seconds"));
    Duration::from_secs_f64(seconds)
}

/// Whether attacks are long enough for delays and rates to be checked strictly.
pub(crate) fn is_long() -> bool {
    attack_time().as_secs_f64() >= SECONDS_LONG
}

fn delay_max() -> Duration {
    match is_long() {
        true => DELAY_MAX,
        false => DELAY_MAX_SHORT,
    }
}

/// Calls `send` at this rate, with the number of the call, until the given time. Returns the number
/// of calls, which is lower than planned if the machine cannot keep up.
pub(crate) fn paced(until: Instant, per_second: u64, mut send: impl FnMut(u64)) -> u64 {
    const TICK: Duration = Duration::from_millis(2);
    let (start, mut sent) = (Instant::now(), 0);
    loop {
        let due = start.elapsed().as_micros() as u64 * per_second / 1_000_000;
        while sent < due {
            send(sent);
            sent += 1;
            if Instant::now() >= until {
                return sent;
            }
        }
        if Instant::now() >= until {
            return sent;
        }
        std::thread::sleep(TICK);
    }
}

/// The cores for the server and for everything else: the first core of this process, and its other
/// cores. With a single core, both share it.
fn cores() -> (CpuSet, CpuSet) {
    static ALL: Mutex<Option<CpuSet>> = Mutex::new(None);
    let mut known = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    // Read once, before the first thread is bound to cores.
    let all = *known.get_or_insert_with(|| sched_getaffinity(None).expect("this thread's cores"));
    let mut cores = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core));
    let (Some(first), Some(_)) = (cores.next(), cores.next()) else {
        return (all, all);
    };
    let (mut servers, mut others) = (CpuSet::new(), all);
    servers.set(first);
    others.unset(first);
    (servers, others)
}

fn stay_on(cores: &CpuSet) {
    sched_setaffinity(None, cores).expect("cores of this thread");
}
