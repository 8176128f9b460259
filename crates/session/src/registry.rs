//! Streams and sessions: who publishes and watches which stream, and on which shard.

mod invariants;
mod session;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use auth::Subject;
use model::{
    Heard, Location, OpenError, Role, SessionId, ShardId, StreamId, StreamName, StreamStatus,
    TrackStatus,
};
use rtp::{Format, Kind, Profile};

use crate::error::RETRY_FULL;

pub(crate) use session::{External, Owner, Session};

/// A publisher that has sent nothing for this long after its POST is still arriving, not gone.
const ARRIVAL_TIME: Duration = Duration::from_secs(5);

/// See [`crate::Config`].
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) viewers_wait: bool,
    pub(crate) publisher_grace: Duration,
    pub(crate) sessions_max: usize,
    pub(crate) shards: usize,
}

/// All streams with their sessions: bookkeeping without effects.
///
/// A session has the names of its streams, a stream the ids of its sessions; only this file changes
/// either, so that the two agree.
#[derive(Debug)]
pub(crate) struct Registry {
    config: Config,
    streams: BTreeMap<StreamName, Stream>,
    names: BTreeMap<StreamId, StreamName>,
    sessions: BTreeMap<SessionId, Session>,
    next_id: u64,
    /// Sessions on each shard.
    load: Vec<usize>,
}

/// One stream. It begins with its first session and ends with its last.
#[derive(Debug)]
struct Stream {
    id: StreamId,
    origin: ShardId,
    publisher: Option<Publisher>,
    viewers: BTreeSet<SessionId>,
    /// How many of the viewers are not in the stream's room.
    external_viewers: usize,
    heard: Heard,
    tracks: Vec<TrackStatus>,
    /// Since when there is no publisher.
    without_publisher: Option<Instant>,
}

#[derive(Debug)]
struct Publisher {
    session: SessionId,
    /// What it negotiated for its video.
    formats: Vec<Format>,
    opened: Instant,
}

/// What a stream and its new publisher or viewer are to each other.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Attached {
    /// The stream's id, unique in this process.
    pub(crate) stream: StreamId,
    /// Where its publisher is.
    pub(crate) origin: Location,
    /// The publisher that this one takes over from; its session is over.
    pub(crate) replaces: Option<SessionId>,
    /// The stream's viewers are to get it from another shard than before.
    pub(crate) moved: bool,
}

impl Registry {
    pub(crate) fn new(config: Config) -> Self {
        let load = vec![0; config.shards.max(1)];
        Self {
            config,
            streams: BTreeMap::new(),
            names: BTreeMap::new(),
            sessions: BTreeMap::new(),
            next_id: 0,
            load,
        }
    }

    /// Whether a client outside rooms may open a session now; cheap, so that a refused offer is not
    /// even read.
    pub(crate) fn check(
        &self,
        now: Instant,
        role: Role,
        stream: &StreamName,
        subject: Option<&Subject>,
    ) -> Result<(), OpenError> {
        let present = self.streams.get(stream);
        let publisher = present.and_then(|stream| Some((stream, stream.publisher.as_ref()?)));
        match (role, publisher) {
            (Role::Publisher, Some((stream, publisher)))
                if !self.may_take_over(now, stream, publisher, subject) =>
            {
                return Err(OpenError::AlreadyLive);
            }
            (Role::Viewer, None) if !self.config.viewers_wait => return Err(OpenError::NotLive),
            _ => {}
        }
        self.check_full()
    }

    /// Whether there may be another session.
    pub(crate) fn check_full(&self) -> Result<(), OpenError> {
        if self.sessions.len() >= self.config.sessions_max {
            return Err(OpenError::Full {
                limit: "limits.sessions_max",
                retry_after: RETRY_FULL,
            });
        }
        Ok(())
    }

