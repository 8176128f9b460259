//! One sender over one link: what its congestion control makes of it.
//!
//! An encoder that follows the estimate at once sends over the bottleneck of one [`Link`], alone or
//! beside downloads, to a receiver that shares no code with the server. Only the sender with its
//! estimate differs between two trials of one [`Case`].
//!
//! ```text
//! Source ─► Sender ─┬► Link ─► client::Peer ─► Record
//!  TcpFlow ─────────┘            │
//!     ▲      feedback ◄──────────┘
//! ```

mod case;
mod further;
mod held;
mod record;
mod sender;
mod source;
mod verdict;

use std::time::{Duration, Instant};

pub use case::{Case, cases};
pub use further::further_cases;
pub use record::Outcome;
pub use sender::Estimator;
pub use verdict::Verdict;

use crate::clock::WAKE_MIN;
use crate::flights::Flights;
use crate::tcp::{SEGMENT_BYTES, TcpFlow};
use crate::{Clock, Link, Rng};
use case::DOWNLOADS_AT;
use held::Held;
use record::Record;
use sender::{Ends, RECEIVER, SENDER, Sender};
use source::Source;

/// The connection has to be up before this time.
const CONNECT_MAX: Duration = Duration::from_secs(20);

/// A datagram or an acknowledgement on its way.
#[derive(Debug)]
enum Cargo {
    ToReceiver(Vec<u8>),
    ToSender(Vec<u8>),
    Acknowledgement { flow: usize, number: u64 },
}

/// A trial under way.
struct Trial<'a> {
    case: &'a Case,
    clock: Clock,
    rng: Rng,
    link: Link,
    sender: Sender,
    receiver: client::Peer,
    sender_wake: Option<Instant>,
    receiver_wake: Option<Instant>,
    source: Source,
    held: Held,
    flows: Vec<TcpFlow>,
    record: Record,
    /// When media began to flow.
    began: Option<Instant>,
    /// How many of the case's changes have happened.
    changed: usize,
    flights: Flights<Cargo>,
}

/// Runs a case with an estimator. Loss, radio and frame sizes follow from the seed.
///
/// # Panics
/// If the two ends do not connect, which is a bug of this project.
pub fn run(case: &Case, estimator: Estimator, seed: u64) -> Outcome {
    let start = Instant::now();
    let mut rng = Rng::new(seed);
    let Ends { sender, receiver } = Ends::negotiate(estimator, start);
    let mut trial = Trial {
        case,
        clock: Clock::new(start),
        link: Link::new(case.path, rng.fork()),
        sender,
        receiver,
        sender_wake: Some(start),
        receiver_wake: Some(start),
        source: Source::new(start, rng.fork()),
        held: Held::default(),
        flows: Vec::new(),
        record: Record::new(case),
        rng,
        began: None,
        changed: 0,
        flights: Flights::new(),
    };
    while !trial.is_over() {
        trial.step();
    }
    trial.record.outcome()
}

/// The mean of several runs: see [`run`] and [`Outcome::mean`].
pub fn run_all(case: &Case, estimator: Estimator, seeds: &[u64]) -> Outcome {
    let outcomes = seeds.iter().map(|seed| run(case, estimator, *seed));
    Outcome::mean(&outcomes.collect::<Vec<_>>())
}

