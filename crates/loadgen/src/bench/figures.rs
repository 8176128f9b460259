//! What a measurement found, as it stands in the JSON report. Times are in milliseconds, rates
//! per second.

use std::time::Duration;

use serde::Serialize;

use super::plan::Plan;
use crate::report::{Durations, Report};

/// All of it.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// What was asked for.
    pub plan: Plan,
    /// The version of the generator.
    pub version: &'static str,
    /// Seconds since 1970 at the begin.
    pub began: u64,
    /// While all viewers watched.
    pub steady: Figures,
    /// From the first viewer on.
    pub whole: Figures,
    /// Those who had been watching before the others came, from then on.
    pub watching: Option<Figures>,
    /// How they came.
    pub joins: Joins,
    /// The process of the server while all viewers watched, on average.
    pub process: Option<Process>,
    /// Packets forwarded in a second by one busy core of it.
    pub packets_per_core: Option<f64>,
    /// What its memory grew by for each viewer.
    pub memory_kb_per_viewer: Option<f64>,
    /// The largest number of viewers within the bounds, if it was looked for.
    pub viewers_max: Option<usize>,
    /// One for each second.
    pub samples: Vec<Sample>,
}

/// What viewers saw in some time.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// Length of that time.
    pub seconds: f64,
    /// Connected at its end.
    pub viewers: usize,
    /// Sent away or lost.
    pub ended: usize,
    /// Media packets received.
    pub packets: u64,
    /// Per second.
    pub packets_per_second: f64,
    /// Payload.
    pub mbit_per_second: f64,
    /// Packets that never came.
    pub lost: u64,
    /// Their share, 0 to 1.
    pub loss: f64,
    /// Packets asked for again.
    pub nacked: u64,
    /// Those that came then.
    pub repaired: u64,
    /// Key frames asked for.
    pub plis: u64,
    /// Pauses of more than half a second.
    pub freezes: u64,
    /// Packets decrypted, and those of them that were broken.
    pub opened: u64,
    /// See [`Self::opened`].
    pub broken: u64,
    /// From socket to socket.
    pub delay: Spread,
    /// Of video.
    pub jitter: Spread,
    /// The longest time in which the generator did not look at its sockets.
    pub own_stall_ms: f64,
}

/// How viewers came.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Joins {
    /// That asked.
    pub asked: usize,
    /// Whose request was refused or failed, by reason.
    pub refused: Vec<Refusal>,
    /// From POST to connection.
    pub setup: Spread,
    /// From POST to the first packet of video.
    pub first_packet: Spread,
    /// From POST to the first packet of a key frame.
    pub keyframe: Spread,
}

/// Why viewers did not come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// What was said.
    pub reason: String,
    /// How often.
    pub count: usize,
}

/// A distribution.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Spread {
    /// Of how many.
    pub count: u64,
    /// Half are shorter.
    pub p50_ms: f64,
    /// 95 of 100 are.
    pub p95_ms: f64,
    /// 99 of 100 are.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

/// What a process did in some time.
#[derive(Debug, Clone, Serialize)]
pub struct Process {
    /// Cores that it kept busy.
    pub cores: f64,
    /// The same for each thread.
    pub threads: Vec<Thread>,
    /// Resident at the end.
    pub memory_kb: u64,
}

/// One thread.
#[derive(Debug, Clone, Serialize)]
pub struct Thread {
    /// As the system names it.
    pub name: String,
    /// Cores that it kept busy, 0 to 1.
    pub cores: f64,
}

/// What goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Publishers begin.
    Publishing,
    /// Viewers come.
    Joining,
    /// All are there.
    Steady,
}

/// One second.
#[derive(Debug, Clone, Serialize)]
pub struct Sample {
    /// Since the begin.
    pub second: f64,
    /// What went on.
    pub phase: Phase,
    /// What was seen.
    pub figures: Figures,
    /// What the server did.
    pub process: Option<Process>,
}

impl Figures {
    /// What was seen between two reports.
    pub(super) fn between(earlier: &Report, later: &Report) -> Self {
        Self {
            seconds: later.time.saturating_sub(earlier.time).as_secs_f64(),
            viewers: later.connected,
            ended: later.ended,
            packets: later.packets - earlier.packets,
            packets_per_second: later.packets_per_second(earlier),
            mbit_per_second: later.bitrate(earlier).as_bps() as f64 / 1e6,
            lost: later.lost - earlier.lost,
            loss: later.loss(earlier),
            nacked: later.nacked - earlier.nacked,
            repaired: later.repaired - earlier.repaired,
            plis: later.plis - earlier.plis,
            freezes: later.freezes.saturating_sub(earlier.freezes),
            opened: later.opened - earlier.opened,
            broken: later.broken - earlier.broken,
            delay: later.delay.since(&earlier.delay).into(),
            jitter: (&later.jitter).into(),
            own_stall_ms: ms(later.stall_max),
        }
    }
}

impl Process {
    /// Packets forwarded in a second by one busy core.
    pub(super) fn packets_per_core(&self, figures: &Figures) -> f64 {
        figures.packets_per_second / self.cores.max(f64::EPSILON)
    }

    /// What the memory grew by for each viewer since it was so large; `None` without viewers.
    pub(super) fn memory_kb_per_viewer(&self, before: u64, figures: &Figures) -> Option<f64> {
        let grown = self.memory_kb as f64 - before as f64;
        (figures.viewers > 0).then(|| grown / figures.viewers as f64)
    }

    /// The mean of several looks; the memory of the last.
    pub(super) fn mean(looks: &[Self]) -> Option<Self> {
        let last = looks.last()?;
        let share = 1.0 / looks.len() as f64;
        let mut threads: Vec<Thread> = Vec::new();
        for thread in looks.iter().flat_map(|look| &look.threads) {
            match threads.iter_mut().find(|known| known.name == thread.name) {
                Some(known) => known.cores += thread.cores * share,
                None => threads.push(Thread {
                    name: thread.name.clone(),
                    cores: thread.cores * share,
                }),
            }
        }
        Some(Self {
            cores: looks.iter().map(|look| look.cores).sum::<f64>() * share,
            threads,
            memory_kb: last.memory_kb,
        })
    }
}

impl From<Durations> for Spread {
    fn from(durations: Durations) -> Self {
        (&durations).into()
    }
}

impl From<&Durations> for Spread {
    fn from(durations: &Durations) -> Self {
        Self {
            count: durations.count(),
            p50_ms: ms(durations.at(0.5)),
            p95_ms: ms(durations.at(0.95)),
            p99_ms: ms(durations.at(0.99)),
            max_ms: ms(durations.max()),
        }
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e3
}