    /// The same person comes back, or nobody is there any more: a publisher that is quiet still is.
    /// Nobody takes the stream of a participant while it is there.
    fn may_take_over(
        &self,
        now: Instant,
        stream: &Stream,
        publisher: &Publisher,
        subject: Option<&Subject>,
    ) -> bool {
        let session = self.sessions.get(&publisher.session);
        let Some(external) = session.and_then(|session| session.owner.external()) else {
            return false;
        };
        let is_same = subject.is_some() && external.subject.as_ref() == subject;
        let is_arriving = now.saturating_duration_since(publisher.opened) < ARRIVAL_TIME;
        is_same || (stream.heard == Heard::Nothing && !is_arriving)
    }

    /// Whether a viewer with these codecs can get something of the stream; true while nothing is
    /// published.
    pub(crate) fn check_formats(
        &self,
        stream: &StreamName,
        accepts: impl Fn(&Format) -> bool,
    ) -> Result<(), OpenError> {
        let formats = self.formats(stream);
        if formats.is_empty() || formats.iter().any(accepts) {
            return Ok(());
        }
        let mut codecs: Vec<_> = formats.iter().map(|f| f.codec.to_string()).collect();
        codecs.dedup();
        let mut comes_in: Vec<_> = formats.iter().map(described).collect();
        comes_in.dedup();
        let comes_in = comes_in.join(" or ");
        let why = format!("this stream's video is {comes_in}, which the offer does not take");
        Err(OpenError::NoCommonCodec { why, codecs })
    }

    /// The shard for another session: a publisher goes to its stream's origin shard, all others go
    /// where the fewest sessions are.
    pub(crate) fn place(&self, role: Role, stream: &StreamName) -> ShardId {
        match (role, self.streams.get(stream)) {
            (Role::Publisher, Some(stream)) => stream.origin,
            _ => self.least_loaded(),
        }
    }

    /// The shard with the fewest sessions.
    pub(crate) fn least_loaded(&self) -> ShardId {
        let load = ShardId::all(self.load.len()).zip(&self.load);
        load.min_by_key(|(_, sessions)| **sessions)
            .map_or(ShardId::default(), |(shard, _)| shard)
    }

    /// Adds a session that has no streams yet. The caller has asked [`Self::check_full`].
    pub(crate) fn insert(&mut self, id: SessionId, session: Session) {
        self.load[session.shard.index()] += 1;
        self.sessions.insert(id, session);
    }

    /// A session publishes a stream. It takes the place of another publisher: whether it may was
    /// [checked](Self::check).
    pub(crate) fn attach_publisher(
        &mut self,
        now: Instant,
        id: SessionId,
        name: &StreamName,
        formats: Vec<Format>,
    ) -> Attached {
        let shard = self.join_stream(id, Role::Publisher, name);
        let stream = self.stream_entry(now, name, shard);
        let publisher = Publisher {
            session: id,
            formats,
            opened: now,
        };
        let before = stream.publisher.replace(publisher).map(|old| old.session);
        let replaces = before.filter(|before| *before != id);
        stream.without_publisher = None;
        let moved = std::mem::replace(&mut stream.origin, shard) != shard;
        let attached = Attached {
            stream: stream.id,
            origin: Location { shard },
            replaces,
            moved,
        };
        if let Some(old) = replaces.and_then(|old| self.sessions.remove(&old)) {
            self.load[old.shard.index()] -= 1;
        }
        attached
    }

    /// A session of a participant publishes a stream. Refused when another session does.
    pub(crate) fn publish(
        &mut self,
        now: Instant,
        id: SessionId,
        name: &StreamName,
        formats: Vec<Format>,
    ) -> Result<Attached, OpenError> {
        let publisher = self.publisher(name);
        if publisher.is_some_and(|publisher| publisher != id) {
            return Err(OpenError::AlreadyLive);
        }
        Ok(self.attach_publisher(now, id, name, formats))
    }

