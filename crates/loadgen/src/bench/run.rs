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

/// Between two samples.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// Requests of viewers that one thread makes in a second; more threads make more.
const JOINS_OF_THREAD: f64 = 25.0;
const JOIN_THREADS_MAX: usize = 16;

/// Publishers that connect at the same time.
const PUBLISHING_THREADS: usize = 8;

/// How long viewers may take to connect after the last was let in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Until those who came have what they missed, and a server is at rest.
const SETTLE: Duration = Duration::from_secs(3);

/// While looking for the largest number: each step has so many times the viewers of the one
/// before; the search ends when the next number is within this share.
const GROWTH: f64 = 1.5;
const PRECISION: f64 = 0.04;

/// Why nothing was measured.
#[derive(Debug, Error)]
pub enum RunError {
    /// No publisher, no stream.
    #[error("{endpoint} cannot be published to: {error}")]
    Publish {
        /// The WHIP endpoint.
        endpoint: String,
        /// Why.
        error: OpenError,
    },
    /// No viewer came in.
    #[error("no viewer came in: {0}")]
    NoViewer(String),
    /// The process to look at is not there.
    #[error("process {pid} cannot be observed: {error}")]
    Process {
        /// Its number.
        pid: u32,
        /// Why.
        error: io::Error,
    },
    /// No thread.
    #[error("the system refused: {0}")]
    System(#[from] io::Error),
}

/// Carries out a plan. Each second `progress` is given what was seen; when it returns false, the
/// measurement ends there.
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
    // No server has to wait for a time-out to free what this leaves.
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

/// Viewers on several threads.
struct Crowd {
    pools: Vec<Viewers>,
    /// The number of the next viewer: decides its stream and its thread.
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

    /// So many leave, or all if there are less.
    fn leave(&self, count: usize) {
        let each = count / self.pools.len();
        let rest = count % self.pools.len();
        for (i, pool) in self.pools.iter().enumerate() {
            pool.leave(each + usize::from(i < rest));
        }
    }
}

/// Everybody who takes part.
struct Run<'a> {
    plan: &'a Plan,
    /// Viewers who were there before the others.
    before: Crowd,
    crowd: Crowd,
    /// Why viewers did not come in, and how many.
    refusals: Mutex<BTreeMap<String, usize>>,
}

/// What was seen second by second.
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

    /// Waits for a second to pass, and says what was seen in it.
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

    /// What all viewers saw.
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

    /// More and more viewers until the server breaks a bound, then between. Leaves as many there
    /// as were good.
    fn find_max<P: FnMut(&Sample) -> bool>(&self, log: &mut Log<P>, bounds: Bounds) -> usize {
        let most = self.plan.viewers;
        let (mut good, mut bad) = (0, most + 1);
        let mut wanted = self.plan.streams.max(10).min(most);
        while !log.stopped && wanted > good && wanted < bad {
            // Some may have been refused, or have lost their connection.
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

    /// Lets viewers in at the planned rate, and waits until they are connected.
    fn join<P: FnMut(&Sample) -> bool>(&self, log: &mut Log<P>, crowd: &Crowd, count: usize) {
        let (plan, first, begin) = (self.plan, crowd.asked(), Instant::now());
        let stop = AtomicBool::new(false);
        let work = || {
            while !stop.load(Ordering::Relaxed) {
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