impl Trial<'_> {
    fn is_over(&self) -> bool {
        let connects = self.began.is_some() || self.clock.elapsed() < CONNECT_MAX;
        assert!(connects, "no connection over {:?}", self.case);
        self.passed().is_some_and(|passed| passed >= self.case.time)
    }

    /// The time since media began to flow.
    fn passed(&self) -> Option<Duration> {
        let began = self.began?;
        Some(self.clock.now().saturating_duration_since(began))
    }

    /// Advances to the next event.
    fn step(&mut self) {
        let next = self.next_event().unwrap_or(self.clock.now() + WAKE_MIN);
        self.clock.advance_to(next);
        let now = self.clock.now();
        // The link changes before anything is sent over it at this time.
        self.follow_case();
        while let Some(cargo) = self.flights.land(now) {
            self.land(cargo);
        }
        if self.began.is_some() {
            self.produce();
            self.download();
        }
        if self.sender_wake.is_some_and(|at| at <= now) {
            self.sender.handle_timeout(now);
            self.drain_sender();
        }
        if self.receiver_wake.is_some_and(|at| at <= now) {
            self.receiver.handle_timeout(now);
            self.drain_receiver();
        }
    }

    fn next_event(&self) -> Option<Instant> {
        let flight = self.flights.next();
        let source = self.began.map(|_| self.source.due());
        let flows = self.flows.iter().map(TcpFlow::due);
        let tick = self.record.due();
        let wakes = [flight, self.sender_wake, self.receiver_wake, source, tick];
        wakes.into_iter().flatten().chain(flows).min()
    }

    /// Changes the link as the case says, and tells the record what it carries.
    fn follow_case(&mut self) {
        let (Some(passed), now) = (self.passed(), self.clock.now()) else {
            return;
        };
        while let Some((at, path)) = self.case.changes.get(self.changed)
            && *at <= passed
        {
            self.changed += 1;
            self.link.set_path(*path);
            self.record.route(passed, path.delay);
        }
        if passed >= DOWNLOADS_AT && self.flows.len() < self.case.downloads {
            self.flows
                .resize_with(self.case.downloads, || TcpFlow::new(now));
        }
        let capacity = self.link.capacity(now).unwrap_or_default();
        self.record.tick(now, passed, capacity);
    }

    fn land(&mut self, cargo: Cargo) {
        let now = self.clock.now();
        match cargo {
            Cargo::ToReceiver(datagram) => {
                self.receiver
                    .handle_datagram(now, SENDER, RECEIVER, &datagram);
                self.drain_receiver();
            }
            Cargo::ToSender(mut datagram) => {
                self.sender.handle_datagram(now, &mut datagram);
                self.drain_sender();
            }
            Cargo::Acknowledgement { flow, number } => {
                if let Some(flow) = self.flows.get_mut(flow) {
                    flow.acknowledged(now, number);
                }
            }
        }
    }

    /// Sends what the encoder has ready.
    fn produce(&mut self) {
        let now = self.clock.now();
        let Some(began) = self.began else {
            return;
        };
        let mut wrote = false;
        if self.held.is_long(now) {
            self.source.skip(now);
        }
        while let Some((seq, packet)) = self.source.poll(now, began, self.sender.estimate()) {
            self.sender.write(now, seq, packet);
            self.held.written(now);
            wrote = true;
        }
        if wrote {
            self.drain_sender();
        }
    }

    fn download(&mut self) {
        let now = self.clock.now();
        let back = self.delay();
        for index in 0..self.flows.len() {
            self.flows[index].handle_timeout(now);
            while let Some(number) = self.flows[index].poll_segment() {
                for at in self.link.send(now, SEGMENT_BYTES) {
                    let flow = index;
                    self.flights
                        .launch(at + back, Cargo::Acknowledgement { flow, number });
                }
            }
        }
    }

    fn drain_sender(&mut self) {
        let now = self.clock.now();
        let mut out = Vec::new();
        let due = self.sender.drain(&mut out);
        self.sender_wake = due.map(|at| at.max(now + WAKE_MIN));
        if self.began.is_none() && self.sender.is_connected() {
            self.began = Some(now);
            // With a new link, losses follow from the seed, however long the handshake took.
            self.link = Link::new(self.case.path, self.rng.fork());
            self.source.begin(now);
            self.record.begin(now, self.case.path.delay);
        }
        for datagram in out {
            let is_media = self.held.left(&datagram);
            let delay = self.link.path().delay;
            for at in self.link.send(now, datagram.len()) {
                if is_media {
                    self.record
                        .queued(at.saturating_duration_since(now + delay));
                }
                self.flights.launch(at, Cargo::ToReceiver(datagram.clone()));
            }
        }
    }

    fn drain_receiver(&mut self) {
        let now = self.clock.now();
        let back = self.delay();
        let due = loop {
            match self.receiver.poll_output() {
                client::Output::Transmit(transmit) => {
                    self.flights
                        .launch(now + back, Cargo::ToSender(transmit.contents));
                }
                client::Output::Event(client::Event::Packet { packet, .. }) => {
                    if let Some(passed) = self.passed() {
                        self.record.arrived(passed, &packet);
                    }
                }
                client::Output::Event(_) => {}
                client::Output::Timeout(at) => break at,
            }
        };
        self.receiver_wake = Some(due.max(now + WAKE_MIN));
    }

    /// Delay of the path back: that of the case's first path. It has no impairment.
    fn delay(&self) -> Duration {
        self.case.path.delay
    }
}