    /// A session views a stream.
    pub(crate) fn attach_viewer(
        &mut self,
        now: Instant,
        id: SessionId,
        name: &StreamName,
    ) -> Attached {
        let shard = self.join_stream(id, Role::Viewer, name);
        let is_external = self.is_external(id);
        let stream = self.stream_entry(now, name, shard);
        if stream.viewers.insert(id) && is_external {
            stream.external_viewers += 1;
        }
        Attached {
            stream: stream.id,
            origin: Location {
                shard: stream.origin,
            },
            replaces: None,
            moved: false,
        }
    }

    /// A session has one stream more. Returns its shard.
    fn join_stream(&mut self, id: SessionId, role: Role, name: &StreamName) -> ShardId {
        self.sessions
            .get_mut(&id)
            .map_or(ShardId::default(), |session| {
                session.streams.insert(name.clone(), role);
                session.shard
            })
    }

    /// The entry of a stream, which begins now if it is not there.
    fn stream_entry(&mut self, now: Instant, name: &StreamName, origin: ShardId) -> &mut Stream {
        let (next_id, names) = (&mut self.next_id, &mut self.names);
        self.streams.entry(name.clone()).or_insert_with(|| {
            let id = StreamId(*next_id);
            *next_id += 1;
            names.insert(id, name.clone());
            Stream::new(id, origin, now)
        })
    }

    /// A session goes on without one of its streams.
    pub(crate) fn detach(&mut self, now: Instant, id: SessionId, stream: &StreamName) {
        let session = self.sessions.get_mut(&id);
        if let Some(role) = session.and_then(|session| session.streams.remove(stream)) {
            let is_external = self.is_external(id);
            self.leave_stream(now, id, role, is_external, stream);
        }
    }

    /// Forgets a session, and returns what it was.
    pub(crate) fn remove(&mut self, now: Instant, id: SessionId) -> Option<Session> {
        let is_external = self.is_external(id);
        let session = self.sessions.remove(&id)?;
        self.load[session.shard.index()] -= 1;
        for (stream, role) in &session.streams {
            self.leave_stream(now, id, *role, is_external, stream);
        }
        Some(session)
    }

    fn is_external(&self, id: SessionId) -> bool {
        let session = self.sessions.get(&id);
        session.is_some_and(|session| session.owner.external().is_some())
    }

    fn leave_stream(
        &mut self,
        now: Instant,
        id: SessionId,
        role: Role,
        is_external: bool,
        name: &StreamName,
    ) {
        let Some(stream) = self.streams.get_mut(name) else {
            return;
        };
        match role {
            Role::Publisher => {
                // Another may have taken over.
                if stream.publisher.as_ref().is_some_and(|p| p.session == id) {
                    stream.publisher = None;
                    stream.heard = Heard::Nothing;
                    stream.tracks.clear();
                    stream.without_publisher = Some(now);
                }
            }
            Role::Viewer => {
                if stream.viewers.remove(&id) && is_external {
                    stream.external_viewers -= 1;
                }
            }
        }
        if stream.publisher.is_none() && stream.viewers.is_empty() {
            self.names.remove(&stream.id);
            self.streams.remove(name);
        }
    }

    /// The formats of a stream's video; empty when they are not known.
    pub(crate) fn formats(&self, stream: &StreamName) -> Vec<Format> {
        let stream = self.streams.get(stream);
        stream.map(Stream::video_formats).unwrap_or_default()
    }

    /// How many watch a stream without being in its room.
    pub(crate) fn external_viewers(&self, stream: &StreamName) -> usize {
        let stream = self.streams.get(stream);
        stream.map_or(0, |stream| stream.external_viewers)
    }

    /// The id of a stream, and where its publisher is.
    pub(crate) fn location(&self, stream: &StreamName) -> Option<(StreamId, Location)> {
        let stream = self.streams.get(stream)?;
        let location = Location {
            shard: stream.origin,
        };
        Some((stream.id, location))
    }

