use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use contract::{Command, Event};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};
use model::ShardId;
use rtc::Path;
use rtrb::{Consumer, Producer, RingBuffer};
use shard::{Counters, Delays, Input, Output, Shard, ShardMessage};
use thiserror::Error;
use tokio::sync::mpsc::Sender;
use udp::{Received, Socket};

use super::addresses::local_addresses;
use super::gathering::Gathering;

/// Commands that may wait for a shard. When the queue is full, [`Shards::send`] returns
/// [`QueueFull`].
const COMMANDS_MAX: usize = 1_024;

/// Packets that may wait between two shards. A full ring drops video up to the next key frame.
const RING_PACKETS: usize = 8_192;

/// Datagrams per system call, and the number of calls before outputs are drained.
const RECEIVE_BATCH: usize = 32;
const RECEIVE_CALLS_MAX: usize = 8;

/// Sends before the socket is read again.
const SENDS_MAX: usize = 32;

/// Packets that may be pending for viewers. Above this nothing is received.
const BACKLOG_MAX: usize = 256;

/// Kernel buffers of a socket in bytes: over a quarter of a second at 100 Mbit/s. The kernel may
/// allow less.
const SOCKET_BUFFER: usize = 4 << 20;

/// How often the counters are published.
const PUBLISH_EVERY: Duration = Duration::from_millis(200);

/// The longest sleep, so that counters do not grow stale.
const SLEEP_MAX: Duration = Duration::from_secs(1);

const SOCKET: Token = Token(0);
const WAKE: Token = Token(1);

/// Configuration of all media threads.
#[derive(Debug, Clone)]
pub(crate) struct ShardsConfig {
    /// Number of media threads.
    pub(crate) count: usize,
    /// UDP port of the first shard; each further shard takes the next one.
    pub(crate) first_port: u16,
    /// Addresses for ICE candidates. The first of each family also stands for datagrams that arrive
    /// on an address that is not listed (behind 1:1 NAT).
    pub(crate) addresses: Vec<IpAddr>,
    /// Configuration of each shard.
    pub(crate) shard: shard::Config,
}

/// Why the media threads could not start.
#[derive(Debug, Error)]
pub(crate) enum StartError {
    #[error(
        "cannot open UDP port {port}: {error}. Is another Headwater running? Set media.port to the first of a range of free ports"
    )]
    Bind { port: u16, error: io::Error },
    #[error("cannot set up a media thread: {0}")]
    Setup(#[from] io::Error),
}

/// Counters, queues and load of one media thread.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Load {
    pub(crate) counters: Counters,
    /// Share of the time that the thread worked, 0 to 1, over [`PUBLISH_EVERY`] or longer.
    pub(crate) busy: f64,
    /// Datagrams that the kernel refused to send.
    pub(crate) send_dropped: u64,
    /// How long packets took through the shard.
    pub(crate) delays: Delays,
    /// Messages that wait in rings to other shards.
    pub(crate) ring_queued: u64,
    /// Commands that the thread has not taken yet.
    pub(crate) commands_queued: u64,
    /// Events that wait because the control plane's queue is full.
    pub(crate) events_queued: u64,
}

/// Handles to all media threads.
#[derive(Debug)]
pub(crate) struct Shards {
    handles: Vec<Handle>,
}

#[derive(Debug)]
struct Handle {
    commands: SyncSender<Option<Command>>,
    commands_queued: Arc<AtomicU64>,
    waker: Arc<Waker>,
    load: Arc<Mutex<Load>>,
    candidates: Vec<SocketAddr>,
    thread: Option<JoinHandle<()>>,
}

