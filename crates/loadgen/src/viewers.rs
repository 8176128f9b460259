use std::collections::BTreeSet;
use std::io;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use client::{Certificate, Direction, Event};
use mio::{Events, Poll, Token};
use serde::Serialize;
use slab::Slab;
use udp::Received;

use crate::http::Client;
use crate::link::{Happened, Link, OpenError};
use crate::reception::Reception;
use crate::report::{Report, STALL};
use crate::worker::{Commands, Next, Worker};

/// Time after its connection by which a viewer has reached the live edge. Delays count from then
/// on.
const SETTLED: Duration = Duration::from_secs(2);

/// The longest sleep of the thread. Commands wake it earlier.
const SLEEP_MAX: Duration = Duration::from_millis(100);

/// What the viewers' thread does when no packet has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Idle {
    /// Sleep until a packet arrives.
    Sleep,
    /// Poll again, yielding to other threads in between. A server on the same machine then does not
    /// pay for waking the generator, just as it would not pay for waking remote viewers.
    Spin,
}

/// Synthetic viewers on one thread. For more threads, use several values of this type.
///
/// Dropping it makes all viewers vanish without closing their sessions.
#[derive(Debug)]
pub struct Viewers {
    client: Client,
    certificate: Certificate,
    joined: bool,
    worker: Worker<Command>,
}

enum Command {
    Join {
        link: Box<Link>,
        asked: Instant,
    },
    Remove {
        count: usize,
        removed: Sender<Vec<String>>,
    },
    Report(Sender<Report>),
}

impl Viewers {
    /// Starts the thread, without viewers yet. Fails when the thread cannot be started.
    pub fn new(client: &Client, idle: Idle) -> io::Result<Self> {
        let worker = Worker::start("viewers", move |poll, commands| {
            let pool = Pool {
                viewers: Slab::new(),
                wakes: BTreeSet::new(),
                buffers: Link::buffers(),
                idle,
                began: Instant::now(),
                past: Report::default(),
            };
            pool.run(poll, &commands);
        })?;
        Ok(Self {
            client: client.clone(),
            certificate: Certificate::generate(),
            joined: true,
            worker,
        })
    }

    /// Lets viewers that join from now on take each datagram from the kernel separately, without
    /// GRO, as browsers do. On one machine the server then pays for splitting its trains.
    #[must_use]
    pub fn without_gro(self) -> Self {
        Self {
            joined: false,
            ..self
        }
    }

    /// Opens a session at a WHEP endpoint for one more viewer. Returns when the server has
    /// answered; the thread then connects the viewer in the background. May be called from several
    /// threads.
    pub fn join(&self, endpoint: &str) -> Result<(), OpenError> {
        let asked = Instant::now();
        let link = Link::open(
            &self.client,
            endpoint,
            &self.certificate,
            Direction::Receive,
            &[],
        )?;
        if !self.joined {
            link.refuse_joined();
        }
        let link = Box::new(link);
        self.worker.send(Command::Join { link, asked });
        Ok(())
    }

    /// Ends the sessions of up to `count` viewers over HTTP. Returns the server's statuses; 0 where
    /// the request failed.
    pub fn leave(&self, count: usize) -> Vec<u16> {
        let delete = |session: String| self.client.delete(&session).unwrap_or_default();
        self.remove(count).into_iter().map(delete).collect()
    }

    /// Makes up to `count` viewers vanish without closing their sessions. Returns how many did.
    pub fn vanish(&self, count: usize) -> usize {
        self.remove(count).len()
    }

    /// The totals of all viewers so far, including those who left.
    pub fn report(&self) -> Report {
        self.worker.ask(Command::Report)
    }

    fn remove(&self, count: usize) -> Vec<String> {
        self.worker
            .ask(|removed| Command::Remove { count, removed })
    }
}

struct Viewer {
    link: Box<Link>,
    seen: Seen,
    wake_at: Instant,
}

/// What a viewer has measured.
struct Seen {
    reception: Reception,
    /// The peer is closed.
    ended: bool,
}

/// The viewers and their timers, owned by the thread.
struct Pool {
    viewers: Slab<Viewer>,
    /// The next timeout of each viewer's link.
    wakes: BTreeSet<(Instant, usize)>,
    buffers: Received,
    idle: Idle,
    began: Instant,
    /// Totals of the viewers who left, and the measurements that are not kept per viewer.
    past: Report,
}

impl Pool {
    fn run(mut self, mut poll: Poll, commands: &Commands<Command>) {
        let mut events = Events::with_capacity(1_024);
        let mut looked = Instant::now();
        loop {
            let next = self.wakes.first().map_or(SLEEP_MAX, |(at, _)| {
                at.saturating_duration_since(Instant::now()).min(SLEEP_MAX)
            });
            let sleep = match self.idle {
                Idle::Sleep => next,
                Idle::Spin => Duration::ZERO,
            };
            if let Err(error) = poll.poll(&mut events, Some(sleep))
                && error.kind() != io::ErrorKind::Interrupted
            {
                return tracing::error!(%error, "the viewers' thread cannot wait for events");
            }
            let now = Instant::now();
            // Time since the last look beyond the planned sleep: the generator itself was held up.
            let stall = (now - looked).saturating_sub(sleep);
            self.past.stall_max = self.past.stall_max.max(stall);
            self.past.stalls += u64::from(stall > STALL);
            looked = now;
            // The waker's token is no viewer's key, so its event is ignored here.
            for key in events.iter().map(|event| event.token()) {
                self.receive(now, key.0);
            }
            while let Some((at, key)) = self.wakes.first().copied()
                && at <= now
            {
                self.turn(now, key);
            }
            loop {
                match commands.next() {
                    Next::Do(command) => self.command(&poll, command),
                    Next::Wait => break,
                    Next::End => return,
                }
            }
            if self.idle == Idle::Spin && events.is_empty() {
                std::thread::yield_now();
            }
        }
    }

