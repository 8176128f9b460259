//! The loop of one media thread.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use contract::{Command, Event};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};
use model::ShardId;
use rtc::Path;
use rtrb::Consumer;
use shard::{Input, Output, Shard, ShardMessage};
use tokio::sync::mpsc::Sender;
use udp::{Received, Socket};

use super::gathering::Gathering;
use super::load::Load;
use super::rings::Outgoing;

/// Datagrams per system call, and the number of calls before outputs are drained.
const RECEIVE_BATCH: usize = 32;
const RECEIVE_CALLS_MAX: usize = 8;

/// Sends before the socket is read again.
const SENDS_MAX: usize = 32;

/// Packets that may be pending for viewers. Above this nothing is received.
const BACKLOG_MAX: usize = 256;

/// How often the counters are published.
const PUBLISH_EVERY: Duration = Duration::from_millis(200);

/// The longest sleep, so that counters do not grow stale.
const SLEEP_MAX: Duration = Duration::from_secs(1);

const SOCKET: Token = Token(0);
/// What wakes the thread besides its socket.
pub(super) const WAKE: Token = Token(1);

/// What one media thread owns.
pub(super) struct MediaThread {
    pub(super) id: ShardId,
    pub(super) shard: Shard,
    pub(super) socket: Socket,
    /// Datagrams that the kernel refused to send.
    pub(super) send_dropped: u64,
    pub(super) candidates: Vec<SocketAddr>,
    pub(super) host_addresses: Vec<IpAddr>,
    /// `None` tells the thread to stop.
    pub(super) commands: Receiver<Option<Command>>,
    pub(super) commands_queued: Arc<AtomicU64>,
    pub(super) rings_in: Vec<Consumer<ShardMessage>>,
    pub(super) rings_out: Vec<Outgoing>,
    pub(super) wakers: Vec<Arc<Waker>>,
    pub(super) events: Sender<(ShardId, Event)>,
    /// Events that the full queue of the control plane did not take. Bounded by what sessions can
    /// cause.
    pub(super) events_held: VecDeque<Event>,
    pub(super) load: Arc<Mutex<Load>>,
    pub(super) busy: Duration,
    pub(super) published: Instant,
}

impl MediaThread {
    /// Runs the thread until it is told to stop, or its socket fails.
    pub(super) fn run(mut self, mut poll: Poll) {
        let socket = self.socket.as_fd().as_raw_fd();
        let mut source = SourceFd(&socket);
        if let Err(error) = poll
            .registry()
            .register(&mut source, SOCKET, Interest::READABLE)
        {
            return tracing::error!(%error, "cannot watch the media socket");
        }
        let mut events = Events::with_capacity(8);
        let mut received = Received::new(RECEIVE_BATCH);
        let mut more = false;
        let mut gathering = Gathering::default();
        loop {
            if let Err(error) = poll.poll(&mut events, Some(self.sleep(more)))
                && error.kind() != io::ErrorKind::Interrupted
            {
                return tracing::error!(%error, "the media thread cannot wait for events and ends");
            }
            let mut now = Instant::now();
            if !more {
                // A new pass: let more of a burst arrive, so that it is sent together.
                std::thread::sleep(gathering.wait(now));
                now = Instant::now();
                gathering.begin(now);
            }
            more = self.take_messages(now);
            match self.receive(now, &mut received) {
                Some(pending) => more |= pending,
                None => return,
            }
            if self.shard.poll_timeout().is_some_and(|at| at <= now) {
                self.shard.handle_input(now, Input::Timeout);
            }
            more |= self.drain(now);
            let done = Instant::now();
            self.busy += done - now;
            gathering.end(done);
            self.publish(now);
        }
    }

    /// How long to wait for events: not at all while a pass has `more` to do, else until the next
    /// timeout.
    fn sleep(&self, more: bool) -> Duration {
        if more {
            return Duration::ZERO;
        }
        let until = self
            .shard
            .poll_timeout()
            .map(|at| at.saturating_duration_since(Instant::now()));
        until.unwrap_or(SLEEP_MAX).min(SLEEP_MAX)
    }

    /// Passes queued commands to the shard. Returns false when the thread must stop.
    fn take_commands(&mut self, now: Instant) -> bool {
        while let Ok(command) = self.commands.try_recv() {
            let Some(command) = command else {
                return false;
            };
            self.commands_queued.fetch_sub(1, Ordering::Relaxed);
            self.shard.handle_input(now, Input::Command(command));
        }
        true
    }

    /// Passes messages of other shards to this one. Returns whether more may wait, since viewers
    /// have too large a backlog.
    fn take_messages(&mut self, now: Instant) -> bool {
        for ring in &mut self.rings_in {
            while let Ok(message) = ring.pop() {
                self.shard.handle_input(now, Input::Message(message));
                if self.shard.backlog() > BACKLOG_MAX {
                    return true;
                }
            }
        }
        false
    }

