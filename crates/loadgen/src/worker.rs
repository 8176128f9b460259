use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;

use mio::{Poll, Token, Waker};

/// The token of the event that says: there are commands.
const WAKE: Token = Token(usize::MAX);

/// A thread with a loop around [`Poll`] that takes commands. It ends with this value.
pub(crate) struct Worker<C> {
    name: &'static str,
    /// `None` tells the thread to end.
    commands: Option<Sender<C>>,
    waker: Arc<Waker>,
    thread: Option<JoinHandle<()>>,
}

/// The thread's side.
pub(crate) struct Commands<C>(Receiver<C>);

impl<C: Send + 'static> Worker<C> {
    /// Starts the thread; `run` returns when its commands are [`Next::End`].
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

    /// Gives the thread a command, and wakes it.
    pub(crate) fn send(&self, command: C) {
        // It ends only with this value, or by a panic that its messages tell of.
        if let Some(commands) = &self.commands
            && commands.send(command).is_ok()
        {
            self.wake();
        }
    }

    /// Asks the thread something, and waits for the answer; the default when it has ended.
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

/// What a thread is to do.
pub(crate) enum Next<C> {
    Do(C),
    /// There is no command now.
    Wait,
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
