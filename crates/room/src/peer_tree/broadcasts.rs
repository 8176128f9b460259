use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use crate::Role;

use super::broadcast::Broadcast;
use super::context::{Context, Timer};
use super::{Error, Event, Limits, Output, PeerId};

/// All broadcasts of a process. See the [module](super).
#[derive(Debug)]
pub struct Broadcasts {
    pub(super) peers: BTreeMap<PeerId, Peer>,
    pub(super) broadcasts: BTreeMap<Arc<str>, Broadcast>,
    /// The watchers of each tree, by the broadcast's name. They stay when it ends, and see the next
    /// one of this name.
    pub(super) watchers: BTreeMap<Arc<str>, BTreeSet<PeerId>>,
    pub(super) context: Context,
}

/// A peer with an open socket.
#[derive(Debug, Default)]
pub(super) struct Peer {
    /// The broadcast in which it is.
    pub(super) at: Option<Arc<str>>,
    /// The broadcasts whose trees it watches.
    pub(super) watched: BTreeSet<Arc<str>>,
}

impl Broadcasts {
    /// Creates the state machine without broadcasts.
    pub fn new(limits: Limits) -> Self {
        Self {
            peers: BTreeMap::new(),
            broadcasts: BTreeMap::new(),
            watchers: BTreeMap::new(),
            context: Context::new(limits),
        }
    }

    /// Notes that a peer's socket is open. Calls for peers without socket are refused.
    pub fn opened(&mut self, peer: PeerId) {
        self.peers.entry(peer).or_default();
    }

    /// Notes that a peer's socket is gone. Its broadcast ends, or it leaves the one in which it is.
    pub fn closed(&mut self, now: Instant, peer: PeerId) {
        if !self.peers.contains_key(&peer) {
            return;
        }
        // First of all, so that nothing is sent to it any more.
        for name in self.watched(peer) {
            self.forget_watcher(peer, &name);
        }
        self.go(now, peer, false);
        self.peers.remove(&peer);
        self.push_changes(now);
    }

    /// Begins a broadcast with this peer as its owner. The peer leaves the broadcast that it
    /// receives.
    pub fn start(
        &mut self,
        now: Instant,
        peer: PeerId,
        name: &str,
        peer_name: Option<&str>,
    ) -> Result<(), Error> {
        let cx = &self.context;
        if self.broadcasts.contains_key(name) {
            return Err(Error::Taken);
        }
        if self.owned(peer)?.is_some() {
            return Err(Error::Broadcasting);
        }
        let peer_name = peer_name.unwrap_or("Anonymous");
        cx.check_name(name)?;
        cx.check_name(peer_name)?;
        if self.broadcasts.len() >= cx.limits.broadcasts_max {
            let limit = "broadcasts_max";
            return Err(Error::Full { limit });
        }
        self.go(now, peer, false);
        let name: Arc<str> = name.into();
        let cx = &mut self.context;
        cx.tell_started(&name);
        cx.tell_joined(&name, peer, peer_name, Role::Host);
        let broadcast = Broadcast::new(name.clone(), peer, peer_name.into(), cx);
        self.broadcasts.insert(name.clone(), broadcast);
        self.seat(peer, Some(name.clone()));
        self.context.tell(peer, Event::Started);
        self.context.changed.insert(name);
        self.push_changes(now);
        Ok(())
    }

    /// Returns the next event to send. Call it until `None` after each other call.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.context.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`]; may change with each other call.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.context.timers.next()
    }

    /// Does what is due: passes over parents that did not answer, opens those that should have
    /// media by now, and sends gathered changes of trees.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(timer) = self.context.timers.pop(now) {
            match timer {
                Timer::Answer(peer) => {
                    self.with_broadcast_of(peer, |it, cx| it.unanswered(now, peer, cx));
                }
                Timer::Retry(peer) => {
                    self.with_broadcast_of(peer, |it, cx| it.ask_another(now, peer, cx));
                }
                Timer::Ready(peer) => {
                    self.with_broadcast_of(peer, |it, cx| it.ready(now, peer, cx));
                }
                Timer::Push(name) => self.push(now, &name),
            }
        }
        self.push_changes(now);
    }

    /// The broadcast that a peer has begun. `Err` for a peer without socket.
    pub(super) fn owned(&self, peer: PeerId) -> Result<Option<&Arc<str>>, Error> {
        let state = self.peers.get(&peer).ok_or(Error::UnknownPeer)?;
        let is_owner = |name: &&Arc<str>| {
            self.broadcasts
                .get(*name)
                .is_some_and(|it| it.owner == peer)
        };
        Ok(state.at.as_ref().filter(is_owner))
    }

    pub(super) fn seat(&mut self, peer: PeerId, at: Option<Arc<str>>) {
        if let Some(state) = self.peers.get_mut(&peer) {
            state.at = at;
        }
    }

    /// The broadcast in which a peer is, and the context that the broadcast needs to act.
    pub(super) fn broadcast_of(&mut self, peer: PeerId) -> Option<(&mut Broadcast, &mut Context)> {
        let name = self.peers.get(&peer)?.at.as_ref()?;
        let broadcast = self.broadcasts.get_mut(name)?;
        Some((broadcast, &mut self.context))
    }

    fn with_broadcast_of(&mut self, peer: PeerId, act: impl FnOnce(&mut Broadcast, &mut Context)) {
        if let Some((broadcast, cx)) = self.broadcast_of(peer) {
            act(broadcast, cx);
        }
    }
}
