//! Who publishes and who watches which stream, and on which shard.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rtp::{Format, Kind};

use crate::{OpenError, Role, SessionId, StreamName, StreamStatus, TrackStatus};

/// A publisher that has sent nothing for this long after its POST is still arriving, not gone.
const ARRIVAL_TIME: Duration = Duration::from_secs(5);

/// Who may do what, as far as the configuration says it.
#[derive(Debug, Clone)]
pub struct Config {
    /// Needed to publish; `None`: anybody may.
    pub publish_token: Option<String>,
    /// Needed to watch; `None`: anybody may.
    pub view_token: Option<String>,
    /// Viewers may come before the publisher and wait.
    pub viewers_wait: bool,
    /// Viewers are sent away when their stream has had no publisher for this long.
    pub publisher_grace: Duration,
    /// Publishers and viewers together. One more is refused with [`OpenError::Full`].
    pub sessions_max: usize,
    /// Number of shards that sessions are spread over; at least one.
    pub shards: usize,
}

/// All streams of a process with their sessions: who is admitted, and where it is placed.
///
/// Pure bookkeeping; the caller carries out what it returns.
#[derive(Debug)]
pub struct Registry {
    config: Config,
    streams: BTreeMap<StreamName, Stream>,
    sessions: BTreeMap<SessionId, Session>,
    next_id: u64,
    /// Sessions on each shard.
    load: Vec<usize>,
}

/// One stream.
#[derive(Debug)]
struct Stream {
    id: u64,
    home: usize,
    publisher: Option<Publisher>,
    viewers: BTreeSet<SessionId>,
    active: bool,
    tracks: Vec<TrackStatus>,
    without_publisher: Option<Instant>,
}

#[derive(Debug)]
struct Publisher {
    session: SessionId,
    token: Option<String>,
    formats: Vec<Format>,
    opened: Instant,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Publisher or viewer.
    pub role: Role,
    /// Its stream.
    pub stream: StreamName,
    /// The token it was opened with.
    pub token: Option<String>,
    /// The shard that has its peer.
    pub shard: usize,
}

/// A session that was admitted, and what follows from it.
#[derive(Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The stream's id, unique in this process.
    pub stream: u64,
    /// The shard that has the stream's publisher.
    pub home: usize,
    /// The shard for this session.
    pub shard: usize,
    /// The publisher that this one takes over from; its session is over.
    pub replaces: Option<SessionId>,
}

impl Registry {
    /// Empty.
    pub fn new(config: Config) -> Self {
        let load = vec![0; config.shards.max(1)];
        Self {
            config,
            streams: BTreeMap::new(),
            sessions: BTreeMap::new(),
            next_id: 0,
            load,
        }
    }

    /// Whether a session would be admitted now; cheap, so that a refused offer is not even parsed.
    pub fn check(
        &self,
        now: Instant,
        role: Role,
        stream: &StreamName,
        token: Option<&str>,
    ) -> Result<(), OpenError> {
        let needed = match role {
            Role::Publisher => &self.config.publish_token,
            Role::Viewer => &self.config.view_token,
        };
        match (needed, token) {
            (Some(_), None) => return Err(OpenError::TokenMissing),
            (Some(needed), Some(token)) if !same_secret(needed, token) => {
                return Err(OpenError::TokenWrong);
            }
            _ => {}
        }
        let present = self.streams.get(stream);
        match role {
            Role::Publisher => {
                let holder = present.and_then(|s| Some((s, s.publisher.as_ref()?)));
                if holder.is_some_and(|(stream, holder)| !may_take_over(now, stream, holder, token))
                {
                    return Err(OpenError::AlreadyLive);
                }
            }
            Role::Viewer => {
                if !self.config.viewers_wait && present.is_none_or(|s| s.publisher.is_none()) {
                    return Err(OpenError::NotLive);
                }
            }
        }
        if self.sessions.len() >= self.config.sessions_max {
            return Err(OpenError::Full {
                limit: "limits.sessions_max",
                retry_after: Duration::from_secs(5),
            });
        }
        Ok(())
    }