impl Shards {
    /// Opens the sockets and starts the threads, which send their events to `events` with the
    /// number of the shard. Fails when a port is taken or a thread cannot be set up.
    pub(crate) fn start(
        config: &ShardsConfig,
        events: &Sender<(ShardId, Event)>,
    ) -> Result<Self, StartError> {
        // Sockets are bound before any thread starts: a taken port leaves nothing running.
        let mut sockets = Vec::new();
        for shard in ShardId::all(config.count) {
            let port = config.first_port.saturating_add(shard.0);
            let socket = Socket::bind_all(port);
            let socket = socket.map_err(|error| StartError::Bind { port, error })?;
            socket.set_buffers(SOCKET_BUFFER, SOCKET_BUFFER);
            sockets.push(socket);
        }
        let polls = (0..config.count)
            .map(|_| Poll::new())
            .collect::<io::Result<Vec<_>>>()?;
        let wakers = polls
            .iter()
            .map(|poll| Waker::new(poll.registry(), WAKE).map(Arc::new))
            .collect::<io::Result<Vec<_>>>()?;
        let (mut outgoing, mut incoming) = rings(config.count);
        let host_addresses = local_addresses(true);
        let cores = core_affinity::get_core_ids().unwrap_or_default();
        let mut handles = Vec::new();
        let shards = ShardId::all(config.count);
        for (shard, (socket, poll)) in shards.zip(sockets.into_iter().zip(polls)) {
            let index = shard.index();
            let port = socket.local_address()?.port();
            let usable = |ip: &&IpAddr| socket.is_ipv6() || ip.is_ipv4();
            let candidates: Vec<SocketAddr> = config
                .addresses
                .iter()
                .filter(usable)
                .map(|ip| SocketAddr::new(*ip, port))
                .collect();
            let (commands, receiver) = sync_channel(COMMANDS_MAX);
            let commands_queued = Arc::new(AtomicU64::new(0));
            let load = Arc::new(Mutex::new(Load::default()));
            let thread = MediaThread {
                id: shard,
                shard: Shard::new(shard, config.shard.clone()),
                socket,
                send_dropped: 0,
                candidates: candidates.clone(),
                host_addresses: host_addresses.clone(),
                commands: receiver,
                commands_queued: commands_queued.clone(),
                rings_in: std::mem::take(&mut incoming[index]),
                rings_out: std::mem::take(&mut outgoing[index]),
                wakers: wakers.clone(),
                events: events.clone(),
                events_held: VecDeque::new(),
                load: load.clone(),
                busy: Duration::ZERO,
                published: Instant::now(),
            };
            // Threads are pinned unless there are fewer cores than shards: then the scheduler
            // places them.
            let core = (config.count <= cores.len())
                .then(|| cores.get(index).copied())
                .flatten();
            let thread = std::thread::Builder::new()
                .name(format!("media-{index}"))
                .spawn(move || {
                    if let Some(core) = core {
                        core_affinity::set_for_current(core);
                    }
                    thread.run(poll);
                })?;
            handles.push(Handle {
                commands,
                commands_queued,
                waker: wakers[index].clone(),
                load,
                candidates,
                thread: Some(thread),
            });
        }
        Ok(Self { handles })
    }

    /// Queues a command for a shard and wakes its thread. Gives the command back when the queue is
    /// full: the shard is overloaded, or has stopped.
    pub(crate) fn send(&self, shard: ShardId, command: Command) -> Result<(), Box<Command>> {
        let Some(handle) = self.handles.get(shard.index()) else {
            return Err(Box::new(command));
        };
        // Counted before it is sent, since the thread may take it at once.
        handle.commands_queued.fetch_add(1, Ordering::Relaxed);
        match handle.commands.try_send(Some(command)) {
            Ok(()) => {
                handle.wake();
                Ok(())
            }
            Err(TrySendError::Full(command) | TrySendError::Disconnected(command)) => {
                handle.commands_queued.fetch_sub(1, Ordering::Relaxed);
                // `None` alone tells a thread to end, and this is a command.
                Err(Box::new(command.unwrap_or(Command::CloseAll)))
            }
        }
    }

    /// Addresses of a shard's socket for ICE candidates; empty for an unknown shard.
    pub(crate) fn candidates(&self, shard: ShardId) -> &[SocketAddr] {
        self.handles
            .get(shard.index())
            .map(|handle| handle.candidates.as_slice())
            .unwrap_or_default()
    }