    /// Takes commands, and datagrams from the socket. Returns whether the socket may have more;
    /// `None` when the thread must stop.
    fn receive(&mut self, now: Instant, received: &mut Received) -> Option<bool> {
        for _ in 0..RECEIVE_CALLS_MAX {
            // Packets that cannot be sent in time are better lost in the kernel than queued here.
            if self.shard.backlog() > BACKLOG_MAX {
                return self.take_commands(now).then_some(true);
            }
            let called = received.call(&self.socket);
            // A client's first datagram may come right after the answer to its request. The command
            // that adds its peer was queued before that answer, so commands are taken between
            // reading datagrams and handling them.
            if !self.take_commands(now) {
                return None;
            }
            match called {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Some(false),
                Err(error) => {
                    // Reports an ICMP error for an earlier send; the next call reads on.
                    tracing::trace!(%error, "receive");
                    continue;
                }
            }
            self.shard.prefetch(received.sources());
            for mut datagrams in received.iter_mut() {
                let destination = self.destination(datagrams.destination);
                let path = Path::udp(destination, datagrams.source);
                for contents in datagrams.iter_mut() {
                    let datagram = Input::Datagram { path, contents };
                    self.shard.handle_input(now, datagram);
                }
            }
            if !matches!(called, Ok(true)) {
                return Some(false);
            }
        }
        Some(true)
    }

    /// The candidate for the address that a datagram was sent to: the same address, or else the
    /// first of its family.
    fn destination(&self, ip: Option<IpAddr>) -> SocketAddr {
        let exact = self.candidates.iter().find(|c| Some(c.ip()) == ip);
        let family = || {
            self.candidates
                .iter()
                .find(|c| ip.is_none_or(|ip| ip.is_ipv4() == c.is_ipv4()))
        };
        exact
            .or_else(family)
            .copied()
            .unwrap_or((Ipv4Addr::UNSPECIFIED, 0).into())
    }

    /// Carries out the shard's outputs. Returns whether there may be more: after [`SENDS_MAX`]
    /// sends the thread reads its input first, so that new packets join those that are being given
    /// to the viewers.
    fn drain(&mut self, now: Instant) -> bool {
        let (mut woken, mut sends) = (0_u64, 0);
        while sends < SENDS_MAX
            && let Some(output) = self.shard.poll_output(now)
        {
            match output {
                Output::Transmit(transmit) => {
                    sends += 1;
                    let from = source(&self.host_addresses, transmit.path.local.ip());
                    let to = transmit.path.remote;
                    let sent = self
                        .socket
                        .send(to, from, transmit.contents, transmit.segment);
                    if let Err(error) = sent {
                        // Not retried: UDP may lose datagrams, and a full send buffer or an
                        // unreachable viewer must not hold up the others.
                        self.send_dropped += transmit.datagrams().len() as u64;
                        tracing::trace!(%error, "datagrams not sent");
                    }
                }
                Output::Message { shard, message } => {
                    let ring = self.rings_out.iter_mut().find(|ring| ring.to == shard);
                    let full = ring.is_some_and(|ring| !ring.push(message));
                    if full {
                        self.shard.handle_input(now, Input::RingFull { shard });
                    }
                    // A bit per shard; those beyond 64 share one and may be woken for nothing.
                    woken |= 1 << (shard.0 % 64);
                }
                Output::Event(event) => self.events_held.push_back(event),
            }
        }
        self.rings_out.iter_mut().for_each(Outgoing::flush);
        for (shard, waker) in self.wakers.iter().enumerate() {
            if woken & (1 << (shard % 64)) != 0
                && let Err(error) = waker.wake()
            {
                tracing::trace!(%error, "wake");
            }
        }
        while let Some(event) = self.events_held.pop_front() {
            if let Err(error) = self.events.try_send((self.id, event)) {
                match error {
                    tokio::sync::mpsc::error::TrySendError::Full((_, event)) => {
                        self.events_held.push_front(event);
                    }
                    tokio::sync::mpsc::error::TrySendError::Closed(_) => self.events_held.clear(),
                }
                break;
            }
        }
        sends == SENDS_MAX
    }

    /// Publishes the load for readers on other threads, at most every [`PUBLISH_EVERY`].
    fn publish(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.published);
        if passed < PUBLISH_EVERY {
            return;
        }
        *self.load.lock().unwrap_or_else(PoisonError::into_inner) = Load {
            counters: self.shard.counters(),
            busy: (self.busy.as_secs_f64() / passed.as_secs_f64()).min(1.0),
            send_dropped: self.send_dropped,
            delays: self.shard.delays(),
            ring_queued: self.rings_out.iter().map(Outgoing::queued).sum(),
            commands_queued: self.commands_queued.load(Ordering::Relaxed),
            events_queued: self.events_held.len() as u64,
        };
        self.busy = Duration::ZERO;
        self.published = now;
    }
}

/// The address to send from: the one that the remote sent to, since it accepts answers from no
/// other. A candidate that is not an address of the host is the external address of a NAT: then the
/// kernel chooses.
fn source(host_addresses: &[IpAddr], candidate: IpAddr) -> IpAddr {
    if host_addresses.contains(&candidate) {
        candidate
    } else {
        Ipv4Addr::UNSPECIFIED.into()
    }
}
