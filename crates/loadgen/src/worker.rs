use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;

use mio::{Poll, Token, Waker};

/// The token of the event that announces commands.
const WAKE: Token = Token(usize::MAX);

/// A thread that takes commands and runs a loop around [`Poll`]. Dropping this value ends it.
pub(crate) struct Worker<C> {
    name: &'static str,
    /// `None` tells the thread to end.
    commands: Option<Sender<C>>,
    waker: Arc<Waker>,
    thread: Option<JoinHandle<()>>,
}

/// The thread's end of the command channel.
pub(crate) struct Commands<C>(Receiver<C>);

impl<C: Send + 'static> Worker<C> {
    /// Starts the thread. `run` must return once its commands say [`Next::End`].
    pub(crate) fn start(
        name: &'static str,
        run: impl FnOnce(Poll, Commands<C>) + Send + 'static,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
        let (commands, receiver) = channel();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || run(poll, Commands(receiver)))?;
        Ok(Self {
            name,
            commands: Some(commands),
            waker,
            thread: Some(thread),
        })
    }

    /// Sends the thread a command and wakes it.
    pub(crate) fn send(&self, command: C) {
        // Sending fails only after the thread has panicked, which is logged on drop.
        if let Some(commands) = &self.commands
            && commands.send(command).is_ok()
        {
            self.wake();
        }
    }

    /// Sends the thread a question and waits for its answer. Returns the default when the thread
    /// has ended.
    pub(crate) fn ask<T: Default>(&self, command: impl FnOnce(Sender<T>) -> C) -> T {
        let (answer, receiver) = channel();
        self.send(command(answer));
        receiver.recv().unwrap_or_default()
    }
}

impl<C> Worker<C> {
    fn wake(&self) {
        if let Err(error) = self.waker.wake() {
            tracing::error!(%error, "the thread of the {} cannot be woken", self.name);
        }
    }
}

impl<C> Drop for Worker<C> {
    fn drop(&mut self) {
        self.commands = None;
        self.wake();
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the thread of the {} panicked", self.name);
        }
    }
}

impl<C> fmt::Debug for Worker<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Worker({})", self.name)
    }
}

/// What the thread does next.
pub(crate) enum Next<C> {
    Do(C),
    /// No command is pending.
    Wait,
    /// The [`Worker`] was dropped.
    End,
}

impl<C> Commands<C> {
    pub(crate) fn next(&self) -> Next<C> {
        match self.0.try_recv() {
            Ok(command) => Next::Do(command),
            Err(TryRecvError::Empty) => Next::Wait,
            Err(TryRecvError::Disconnected) => Next::End,
        }
    }
}
