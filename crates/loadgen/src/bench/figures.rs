//! The outcome of a measurement, as the JSON report has it. Times are in milliseconds and rates per
//! second unless a field says otherwise.

use std::time::Duration;

use serde::Serialize;

use super::plan::Plan;
use crate::report::{Durations, Report};

/// The outcome of a measurement.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The plan that was carried out.
    pub plan: Plan,
    /// The version of the load generator.
    pub version: &'static str,
    /// The beginning, in seconds since 1970.
    pub began: u64,
    /// All viewers, during the steady phase.
    pub steady: Figures,
    /// The viewers of [`Plan::viewers`], from the first join to the end.
    pub whole: Figures,
    /// The viewers of [`Plan::watching`], from the first join of the others on.
    pub watching: Option<Figures>,
    /// The joins of all viewers.
    pub joins: Joins,
    /// The server's process, on average over the steady phase.
    pub process: Option<Process>,
    /// Packets forwarded per second and busy core of the server.
    pub packets_per_core: Option<f64>,
    /// Growth of the server's memory per viewer in kB.
    pub memory_kb_per_viewer: Option<f64>,
    /// The largest number of viewers within the bounds, if the plan asked for it.
    pub viewers_max: Option<usize>,
    /// One sample for each second.
    pub samples: Vec<Sample>,
}

/// What a group of viewers measured in an interval.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// Length of the interval in seconds.
    pub seconds: f64,
    /// Viewers connected at its end.
    pub viewers: usize,
    /// Viewers at its end whose connection the server closed, or who lost it.
    pub ended: usize,
    /// Media packets received.
    pub packets: u64,
    /// Media packets received per second.
    pub packets_per_second: f64,
    /// Payload received, in Mbit/s.
    pub mbit_per_second: f64,
    /// Packets that never arrived.
    pub lost: u64,
    /// Share of packets that never arrived, 0 to 1.
    pub loss: f64,
    /// Packets requested again by NACK.
    pub nacked: u64,
    /// Retransmissions that filled a gap.
    pub repaired: u64,
    /// Key frames requested by PLI.
    pub plis: u64,
    /// Pauses of more than half a second in a viewer's video.
    pub freezes: u64,
    /// Packets that viewers tried to decrypt.
    pub opened: u64,
    /// Packets among these that failed authentication.
    pub broken: u64,
    /// Delay from the publisher's socket to the viewer's.
    pub delay: Spread,
    /// Interarrival jitter of video, one value for each viewer.
    pub jitter: Spread,
    /// The longest time for which the generator did not look at its sockets, since it started.
    pub own_stall_ms: f64,
}

/// How viewers joined.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Joins {
    /// Viewers that requested a session.
    pub asked: usize,
    /// Requests that were refused or failed, by reason.
    pub refused: Vec<Refusal>,
    /// Time from POST to connection.
    pub setup: Spread,
    /// Time from POST to the first video packet.
    pub first_packet: Spread,
    /// Time from POST to the first packet of a key frame.
    pub keyframe: Spread,
}

/// A reason for which viewers could not join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The error message.
    pub reason: String,
    /// Number of viewers with this error.
    pub count: usize,
}

/// A distribution of durations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Spread {
    /// Number of durations.
    pub count: u64,
    /// Median.
    pub p50_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// The longest duration.
    pub max_ms: f64,
}

/// What a process used in an interval.
#[derive(Debug, Clone, Serialize)]
pub struct Process {
    /// Number of cores that it kept busy.
    pub cores: f64,
    /// The threads that were busy.
    pub threads: Vec<Thread>,
    /// Resident memory in kB at the end of the interval.
    pub memory_kb: u64,
}

/// A thread of a process.
#[derive(Debug, Clone, Serialize)]
pub struct Thread {
    /// The thread's name.
    pub name: String,
    /// Share of a core that it kept busy, 0 to 1.
    pub cores: f64,
}

/// The phase of a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Publishers send, and no viewer has joined yet.
    Publishing,
    /// Viewers join.
    Joining,
    /// All viewers watch.
    Steady,
}

/// The measurements of one second.
#[derive(Debug, Clone, Serialize)]
pub struct Sample {
    /// End of the second, in seconds since the beginning.
    pub second: f64,
    /// The phase of the measurement.
    pub phase: Phase,
    /// All viewers.
    pub figures: Figures,
    /// The server's process, if it is observed.
    pub process: Option<Process>,
}

impl Figures {
    /// The figures of the interval between two reports.
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
    /// Packets forwarded per second and busy core.
    pub(super) fn packets_per_core(&self, figures: &Figures) -> f64 {
        figures.packets_per_second / self.cores.max(f64::EPSILON)
    }

    /// Growth of the memory per viewer since it was `before` kB; `None` without viewers.
    pub(super) fn memory_kb_per_viewer(&self, before: u64, figures: &Figures) -> Option<f64> {
        let grown = self.memory_kb as f64 - before as f64;
        (figures.viewers > 0).then(|| grown / figures.viewers as f64)
    }

    /// The mean of several measurements, with the memory of the last; `None` without any.
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
