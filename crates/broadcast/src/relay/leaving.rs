use std::sync::Arc;
use std::time::Instant;

use super::{Broadcasts, Error, Event, PeerId};

impl Broadcasts {
    /// The owner ends its broadcast: all in it are told, itself too.
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

    /// Somebody leaves the broadcast in which it is. The owner's ends.
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

    /// Somebody is in no broadcast any more. `told`: it is told when its own ends by that.
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
