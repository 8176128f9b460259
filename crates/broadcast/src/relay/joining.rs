use std::sync::Arc;
use std::time::Instant;

use super::{Broadcasts, Error, PeerId};

/// What somebody who joins says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Join<'a> {
    /// The broadcast's name.
    pub name: &'a str,
    /// What the peer calls itself; `None`: as before, at first `Anonymous`.
    pub peer_name: Option<&'a str>,
    /// For the parent.
    pub offer: &'a str,
}

impl Broadcasts {
    /// Somebody wants to get a broadcast. Its offer is kept until a parent has answered it. Who has
    /// a place, here or elsewhere, gives it up; all below it are told to join again.
    pub fn join(&mut self, now: Instant, peer: PeerId, join: Join<'_>) -> Result<(), Error> {
        let Some((name, broadcast)) = self.broadcasts.get_key_value(join.name) else {
            return Err(Error::UnknownBroadcast);
        };
        if self.owned(peer)?.is_some() {
            return Err(Error::Broadcasting);
        }
        self.context
            .check_name(join.peer_name.unwrap_or_default())?;
        let is_new = !broadcast.members.contains_key(&peer);
        if is_new && broadcast.members.len() >= self.context.limits.members_max {
            let limit = "members_max";
            return Err(Error::Full { limit });
        }
        let name = name.clone();
        if is_new {
            self.go(now, peer, false);
            self.seat(peer, Some(name));
        }
        let (peer_name, offer): (Option<Arc<str>>, _) =
            (join.peer_name.map(Into::into), join.offer);
        if let Some((broadcast, cx)) = self.broadcast_of(peer) {
            broadcast.join(now, peer, peer_name, offer.into(), cx);
        }
        self.push_changes(now);
        Ok(())
    }
}
