//! Starts the media threads, and passes commands to them.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use contract::{Command, Event};
use mio::{Poll, Waker};
use model::ShardId;
use shard::Shard;
use thiserror::Error;
use tokio::sync::mpsc::Sender;
use udp::Socket;

use super::addresses::local_addresses;
use super::load::Load;
use super::rings::rings;
use super::thread::{MediaThread, WAKE};

/// Commands that may wait for a shard. When the queue is full, [`Shards::send`] gives the command
/// back.
const COMMANDS_MAX: usize = 1_024;

/// Kernel buffers of a socket in bytes: over a quarter of a second at 100 Mbit/s. The kernel may
/// allow less.
const SOCKET_BUFFER: usize = 4 << 20;

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