    /// Whether a viewer with these codecs can get something of the stream; true while nothing is published.
    pub fn check_formats(
        &self,
        stream: &StreamName,
        accepts: impl Fn(&Format) -> bool,
    ) -> Result<(), OpenError> {
        let Some(stream) = self.streams.get(stream) else {
            return Ok(());
        };
        let formats = stream.video_formats();
        if formats.is_empty() || formats.iter().any(accepts) {
            return Ok(());
        }
        let mut codecs: Vec<_> = formats.iter().map(|f| f.codec.to_string()).collect();
        codecs.dedup();
        Err(OpenError::NoCommonCodec { codecs })
    }

    /// The shard on which a session would be placed: a publisher at its stream's home, a viewer
    /// where the fewest sessions are.
    pub fn place(&self, role: Role, stream: &StreamName) -> usize {
        match (role, self.streams.get(stream)) {
            (Role::Publisher, Some(stream)) => stream.home,
            _ => least_loaded(&self.load),
        }
    }

    /// Admits a session. `formats` are what a publisher negotiated; `shard` is where
    /// [`Self::place`] put it.
    #[allow(
        clippy::too_many_arguments,
        reason = "each is one fact about the session, used once"
    )]
    pub fn open(
        &mut self,
        now: Instant,
        id: SessionId,
        role: Role,
        stream: &StreamName,
        token: Option<String>,
        formats: Vec<Format>,
        shard: usize,
    ) -> Result<Admitted, OpenError> {
        self.check(now, role, stream, token.as_deref())?;
        if !self.streams.contains_key(stream) {
            self.streams
                .insert(stream.clone(), Stream::new(self.next_id, shard, now));
            self.next_id += 1;
        }
        let Some(entry) = self.streams.get_mut(stream) else {
            unreachable!("inserted above");
        };
        let (stream_id, home) = (entry.id, entry.home);
        let mut replaces = None;
        match role {
            Role::Publisher => {
                let publisher = Publisher {
                    session: id,
                    token: token.clone(),
                    formats,
                    opened: now,
                };
                replaces = entry.publisher.replace(publisher).map(|old| old.session);
                entry.without_publisher = None;
            }
            Role::Viewer => {
                entry.viewers.insert(id);
            }
        }
        self.load[shard] += 1;
        let session = Session {
            role,
            stream: stream.clone(),
            token,
            shard,
        };
        if let Some(old) = replaces.and_then(|old| self.sessions.remove(&old)) {
            self.load[old.shard] -= 1;
        }
        self.sessions.insert(id, session);
        Ok(Admitted {
            stream: stream_id,
            home,
            shard,
            replaces,
        })
    }

    /// Forgets a session, and returns what it was.
    pub fn remove(&mut self, now: Instant, id: SessionId) -> Option<Session> {
        let session = self.sessions.remove(&id)?;
        self.load[session.shard] -= 1;
        let stream = self.streams.get_mut(&session.stream)?;
        match session.role {
            Role::Publisher => {
                stream.publisher = None;
                stream.active = false;
                stream.tracks.clear();
                stream.without_publisher = Some(now);
            }
            Role::Viewer => {
                stream.viewers.remove(&id);
            }
        }
        if stream.publisher.is_none() && stream.viewers.is_empty() {
            self.streams.remove(&session.stream);
        }
        Some(session)
    }

    /// A session by its id.
    pub fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(&id)
    }

    /// Number of sessions.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there is no session.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// A shard reports on a stream. Returns its name, if it is still there.
    pub fn report(
        &mut self,
        stream: u64,
        active: bool,
        tracks: Vec<TrackStatus>,
    ) -> Option<StreamName> {
        let (name, entry) = self.streams.iter_mut().find(|(_, s)| s.id == stream)?;
        // The last word of a publisher that has left in the meantime.
        if entry.publisher.is_some() {
            entry.active = active;
            entry.tracks = tracks;
        }
        Some(name.clone())
    }

    /// What a stream is doing; `None` when it has neither publisher nor viewer.
    pub fn status(&self, stream: &StreamName) -> Option<StreamStatus> {
        self.streams.get(stream).map(Stream::status)
    }

    /// All streams.
    pub fn streams(&self) -> impl Iterator<Item = (&StreamName, StreamStatus)> {
        self.streams
            .iter()
            .map(|(name, stream)| (name, stream.status()))
    }

    /// The viewers whose stream has been without a publisher for too long: close them.
    pub fn expired(&self, now: Instant) -> Vec<SessionId> {
        let over = |stream: &&Stream| {
            stream.without_publisher.is_some_and(|since| {
                now.saturating_duration_since(since) > self.config.publisher_grace
            })
        };
        self.streams
            .values()
            .filter(over)
            .flat_map(|stream| stream.viewers.iter().copied())
            .collect()
    }
}