    /// Load of each shard, in the order of their numbers.
    pub(crate) fn load(&self) -> impl Iterator<Item = Load> + '_ {
        self.handles.iter().map(|handle| Load {
            // Read here, since a thread that hangs publishes nothing while its queue grows.
            commands_queued: handle.commands_queued.load(Ordering::Relaxed),
            ..*handle.load.lock().unwrap_or_else(PoisonError::into_inner)
        })
    }

    /// Number of shards.
    pub(crate) fn count(&self) -> usize {
        self.handles.len()
    }
}

impl Drop for Shards {
    /// Stops the threads and waits for them.
    fn drop(&mut self) {
        for handle in &self.handles {
            // Waits while the queue is full: the thread still takes commands until it reads this
            // one.
            if handle.commands.send(None).is_ok() {
                handle.wake();
            }
        }
        for thread in self
            .handles
            .iter_mut()
            .filter_map(|handle| handle.thread.take())
        {
            if thread.join().is_err() {
                tracing::error!("a media thread panicked");
            }
        }
    }
}

impl Handle {
    fn wake(&self) {
        if let Err(error) = self.waker.wake() {
            tracing::error!(%error, "cannot wake a media thread");
        }
    }
}

/// The sending end of a ring to another shard.
struct Outgoing {
    to: ShardId,
    ring: Producer<ShardMessage>,
    /// Messages other than packets that found the ring full: they must not be lost, and nothing may
    /// overtake them. Bounded by what sessions can cause while the ring is full.
    held: VecDeque<ShardMessage>,
}

impl Outgoing {
    /// Sends a message. Returns false when it is a packet and is dropped because the ring is full.
    fn push(&mut self, message: ShardMessage) -> bool {
        self.flush();
        let refused = if self.held.is_empty() {
            self.ring
                .push(message)
                .err()
                .map(|rtrb::PushError::Full(message)| message)
        } else {
            Some(message)
        };
        match refused {
            None => true,
            Some(ShardMessage::Packet { .. }) => false,
            Some(message) => {
                self.held.push_back(message);
                true
            }
        }
    }

    fn flush(&mut self) {
        while let Some(message) = self.held.pop_front() {
            if let Err(rtrb::PushError::Full(message)) = self.ring.push(message) {
                self.held.push_front(message);
                return;
            }
        }
    }

    fn queued(&self) -> u64 {
        (RING_PACKETS - self.ring.slots() + self.held.len()) as u64
    }
}

/// Makes a ring for each ordered pair of shards. Returns the sending ends of each shard, then the
/// receiving ends.
fn rings(count: usize) -> (Vec<Vec<Outgoing>>, Vec<Vec<Consumer<ShardMessage>>>) {
    let mut outgoing: Vec<Vec<_>> = (0..count).map(|_| Vec::new()).collect();
    let mut incoming: Vec<Vec<_>> = (0..count).map(|_| Vec::new()).collect();
    for (from, producers) in ShardId::all(count).zip(&mut outgoing) {
        for to in ShardId::all(count).filter(|to| *to != from) {
            let (ring, consumer) = RingBuffer::new(RING_PACKETS);
            producers.push(Outgoing {
                to,
                ring,
                held: VecDeque::new(),
            });
            incoming[to.index()].push(consumer);
        }
    }
    (outgoing, incoming)
}

/// What one media thread owns.
struct MediaThread {
    id: ShardId,
    shard: Shard,
    socket: Socket,
    /// Datagrams that the kernel refused to send.
    send_dropped: u64,
    candidates: Vec<SocketAddr>,
    host_addresses: Vec<IpAddr>,
    /// `None` tells the thread to stop.
    commands: Receiver<Option<Command>>,
    commands_queued: Arc<AtomicU64>,
    rings_in: Vec<Consumer<ShardMessage>>,
    rings_out: Vec<Outgoing>,
    wakers: Vec<Arc<Waker>>,
    events: Sender<(ShardId, Event)>,
    /// Events that the full queue of the control plane did not take. Bounded by what sessions can
    /// cause.
    events_held: VecDeque<Event>,
    load: Arc<Mutex<Load>>,
    busy: Duration,
    published: Instant,
}

impl MediaThread {
    fn run(mut self, mut poll: Poll) {
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
