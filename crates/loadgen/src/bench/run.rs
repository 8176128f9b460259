use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use thiserror::Error;

use super::figures::{Figures, Joins, Outcome, Phase, Process, Refusal, Sample};
use super::plan::{Bounds, Plan};
use super::process::Observer;
use crate::http::Client;
use crate::link::OpenError;
use crate::publishers::Publishers;
use crate::report::Report;
use crate::viewers::Viewers;

/// Time between two samples.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// Joins per second that one thread is expected to make. Faster ramps use more threads.
const JOINS_OF_THREAD: f64 = 25.0;
const JOIN_THREADS_MAX: usize = 16;

/// Threads that connect publishers in parallel.
const PUBLISHING_THREADS: usize = 8;

/// How long viewers may take to connect after the last one has joined.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Time after the last join until new viewers have caught up and the server has settled.
const SETTLE: Duration = Duration::from_secs(3);

/// The search for the largest number of viewers multiplies it by `GROWTH` until a bound is broken,
/// and ends when the interval left is within this share of the largest good number.
const GROWTH: f64 = 1.5;
const PRECISION: f64 = 0.04;

/// Why a measurement failed.
#[derive(Debug, Error)]
pub enum RunError {
    /// A publisher could not connect.
    #[error("cannot publish to {endpoint}: {error}")]
    Publish {
        /// The WHIP endpoint.
        endpoint: String,
        /// Why it failed.
        error: OpenError,
    },
    /// No viewer is connected; the text says why.
    #[error("no viewer could join: {0}")]
    NoViewer(String),
    /// The server's process cannot be observed.
    #[error("process {pid} cannot be observed: {error}")]
    Process {
        /// The process id.
        pid: u32,
        /// Why it failed.
        error: io::Error,
    },
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    System(#[from] io::Error),
}

/// Carries out a plan and blocks until it is done. Each second `progress` gets a sample; when it
/// returns false, the measurement ends early with what it has.
pub fn run(plan: &Plan, progress: impl FnMut(&Sample) -> bool) -> Result<Outcome, RunError> {
    let mut client = Client::default();
    if let Some(token) = &plan.token {
        client = client.with_token(token);
    }
    let observer = plan.pid.map(|pid| {
        let observer = Observer::new(pid);
        observer.map_err(|error| RunError::Process { pid, error })
    });
    let observer = observer.transpose()?;
    let publishers = publish(plan, &client)?;
    let run = Run {
        plan,
        before: Crowd::new(&client, 1, plan)?,
        crowd: Crowd::new(&client, plan.threads, plan)?,
        refusals: Mutex::default(),
    };
    let mut log = Log {
        observer,
        began: Instant::now(),
        samples: Vec::new(),
        last: Report::default(),
        progress,
        stopped: false,
    };
    let outcome = run.measure(&mut log);
    // Close all sessions, so that the server need not wait for their timeouts.
    run.crowd.leave(usize::MAX);
    run.before.leave(usize::MAX);
    publishers.leave();
    outcome
}

fn publish(plan: &Plan, client: &Client) -> Result<Publishers, RunError> {
    let publishers = Publishers::new(client, &plan.settings)?;
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let stream = next.fetch_add(1, Ordering::Relaxed);
            if stream >= plan.publishers {
                return Ok(());
            }
            let endpoint = plan.whip(stream);
            if let Err(error) = publishers.join(&endpoint) {
                return Err(RunError::Publish { endpoint, error });
            }
        }
    };
    std::thread::scope(|scope| {
        let threads = PUBLISHING_THREADS.min(plan.publishers);
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().expect("it does not panic"))
    })?;
    Ok(publishers)
}

/// A group of viewers on several threads.
struct Crowd {
    pools: Vec<Viewers>,
    /// The number of the next viewer, which decides its stream and its thread.
    next: AtomicUsize,
}

impl Crowd {
    fn new(client: &Client, threads: usize, plan: &Plan) -> io::Result<Self> {
        let pool = |_| {
            let viewers = Viewers::new(client, plan.idle)?;
            Ok(match plan.gro {
                true => viewers,
                false => viewers.without_gro(),
            })
        };
        let pools = (0..threads.max(1)).map(pool);
        Ok(Self {
            pools: pools.collect::<io::Result<_>>()?,
            next: AtomicUsize::new(0),
        })
    }