impl Stream {
    fn new(id: u64, home: usize, now: Instant) -> Self {
        Self {
            id,
            home,
            publisher: None,
            viewers: BTreeSet::new(),
            active: false,
            tracks: Vec::new(),
            without_publisher: Some(now),
        }
    }

    /// The formats of the codec that the publisher sends, or all that it may send when it has
    /// not begun.
    fn video_formats(&self) -> Vec<Format> {
        let negotiated = self
            .publisher
            .iter()
            .flat_map(|p| p.formats.iter().copied());
        let video = self.tracks.iter().find(|track| track.kind == Kind::Video);
        match video.and_then(|track| track.codec.as_deref()) {
            Some(codec) => negotiated
                .filter(|f| f.codec.to_string() == codec)
                .collect(),
            None => negotiated.collect(),
        }
    }

    fn status(&self) -> StreamStatus {
        StreamStatus {
            active: self.active,
            viewers: self.viewers.len(),
            tracks: self.tracks.clone(),
        }
    }
}

/// The same person comes back, or nobody is there any more.
fn may_take_over(now: Instant, stream: &Stream, holder: &Publisher, token: Option<&str>) -> bool {
    let same = matches!((&holder.token, token), (Some(a), Some(b)) if same_secret(a, b));
    let arriving = now.saturating_duration_since(holder.opened) < ARRIVAL_TIME;
    same || (!stream.active && !arriving)
}

fn least_loaded(load: &[usize]) -> usize {
    load.iter()
        .enumerate()
        .min_by_key(|(_, n)| **n)
        .map_or(0, |(shard, _)| shard)
}

/// Compares without telling by its duration how much was right.
fn same_secret(a: &str, b: &str) -> bool {
    a.len() == b.len()
        && a.bytes()
            .zip(b.bytes())
            .fold(0, |diff, (a, b)| diff | (a ^ b))
            == 0
}

#[cfg(test)]
mod tests {
    use rtp::{Codec, Profile};

    use super::*;

    fn registry(change: impl FnOnce(&mut Config)) -> Registry {
        let mut config = Config {
            publish_token: None,
            view_token: None,
            viewers_wait: true,
            publisher_grace: Duration::from_secs(300),
            sessions_max: 100,
            shards: 2,
        };
        change(&mut config);
        Registry::new(config)
    }

    fn live() -> StreamName {
        StreamName::new("live").expect("a good name")
    }

    fn open(
        registry: &mut Registry,
        now: Instant,
        id: u128,
        role: Role,
        token: Option<&str>,
    ) -> Result<Admitted, OpenError> {
        let shard = registry.place(role, &live());
        registry.open(
            now,
            SessionId(id),
            role,
            &live(),
            token.map(str::to_owned),
            Vec::new(),
            shard,
        )
    }

    #[test]
    fn a_stranger_cannot_take_a_live_stream_but_its_owner_can() {
        let (mut registry, now) = (registry(|_| ()), Instant::now());
        let first = open(&mut registry, now, 1, Role::Publisher, Some("mine")).expect("free");
        registry.report(first.stream, true, Vec::new());
        let later = now + Duration::from_secs(60);
        assert_eq!(
            open(&mut registry, later, 2, Role::Publisher, Some("yours")),
            Err(OpenError::AlreadyLive)
        );
        assert_eq!(
            open(&mut registry, later, 2, Role::Publisher, None),
            Err(OpenError::AlreadyLive)
        );
        let back = open(&mut registry, later, 3, Role::Publisher, Some("mine")).expect("the owner");
        assert_eq!(
            (back.replaces, back.stream),
            (Some(SessionId(1)), first.stream)
        );
        assert_eq!(registry.len(), 1);
    }

    #[test]
    fn a_silent_publisher_is_replaced_by_anybody_once_it_had_time_to_arrive() {
        let (mut registry, now) = (registry(|_| ()), Instant::now());
        open(&mut registry, now, 1, Role::Publisher, None).expect("free");
        let soon = now + Duration::from_secs(1);
        assert_eq!(
            open(&mut registry, soon, 2, Role::Publisher, None),
            Err(OpenError::AlreadyLive)
        );
        let later = now + Duration::from_secs(6);
        assert!(open(&mut registry, later, 2, Role::Publisher, None).is_ok());
    }

