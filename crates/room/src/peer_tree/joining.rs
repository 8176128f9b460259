use std::sync::Arc;
use std::time::Instant;

use super::{Broadcasts, Error, PeerId};

/// A peer's request to join a broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Join<'a> {
    /// The broadcast's name.
    pub name: &'a str,
    /// The name that the peer gives itself; `None` keeps its last one, at first `Anonymous`.
    pub peer_name: Option<&'a str>,
    /// The offer for its parent.
    pub offer: &'a str,
}

impl Broadcasts {
    /// Adds a peer to a broadcast. Its offer is kept until a parent answers it. A peer that has a
    /// place, in this or another broadcast, gives it up, and all peers below it are told to join
    /// again.
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
