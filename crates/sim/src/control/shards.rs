//! What the control plane sees of shards: which sessions they have, and what these may be told.

use std::collections::BTreeMap;

use contract::Command;
use model::SessionId;
use model::StreamId;

/// The model of one shard.
#[derive(Debug, Default)]
pub(super) struct ModelShard {
    sessions: BTreeMap<SessionId, Peer>,
    /// The publisher of each stream here.
    publishers: BTreeMap<StreamId, SessionId>,
}

/// The command that brought a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Peer {
    Publish,
    Watch(StreamId),
    View,
}

/// What follows from a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// The session is closed.
    Closed(SessionId),
    /// ICE is restarted.
    IceRestarted(SessionId),
}

impl ModelShard {
    /// The sessions that it has.
    pub(super) fn sessions(&self) -> impl Iterator<Item = SessionId> {
        self.sessions.keys().copied()
    }

    /// The streams that are published here, with their publishers.
    pub(super) fn publishers(&self) -> impl Iterator<Item = (StreamId, SessionId)> {
        self.publishers
            .iter()
            .map(|(stream, session)| (*stream, *session))
    }

    /// Takes a command. Fails when no shard would know what to do with it.
    pub(super) fn take(&mut self, command: Command) -> Result<Vec<Effect>, String> {
        match command {
            Command::Publish {
                session, tracks, ..
            } => {
                self.begin(session, Peer::Publish)?;
                let streams = tracks.into_iter().map(|track| track.stream);
                Ok(self.publish(session, streams.collect()))
            }
            Command::Watch {
                session, stream, ..
            } => self
                .begin(session, Peer::Watch(stream))
                .map(|()| Vec::new()),
            Command::View { session, .. } => self.begin(session, Peer::View).map(|()| Vec::new()),
            Command::Renegotiate {
                session, tracks, ..
            } => {
                if !self.sessions.contains_key(&session) {
                    // It was closed by its client a moment ago, or was not connected yet.
                    return Ok(Vec::new());
                }
                self.publishers.retain(|_, publisher| *publisher != session);
                let streams = tracks.into_iter().map(|track| track.stream);
                Ok(self.publish(session, streams.collect()))
            }
            Command::SetSubscriptions { session, lines, .. } => {
                if matches!(self.sessions.get(&session), Some(peer) if *peer != Peer::View) {
                    return Err(format!("{session} has no lines to set"));
                }
                let mut indices: Vec<_> = lines.iter().map(|line| line.line).collect();
                indices.dedup();
                match indices.len() == lines.len() {
                    true => Ok(Vec::new()),
                    false => Err(format!("{session} has two tracks on one line")),
                }
            }
            Command::TrackSettings { session, .. } => match self.sessions.get(&session) {
                Some(Peer::View) | None => Ok(Vec::new()),
                Some(peer) => Err(format!("{session} is {peer:?} and has no settings")),
            },
            Command::Close { session } => Ok(self.close(session).into_iter().collect()),
            Command::CloseAll => {
                let all: Vec<_> = self.sessions().collect();
                Ok(all.into_iter().filter_map(|id| self.close(id)).collect())
            }
            Command::RestartIce { session, .. } => Ok(match self.sessions.get(&session) {
                Some(_) => vec![Effect::IceRestarted(session)],
                None => Vec::new(),
            }),
            Command::Write { .. } | Command::MoveOrigin { .. } | Command::PinLayer { .. } => {
                Ok(Vec::new())
            }
        }
    }

    fn begin(&mut self, session: SessionId, peer: Peer) -> Result<(), String> {
        match self.sessions.insert(session, peer) {
            None => Ok(()),
            Some(_) => Err(format!("{session} begins twice")),
        }
    }

    /// A session publishes these streams. The session of another publisher of one of them ends,
    /// if it publishes nothing else.
    fn publish(&mut self, session: SessionId, streams: Vec<StreamId>) -> Vec<Effect> {
        let mut closed = Vec::new();
        for stream in streams {
            let old = self.publishers.insert(stream, session);
            let old = old.filter(|old| *old != session);
            closed.extend(old.and_then(|old| self.close(old)));
        }
        closed
    }

    /// Forgets a session.
    pub(super) fn close(&mut self, session: SessionId) -> Option<Effect> {
        self.sessions.remove(&session)?;
        self.publishers.retain(|_, publisher| *publisher != session);
        Some(Effect::Closed(session))
    }
}
