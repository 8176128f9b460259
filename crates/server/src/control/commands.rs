//! Commands to shards. None is lost: those that a full queue does not take wait here, in their order.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use contract::Command;

use crate::media::{Load, Shards};
use model::ShardId;

/// How often commands that wait are tried again.
const RETRY_EVERY: Duration = Duration::from_millis(10);

/// Commands that wait for one shard. A shard that has taken none of so many hangs: what is more is
/// dropped, with a warning.
const WAITING_MAX: usize = 65_536;

/// The way to all shards.
#[derive(Debug)]
pub(super) struct Commands {
    shards: Shards,
    /// For each shard, oldest first.
    waiting: Vec<VecDeque<Box<Command>>>,
}

impl Commands {
    pub(super) fn new(shards: Shards) -> Self {
        let waiting = (0..shards.count()).map(|_| VecDeque::new()).collect();
        Self { shards, waiting }
    }

    /// Sends a command, now or later.
    pub(super) fn send(&mut self, shard: ShardId, command: Command) {
        let Some(waiting) = self.waiting.get_mut(shard.index()) else {
            return tracing::warn!(%shard, "there is no such shard");
        };
        let refused = match waiting.is_empty() {
            true => self.shards.send(shard, command).err(),
            false => Some(Box::new(command)),
        };
        match refused {
            None => {}
            Some(command) if waiting.len() < WAITING_MAX => waiting.push_back(command),
            Some(_) => tracing::warn!(%shard, "a command to a media thread that hangs is dropped"),
        }
    }

    /// Tries to send what waits. Returns when to do so again.
    pub(super) fn retry(&mut self, now: Instant) -> Option<Instant> {
        let shards = ShardId::all(self.waiting.len());
        for (shard, waiting) in shards.zip(&mut self.waiting) {
            while let Some(command) = waiting.pop_front() {
                if let Err(command) = self.shards.send(shard, *command) {
                    waiting.push_front(command);
                    break;
                }
            }
        }
        let is_empty = self.waiting.iter().all(VecDeque::is_empty);
        (!is_empty).then_some(now + RETRY_EVERY)
    }

    /// Whether a shard has taken all commands so far: it can have another session.
    pub(super) fn is_free(&self, shard: ShardId) -> bool {
        self.waiting
            .get(shard.index())
            .is_some_and(VecDeque::is_empty)
    }

    /// Whether all shards are free.
    pub(super) fn are_free(&self) -> bool {
        self.waiting.iter().all(VecDeque::is_empty)
    }

    /// What each shard does, by number. Commands that wait here count as queued.
    pub(super) fn load(&self) -> Vec<Load> {
        let load = self.shards.load().zip(&self.waiting);
        load.map(|(load, waiting)| Load {
            commands_queued: load.commands_queued + waiting.len() as u64,
            ..load
        })
        .collect()
    }
}