    /// The session that publishes a stream.
    pub(crate) fn publisher(&self, stream: &StreamName) -> Option<SessionId> {
        let publisher = self.streams.get(stream)?.publisher.as_ref()?;
        Some(publisher.session)
    }

    /// A session by its id.
    pub(crate) fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(&id)
    }

    /// The same, to change it.
    pub(crate) fn session_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.sessions.get_mut(&id)
    }

    /// A session outside rooms, to change it.
    pub(crate) fn external_mut(&mut self, id: SessionId) -> Option<&mut External> {
        match &mut self.sessions.get_mut(&id)?.owner {
            Owner::External(external) => Some(external),
            Owner::Participant(..) => None,
        }
    }

    /// Number of sessions.
    pub(crate) fn len(&self) -> usize {
        self.sessions.len()
    }

    /// A shard reports on a stream. Returns its name, if it is still there.
    pub(crate) fn report(
        &mut self,
        stream: StreamId,
        heard: Heard,
        tracks: Vec<TrackStatus>,
    ) -> Option<StreamName> {
        let name = self.names.get(&stream)?;
        let entry = self.streams.get_mut(name)?;
        // Else it is the last word of a publisher that has left in the meantime.
        if entry.publisher.is_some() {
            entry.heard = heard;
            entry.tracks = tracks;
        }
        Some(name.clone())
    }

    /// The name of a stream, by its id.
    pub(crate) fn name(&self, stream: StreamId) -> Option<&StreamName> {
        self.names.get(&stream)
    }

    /// What a stream does; `None` when it has neither publisher nor viewer.
    pub(crate) fn status(&self, stream: &StreamName) -> Option<StreamStatus> {
        self.streams.get(stream).map(Stream::status)
    }

    /// All streams.
    pub(crate) fn streams(&self) -> impl Iterator<Item = (&StreamName, StreamStatus)> {
        let streams = self.streams.iter();
        streams.map(|(name, stream)| (name, stream.status()))
    }

    /// The external viewers whose stream has been without a publisher for too long. Those in rooms
    /// view other streams as well.
    pub(crate) fn expired(&self, now: Instant) -> Vec<SessionId> {
        let over = |stream: &&Stream| {
            stream.without_publisher.is_some_and(|since| {
                now.saturating_duration_since(since) > self.config.publisher_grace
            })
        };
        let streams = self.streams.values().filter(over);
        let viewers = streams.flat_map(|stream| stream.viewers.iter().copied());
        viewers.filter(|id| self.is_external(*id)).collect()
    }
}

impl Stream {
    fn new(id: StreamId, origin: ShardId, now: Instant) -> Self {
        Self {
            id,
            origin,
            publisher: None,
            viewers: BTreeSet::new(),
            external_viewers: 0,
            heard: Heard::Nothing,
            tracks: Vec::new(),
            without_publisher: Some(now),
        }
    }

    /// The formats of the codec that the publisher sends, or all that it may send when it has
    /// not begun.
    fn video_formats(&self) -> Vec<Format> {
        let publisher = self.publisher.iter();
        let negotiated = publisher.flat_map(|publisher| publisher.formats.iter().copied());
        let video = self.tracks.iter().find(|track| track.kind == Kind::Video);
        match video.and_then(|track| track.codec.as_deref()) {
            Some(codec) => negotiated
                .filter(|format| format.codec.to_string() == codec)
                .collect(),
            None => negotiated.collect(),
        }
    }

    fn status(&self) -> StreamStatus {
        StreamStatus {
            active: self.heard == Heard::Media,
            viewers: self.viewers.len(),
            tracks: self.tracks.clone(),
        }
    }
}

/// A codec with its profile, where it has one.
fn described(format: &Format) -> String {
    match format.profile {
        Profile::Any => format.codec.to_string(),
        profile => format!("{} {profile}", format.codec),
    }
}

#[cfg(test)]
mod tests;
