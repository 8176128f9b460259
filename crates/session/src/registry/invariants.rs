//! What is true of a registry after each call.

use std::collections::BTreeMap;

use super::{Registry, Session, Stream};
use model::{Role, SessionId, ShardId, StreamName};

impl Registry {
    /// See [`Core::inconsistency`](crate::Core::inconsistency).
    pub(crate) fn inconsistency(&self) -> Option<String> {
        let streams = self.streams.iter();
        let mut streams = streams.filter_map(|(name, stream)| self.inconsistent(name, stream));
        let mut sessions = self.sessions.iter();
        let found = streams.next();
        let found = found
            .or_else(|| sessions.find_map(|(id, session)| self.inconsistent_session(*id, session)));
        found.or_else(|| self.inconsistent_counts())
    }

    /// A stream's sessions know it, and are as many as it says.
    fn inconsistent(&self, name: &StreamName, stream: &Stream) -> Option<String> {
        let is = |id: SessionId, role| {
            let session = self.sessions.get(&id);
            session.is_some_and(|session| session.streams.get(name) == Some(&role))
        };
        let publisher = stream.publisher.as_ref().map(|publisher| publisher.session);
        if publisher.is_some_and(|id| !is(id, Role::Publisher)) {
            return Some(format!("{name} has a publisher that does not publish it"));
        }
        if stream.viewers.iter().any(|id| !is(*id, Role::Viewer)) {
            return Some(format!("{name} has a viewer that does not view it"));
        }
        if publisher.is_none() && stream.viewers.is_empty() {
            return Some(format!("{name} has no session"));
        }
        let external = stream.viewers.iter().filter(|id| self.is_external(**id));
        if external.count() != stream.external_viewers {
            return Some(format!("{name} counts its external viewers wrongly"));
        }
        if publisher.is_some() == stream.without_publisher.is_some() {
            return Some(format!("{name} has a publisher, and waits for one"));
        }
        (self.names.get(&stream.id) != Some(name)).then(|| format!("{name} is not found by its id"))
    }

    /// A session's streams know it.
    fn inconsistent_session(&self, id: SessionId, session: &Session) -> Option<String> {
        let mut streams = session.streams.iter();
        let forgotten = streams.find(|(name, role)| {
            let stream = self.streams.get(*name);
            !stream.is_some_and(|stream| match role {
                Role::Publisher => stream.publisher.as_ref().is_some_and(|p| p.session == id),
                Role::Viewer => stream.viewers.contains(&id),
            })
        })?;
        Some(format!(
            "session {id:?} is unknown to its stream {forgotten:?}"
        ))
    }

    fn inconsistent_counts(&self) -> Option<String> {
        let mut load: BTreeMap<ShardId, usize> = BTreeMap::new();
        for session in self.sessions.values() {
            *load.entry(session.shard).or_default() += 1;
        }
        let mut counted = ShardId::all(self.load.len()).zip(&self.load);
        let is_wrong = |(shard, count): &(ShardId, &usize)| {
            load.get(shard).copied().unwrap_or_default() != **count
        };
        if let Some((shard, count)) = counted.find(is_wrong) {
            return Some(format!("shard {shard} is said to have {count} sessions"));
        }
        (self.names.len() != self.streams.len()).then(|| "names without streams".to_owned())
    }

    /// All sessions.
    pub(crate) fn sessions(&self) -> impl Iterator<Item = (SessionId, &Session)> {
        self.sessions.iter().map(|(id, session)| (*id, session))
    }
}
