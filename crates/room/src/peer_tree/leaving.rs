use std::sync::Arc;
use std::time::Instant;

use super::{Broadcasts, Error, Event, PeerId};

impl Broadcasts {
    /// Ends the broadcast of its owner. All peers in it are told, the owner included.
    pub fn end(&mut self, now: Instant, peer: PeerId, name: &str) -> Result<(), Error> {
        let broadcast = self.broadcasts.get(name).ok_or(Error::UnknownBroadcast)?;
        if broadcast.owner != peer {
            return Err(Error::NotOwner);
        }
        let name = broadcast.name.clone();
        self.go(now, peer, true);
        self.context.tell(peer, Event::Ended { name });
        self.push_changes(now);
        Ok(())
    }

    /// Takes a peer out of its broadcast, which ends if the peer is its owner.
    pub fn leave(&mut self, now: Instant, peer: PeerId) -> Result<(), Error> {
        let state = self.peers.get(&peer).ok_or(Error::NotMember)?;
        if state.at.is_none() {
            return Err(Error::NotMember);
        }
        self.context.tell(peer, Event::Left);
        self.go(now, peer, true);
        self.push_changes(now);
        Ok(())
    }

    /// Takes a peer out of its broadcast. With `told`, an owner is told that its broadcast ended.
    pub(super) fn go(&mut self, now: Instant, peer: PeerId, told: bool) {
        let own = self.owned(peer).ok().flatten().cloned();
        match own {
            Some(name) => self.end_broadcast(&name, (!told).then_some(peer)),
            None => {
                if let Some((broadcast, cx)) = self.broadcast_of(peer) {
                    broadcast.remove(now, peer, cx);
                }
                self.seat(peer, None);
            }
        }
    }

    fn end_broadcast(&mut self, name: &Arc<str>, except: Option<PeerId>) {
        let Some(broadcast) = self.broadcasts.remove(name) else {
            return;
        };
        self.context.tell_ended(&broadcast);
        let mut all = broadcast.everybody();
        for peer in &all {
            self.seat(*peer, None);
            self.context.forget(*peer);
        }
        all.retain(|peer| Some(*peer) != except);
        let name = name.clone();
        self.context.tell_all(all, Event::BroadcastEnded { name });
    }
}