    fn asked(&self) -> usize {
        self.next.load(Ordering::Relaxed)
    }

    fn report(&self) -> Report {
        let mut report = Report::default();
        self.pools
            .iter()
            .for_each(|pool| report.merge(&pool.report()));
        report
    }

    /// Lets this many viewers leave, spread over the threads; all when there are fewer.
    fn leave(&self, count: usize) {
        let each = count / self.pools.len();
        let rest = count % self.pools.len();
        for (i, pool) in self.pools.iter().enumerate() {
            pool.leave(each + usize::from(i < rest));
        }
    }
}

/// The viewers of a measurement.
struct Run<'a> {
    plan: &'a Plan,
    /// The viewers of [`Plan::watching`].
    before: Crowd,
    /// The viewers of [`Plan::viewers`].
    crowd: Crowd,
    /// Number of viewers that could not join, by error message.
    refusals: Mutex<BTreeMap<String, usize>>,
}

/// The samples of a measurement.
struct Log<P> {
    observer: Option<Observer>,
    began: Instant,
    samples: Vec<Sample>,
    last: Report,
    progress: P,
    stopped: bool,
}

impl<P: FnMut(&Sample) -> bool> Log<P> {
    fn wait(&mut self, run: &Run<'_>, phase: Phase, time: Duration) {
        let until = Instant::now() + time;
        while !self.stopped && Instant::now() < until {
            self.sample(run, phase);
        }
    }

    /// Waits for a second and records its sample.
    fn sample(&mut self, run: &Run<'_>, phase: Phase) {
        std::thread::sleep(SAMPLE_EVERY);
        let report = run.report();
        let sample = Sample {
            second: self.began.elapsed().as_secs_f64(),
            phase,
            figures: Figures::between(&self.last, &report),
            process: self.observer.as_mut().and_then(Observer::look),
        };
        self.last = report;
        self.stopped |= !(self.progress)(&sample);
        self.samples.push(sample);
    }
}