    fn receive(&mut self, now: Instant, key: usize) {
        if let Some(viewer) = self.viewers.get_mut(key) {
            let (seen, past, buffers) = (&mut viewer.seen, &mut self.past, &mut self.buffers);
            let happened = |what| seen.observe(now, past, what);
            let at = viewer.link.receive(now, buffers, happened);
            self.wake(now, key, at);
        }
    }

    fn turn(&mut self, now: Instant, key: usize) {
        if let Some(viewer) = self.viewers.get_mut(key) {
            let (seen, past) = (&mut viewer.seen, &mut self.past);
            let at = viewer.link.turn(now, |what| seen.observe(now, past, what));
            self.wake(now, key, at);
        }
    }

    fn wake(&mut self, now: Instant, key: usize, at: Instant) {
        let Some(viewer) = self.viewers.get_mut(key) else {
            return;
        };
        // A timer in the past would make the loop spin.
        let at = at.max(now + Duration::from_millis(1));
        if at == viewer.wake_at {
            return;
        }
        self.wakes.remove(&(viewer.wake_at, key));
        // An ended link has nothing more to do.
        if !viewer.seen.ended {
            viewer.wake_at = at;
            self.wakes.insert((at, key));
        }
    }

    fn command(&mut self, poll: &Poll, command: Command) {
        let now = Instant::now();
        match command {
            Command::Join { link, asked } => {
                let entry = self.viewers.vacant_entry();
                let key = entry.key();
                if let Err(error) = link.register(poll.registry(), Token(key)) {
                    tracing::error!(%error, "a viewer's socket cannot be registered");
                    return;
                }
                entry.insert(Viewer {
                    link,
                    seen: Seen {
                        reception: Reception::new(asked),
                        ended: false,
                    },
                    wake_at: now,
                });
                self.turn(now, key);
            }
            Command::Remove { count, removed } => {
                let keys: Vec<_> = self
                    .viewers
                    .iter()
                    .map(|(key, _)| key)
                    .take(count)
                    .collect();
                let sessions = keys.into_iter().map(|key| self.remove(now, key)).collect();
                // The caller may have panicked and dropped its end.
                removed.send(sessions).ok();
            }
            Command::Report(report) => {
                report.send(self.report(now)).ok();
            }
        }
    }

    fn remove(&mut self, now: Instant, key: usize) -> String {
        let mut viewer = self.viewers.remove(key);
        self.wakes.remove(&(viewer.wake_at, key));
        add(&mut self.past, now, &mut viewer);
        viewer.link.session().to_owned()
    }

    fn report(&mut self, now: Instant) -> Report {
        let mut report = self.past.clone();
        for (_, viewer) in &mut self.viewers {
            add(&mut report, now, viewer);
        }
        let viewers = || self.viewers.iter().map(|(_, viewer)| &viewer.seen);
        let waits = |seen: &&Seen| seen.reception.connected.is_none() && !seen.ended;
        let watches = |seen: &&Seen| seen.reception.connected.is_some() && !seen.ended;
        Report {
            time: now - self.began,
            connected: viewers().filter(watches).count(),
            connecting: viewers().filter(waits).count(),
            ended: viewers().filter(|seen| seen.ended).count(),
            ..report
        }
    }
}

impl Seen {
    fn observe(&mut self, now: Instant, report: &mut Report, what: Happened) {
        let reception = &mut self.reception;
        match what {
            Happened::Media(media) => {
                let (packet, keyframe) = (reception.first_packet, reception.keyframe);
                reception.packet(now, media);
                if packet != reception.first_packet {
                    report.first_packet.add(now - reception.asked);
                }
                if keyframe != reception.keyframe {
                    report.keyframe.add(now - reception.asked);
                }
                // A new viewer is served from the cache first: these packets are old on purpose.
                let settled = reception.connected.is_some_and(|at| now - at > SETTLED);
                if let Some(delay) = media.delay_us.filter(|_| settled) {
                    report.delay.add_us(delay.max(0) as u64);
                }
            }
            Happened::Peer(Event::Connected) => {
                reception.connected = Some(now);
                report.setup.add(now - reception.asked);
            }
            Happened::Peer(Event::Closed) => self.ended = true,
            Happened::Peer(_) => {}
        }
    }
}

fn add(report: &mut Report, now: Instant, viewer: &mut Viewer) {
    let reception = &mut viewer.seen.reception;
    report.packets += reception.packets;
    report.bytes += reception.bytes;
    report.frames += reception.frames;
    report.freezes += reception.freezes(now);
    report.pause_max = report.pause_max.max(reception.pause_max(now));
    if let Some(receiver) = viewer.link.receiver() {
        let counters = receiver.counters();
        report.lost += receiver.lost(now);
        report.nacked += counters.nacked;
        report.repaired += counters.repaired;
        report.plis += counters.plis;
        report.opened += counters.opened;
        report.broken += counters.broken;
        receiver
            .jitter()
            .into_iter()
            .for_each(|j| report.jitter.add(j));
    }
}
