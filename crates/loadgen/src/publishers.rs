use std::collections::BTreeSet;
use std::io;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use client::{Certificate, Direction};
use mio::{Events, Poll, Token};
use slab::Slab;
use udp::Received;

use crate::http::Client;
use crate::link::{Link, OpenError};
use crate::publisher::{Publisher, Sent, Settings};
use crate::worker::{Commands, Next, Worker};

/// The longest sleep of the thread. Commands wake it earlier.
const SLEEP_MAX: Duration = Duration::from_millis(100);

/// How long ICE and DTLS may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Synthetic publishers on one thread. They answer a key-frame request with the next frame, on all
/// layers.
///
/// Dropping it makes them vanish without closing their sessions.
#[derive(Debug)]
pub struct Publishers {
    client: Client,
    settings: Settings,
    certificate: Certificate,
    worker: Worker<Command>,
}

enum Command {
    Join(Box<Link>),
    Remove(Sender<Vec<String>>),
    Sent(Sender<Sent>),
}

impl Publishers {
    /// Starts the thread, without publishers yet. All of them will publish with these settings.
    /// Fails when the thread cannot be started.
    pub fn new(client: &Client, settings: &Settings) -> io::Result<Self> {
        let own = settings.clone();
        let worker = Worker::start("publishers", move |poll, commands| {
            let pool = Pool {
                settings: own,
                publishers: Slab::new(),
                wakes: BTreeSet::new(),
                buffers: Link::buffers(),
                past: Sent::default(),
            };
            pool.run(poll, &commands);
        })?;
        Ok(Self {
            client: client.clone(),
            settings: settings.clone(),
            certificate: Certificate::generate(),
            worker,
        })
    }

    /// Adds a publisher at a WHIP endpoint. Returns the server's SDP answer once the publisher is
    /// connected and handed to the thread that sends. May be called from several threads.
    pub fn join(&self, endpoint: &str) -> Result<String, OpenError> {
        let rids = self.settings.rids();
        let direction = Direction::Send;
        let mut link = Link::open(&self.client, endpoint, &self.certificate, direction, rids)?;
        link.allow_payloads_up_to(self.settings.payload_bytes_max);
        link.connect(CONNECT_TIMEOUT)?;
        let answer = link.answer().to_owned();
        self.worker.send(Command::Join(Box::new(link)));
        Ok(answer)
    }

    /// The totals of all publishers so far, including those who left.
    pub fn sent(&self) -> Sent {
        self.worker.ask(Command::Sent)
    }

    /// Ends the sessions of all publishers over HTTP. Returns the server's statuses; 0 where the
    /// request failed.
    pub fn leave(&self) -> Vec<u16> {
        let sessions = self.worker.ask(Command::Remove);
        let delete = |session: String| self.client.delete(&session).unwrap_or_default();
        sessions.into_iter().map(delete).collect()
    }
}

/// The publishers and their timers, owned by the thread.
struct Pool {
    settings: Settings,
    publishers: Slab<Publisher>,
    /// The next timeout of each publisher.
    wakes: BTreeSet<(Instant, usize)>,
    buffers: Received,
    /// Totals of the publishers who left.
    past: Sent,
}

impl Pool {
    fn run(mut self, mut poll: Poll, commands: &Commands<Command>) {
        let mut events = Events::with_capacity(1_024);
        loop {
            let next = self.wakes.first().map_or(SLEEP_MAX, |(at, _)| {
                at.saturating_duration_since(Instant::now()).min(SLEEP_MAX)
            });
            if let Err(error) = poll.poll(&mut events, Some(next))
                && error.kind() != io::ErrorKind::Interrupted
            {
                return tracing::error!(%error, "the publishers' thread cannot wait for events");
            }
            for key in events.iter().map(|event| event.token()) {
                if let Some(publisher) = self.publishers.get_mut(key.0) {
                    publisher.receive(Instant::now(), &mut self.buffers);
                    self.turn(key.0);
                }
            }
            let now = Instant::now();
            while let Some((at, key)) = self.wakes.first().copied()
                && at <= now
            {
                self.turn(key);
            }
            loop {
                match commands.next() {
                    Next::Do(command) => self.command(&poll, command),
                    Next::Wait => break,
                    Next::End => return,
                }
            }
        }
    }

    fn turn(&mut self, key: usize) {
        if let Some(publisher) = self.publishers.get_mut(key) {
            self.wakes.remove(&(publisher.wake_at, key));
            let now = Instant::now();
            // A timer in the past would make the loop spin.
            publisher.wake_at = publisher.turn(now).max(now + Duration::from_micros(100));
            self.wakes.insert((publisher.wake_at, key));
        }
    }

    fn command(&mut self, poll: &Poll, command: Command) {
        match command {
            Command::Join(link) => {
                let entry = self.publishers.vacant_entry();
                let key = entry.key();
                if let Err(error) = link.register(poll.registry(), Token(key)) {
                    tracing::error!(%error, "a publisher's socket cannot be registered");
                    return;
                }
                entry.insert(Publisher::new(*link, &self.settings, Instant::now()));
                self.turn(key);
            }
            Command::Remove(removed) => {
                self.wakes.clear();
                let mut sessions = Vec::new();
                for publisher in self.publishers.drain() {
                    self.past += publisher.sent();
                    sessions.push(publisher.session().to_owned());
                }
                // The caller may have panicked and dropped its end.
                removed.send(sessions).ok();
            }
            Command::Sent(answer) => {
                let mut sent = self.past;
                self.publishers.iter().for_each(|(_, p)| sent += p.sent());
                answer.send(sent).ok();
            }
        }
    }
}
