use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::context::Timer;
use super::limits::{PUSH_COST, PUSHED_AT_ONCE};
use super::{Broadcasts, Error, Event, PeerId};

impl Broadcasts {
    /// Begins to tell a peer a tree, now and whenever it changes, until [`Self::unwatch`] or until
    /// the peer's socket is gone.
    pub fn watch(&mut self, peer: PeerId, name: &str) -> Result<(), Error> {
        let broadcast = self.broadcasts.get(name).ok_or(Error::UnknownBroadcast)?;
        let state = self.peers.get_mut(&peer).ok_or(Error::UnknownPeer)?;
        let is_new = !state.watched.contains(name);
        if is_new && state.watched.len() >= self.context.limits.watched_max {
            let limit = "watched_max";
            return Err(Error::Full { limit });
        }
        state.watched.insert(broadcast.name.clone());
        let watchers = self.watchers.entry(broadcast.name.clone()).or_default();
        watchers.insert(peer);
        self.context.tell(peer, Event::Watching);
        self.context.tell(peer, Event::Tree(broadcast.view()));
        Ok(())
    }

    /// Stops telling a peer a tree. `Err` when there is no such broadcast and the peer does not
    /// watch an ended one of this name.
    pub fn unwatch(&mut self, peer: PeerId, name: &str) -> Result<(), Error> {
        let watches = |state: &super::broadcasts::Peer| state.watched.contains(name);
        let watches = self.peers.get(&peer).is_some_and(watches);
        if !watches && !self.broadcasts.contains_key(name) {
            return Err(Error::UnknownBroadcast);
        }
        self.forget_watcher(peer, name);
        self.context.tell(peer, Event::NotWatching);
        Ok(())
    }

    pub(super) fn watched(&self, peer: PeerId) -> BTreeSet<Arc<str>> {
        let state = self.peers.get(&peer);
        state.map(|state| state.watched.clone()).unwrap_or_default()
    }

    pub(super) fn forget_watcher(&mut self, peer: PeerId, name: &str) {
        if let Some(state) = self.peers.get_mut(&peer) {
            state.watched.remove(name);
        }
        if let Some(watchers) = self.watchers.get_mut(name) {
            watchers.remove(&peer);
            if watchers.is_empty() {
                self.watchers.remove(name);
            }
        }
    }

    /// Tells the watchers which trees the present call has changed: at once, or gathered where the
    /// tree and its watchers are many.
    pub(super) fn push_changes(&mut self, now: Instant) {
        while let Some(name) = self.context.changed.pop_first() {
            match self.pushed_next(&name) {
                Some(at) if at > now => self.context.timers.begin(Timer::Push(name), at),
                _ => self.push(now, &name),
            }
        }
    }

    /// When the watchers may be told next; `None`: at once.
    fn pushed_next(&self, name: &Arc<str>) -> Option<Instant> {
        let broadcast = self.broadcasts.get(name)?;
        let watchers = self.watchers.get(name)?.len();
        let work = u32::try_from(broadcast.members.len().saturating_mul(watchers));
        let work = work.unwrap_or(u32::MAX);
        let gathered: Option<Duration> = (work > PUSHED_AT_ONCE).then(|| PUSH_COST * work);
        Some(broadcast.pushed? + gathered?)
    }

    pub(super) fn push(&mut self, now: Instant, name: &Arc<str>) {
        let (Some(broadcast), Some(watchers)) =
            (self.broadcasts.get_mut(name), self.watchers.get(name))
        else {
            return;
        };
        broadcast.pushed = Some(now);
        let to = watchers.iter().copied().collect();
        let tree = Event::Tree(broadcast.view());
        self.context.tell_all(to, tree);
    }
}