impl Run<'_> {
    fn measure<P: FnMut(&Sample) -> bool>(&self, log: &mut Log<P>) -> Result<Outcome, RunError> {
        let plan = self.plan;
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        log.wait(self, Phase::Publishing, SAMPLE_EVERY);
        // Memory before the first viewer, to tell what each viewer costs.
        let empty = log.samples.last().and_then(|s| s.process.as_ref());
        let memory_kb_before = empty.map(|process| process.memory_kb);
        self.join(log, &self.before, plan.watching);
        if plan.watching > 0 {
            log.wait(self, Phase::Joining, SETTLE);
        }
        let (first, there) = (self.crowd.report(), self.before.report());
        let viewers_max = plan.find_max.map(|bounds| self.find_max(log, bounds));
        if viewers_max.is_none() {
            self.join(log, &self.crowd, plan.viewers);
        }
        // New viewers first catch up from the cache, which is not part of the steady phase.
        log.wait(self, Phase::Joining, SETTLE);
        let (steady, from) = (self.report(), log.samples.len());
        log.wait(self, Phase::Steady, plan.time);
        let last = self.report();
        let joins = self.joins(&last);
        if last.connected == 0 && joins.asked > 0 && !log.stopped {
            let reason = joins.refused.first().map(|r| r.reason.clone());
            let reason = reason.unwrap_or_else(|| "none of them connected".to_owned());
            return Err(RunError::NoViewer(reason));
        }
        let looks = log.samples.get(from..).unwrap_or_default();
        let looks: Vec<_> = looks.iter().filter_map(|s| s.process.clone()).collect();
        let watching = Figures::between(&there, &self.before.report());
        let steady = Figures::between(&steady, &last);
        let process = Process::mean(&looks);
        let packets_per_core = process.as_ref().map(|p| p.packets_per_core(&steady));
        let grown = process.as_ref().zip(memory_kb_before);
        let memory_kb_per_viewer = grown.and_then(|(p, kb)| p.memory_kb_per_viewer(kb, &steady));
        Ok(Outcome {
            plan: plan.clone(),
            version: env!("CARGO_PKG_VERSION"),
            began: unix.unwrap_or_default().as_secs(),
            steady,
            whole: Figures::between(&first, &self.crowd.report()),
            watching: (plan.watching > 0).then_some(watching),
            joins,
            process,
            packets_per_core,
            memory_kb_per_viewer,
            viewers_max,
            samples: std::mem::take(&mut log.samples),
        })
    }

    /// The report of all viewers.
    fn report(&self) -> Report {
        let mut report = self.crowd.report();
        report.merge(&self.before.report());
        report
    }

    fn joins(&self, report: &Report) -> Joins {
        let refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = refusals.iter().map(|(reason, count)| Refusal {
            reason: reason.clone(),
            count: *count,
        });
        Joins {
            asked: self.before.asked() + self.crowd.asked(),
            refused: refused.collect(),
            setup: (&report.setup).into(),
            first_packet: (&report.first_packet).into(),
            keyframe: (&report.keyframe).into(),
        }
    }

    /// Searches for the largest number of viewers within the bounds: grows it until the server
    /// breaks one, then halves the interval. Leaves that many viewers connected.
    fn find_max<P: FnMut(&Sample) -> bool>(&self, log: &mut Log<P>, bounds: Bounds) -> usize {
        let most = self.plan.viewers;
        let (mut good, mut bad) = (0, most + 1);
        let mut wanted = self.plan.streams.max(10).min(most);
        while !log.stopped && wanted > good && wanted < bad {
            // Viewers may have been refused or have lost their connection, so count those
            // connected.
            let present = self.crowd.report().connected;
            self.join(log, &self.crowd, wanted.saturating_sub(present));
            self.crowd.leave(present.saturating_sub(wanted));
            log.wait(self, Phase::Joining, SETTLE);
            let before = self.report();
            log.wait(self, Phase::Steady, self.plan.time);
            let seen = Figures::between(&before, &self.report());
            let kept = seen.viewers >= wanted + self.plan.watching
                && seen.loss <= bounds.loss
                && seen.delay.p99_ms <= bounds.delay.as_secs_f64() * 1e3;
            match kept {
                true => good = wanted,
                false => bad = wanted,
            }
            let near = (good as f64 * PRECISION) as usize + 1;
            wanted = match bad > most {
                true => ((wanted as f64 * GROWTH).ceil() as usize).min(most),
                false if bad - good <= near => good,
                false => good.midpoint(bad),
            };
        }
        let present = self.crowd.report().connected;
        self.crowd.leave(present.saturating_sub(good));
        good
    }

    /// Lets viewers join at the planned rate, and waits until they are connected.
    fn join<P: FnMut(&Sample) -> bool>(&self, log: &mut Log<P>, crowd: &Crowd, count: usize) {
        let (plan, first, begin) = (self.plan, crowd.asked(), Instant::now());
        let stop = AtomicBool::new(false);
        let work = || {
            while !stop.load(Ordering::Relaxed) {
                // Threads claim numbers up to the last one wanted; each has its own due time.
                let claim = |next: usize| (next < first + count).then_some(next + 1);
                let next = &crowd.next;
                let Ok(number) = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, claim)
                else {
                    return;
                };
                let due = begin + Duration::from_secs_f64((number - first) as f64 / plan.ramp);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                let pool = &crowd.pools[number % crowd.pools.len()];
                if let Err(error) = pool.join(&plan.whep(number % plan.streams.max(1))) {
                    let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
                    *refusals.entry(error.to_string()).or_default() += 1;
                }
            }
        };
        let threads = (plan.ramp / JOINS_OF_THREAD).ceil() as usize;
        std::thread::scope(|scope| {
            let threads = threads.clamp(1, JOIN_THREADS_MAX).min(count);
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            while threads.iter().any(|thread| !thread.is_finished()) {
                log.sample(self, Phase::Joining);
                stop.store(log.stopped, Ordering::Relaxed);
            }
        });
        let deadline = Instant::now() + CONNECT_TIMEOUT;
        while crowd.report().connecting > 0 && !log.stopped && Instant::now() < deadline {
            log.sample(self, Phase::Joining);
        }
    }
}