    #[test]
    fn tokens_are_asked_for_and_compared() {
        let (mut registry, now) = (
            registry(|c| c.publish_token = Some("s3cret".into())),
            Instant::now(),
        );
        assert_eq!(
            open(&mut registry, now, 1, Role::Publisher, None),
            Err(OpenError::TokenMissing)
        );
        assert_eq!(
            open(&mut registry, now, 1, Role::Publisher, Some("s3creT")),
            Err(OpenError::TokenWrong)
        );
        assert!(open(&mut registry, now, 1, Role::Publisher, Some("s3cret")).is_ok());
        assert!(open(&mut registry, now, 2, Role::Viewer, None).is_ok());
    }

    #[test]
    fn viewers_wait_or_are_sent_away_as_configured() {
        let now = Instant::now();
        assert!(open(&mut registry(|_| ()), now, 1, Role::Viewer, None).is_ok());
        let mut strict = registry(|c| c.viewers_wait = false);
        assert_eq!(
            open(&mut strict, now, 1, Role::Viewer, None),
            Err(OpenError::NotLive)
        );
    }

    #[test]
    fn viewers_are_spread_over_the_shards() {
        let (mut registry, now) = (registry(|_| ()), Instant::now());
        let home = open(&mut registry, now, 1, Role::Publisher, None)
            .expect("free")
            .home;
        let viewers: Vec<_> = (2..8)
            .map(|id| open(&mut registry, now, id, Role::Viewer, None).expect("admitted"))
            .collect();
        assert_eq!(viewers.iter().filter(|v| v.shard == home).count(), 3);
    }

    #[test]
    fn a_viewer_needs_the_codec_that_is_sent_not_one_that_could_be() {
        let (mut registry, now) = (registry(|_| ()), Instant::now());
        let format = |codec| Format {
            codec,
            clock_rate: 90_000,
            profile: Profile::Any,
            red: false,
        };
        let negotiated = vec![format(Codec::Vp8), format(Codec::Vp9)];
        let id = SessionId(1);
        let admitted = registry
            .open(now, id, Role::Publisher, &live(), None, negotiated, 0)
            .expect("free");
        let watch = |registry: &Registry, codec| {
            registry.check_formats(&live(), |format| format.codec == codec)
        };
        assert_eq!(watch(&registry, Codec::Vp9), Ok(()), "it may still come");
        let video = TrackStatus {
            kind: Kind::Video,
            codec: Some(Codec::Vp8.to_string()),
            layers: Vec::new(),
        };
        registry.report(admitted.stream, true, vec![video]);
        assert_eq!(watch(&registry, Codec::Vp8), Ok(()));
        let codecs = vec!["VP8".to_owned()];
        assert_eq!(
            watch(&registry, Codec::Vp9),
            Err(OpenError::NoCommonCodec { codecs })
        );
    }

    #[test]
    fn waiting_viewers_are_sent_away_after_the_grace_time() {
        let (mut registry, now) = (registry(|_| ()), Instant::now());
        open(&mut registry, now, 1, Role::Viewer, None).expect("waits");
        assert!(registry.expired(now + Duration::from_secs(299)).is_empty());
        assert_eq!(
            registry.expired(now + Duration::from_secs(301)),
            [SessionId(1)]
        );
    }

    #[test]
    fn a_full_server_names_the_limit() {
        let (mut registry, now) = (registry(|c| c.sessions_max = 1), Instant::now());
        open(&mut registry, now, 1, Role::Viewer, None).expect("room for one");
        let error = open(&mut registry, now, 2, Role::Viewer, None);
        assert!(matches!(
            error,
            Err(OpenError::Full {
                limit: "limits.sessions_max",
                ..
            })
        ));
    }

    #[test]
    fn nothing_is_left_when_all_have_gone() {
        let (mut registry, now) = (registry(|_| ()), Instant::now());
        open(&mut registry, now, 1, Role::Publisher, None).expect("free");
        open(&mut registry, now, 2, Role::Viewer, None).expect("admitted");
        registry.remove(now, SessionId(1));
        assert!(
            registry
                .status(&live())
                .is_some_and(|s| !s.active && s.viewers == 1)
        );
        registry.remove(now, SessionId(2));
        assert!(registry.status(&live()).is_none() && registry.is_empty());
        assert_eq!(registry.load, [0, 0]);
    }
}
