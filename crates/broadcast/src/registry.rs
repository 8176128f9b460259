//! Who publishes and who watches which stream, and on which shard.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rtp::{Format, Kind, Profile};

use crate::{Heard, OpenError, Role, SessionId, StreamName, StreamStatus, TrackStatus, room};

/// A publisher that has sent nothing for this long after its POST is still arriving, not gone.
const ARRIVAL_TIME: Duration = Duration::from_secs(5);

/// Who may do what, as far as the configuration says it.
#[derive(Debug, Clone)]
pub struct Config {
    /// Needed to be a room's host; `None`: what publishing needs.
    pub host_token: Option<String>,
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
    names: BTreeMap<u64, StreamName>,
    sessions: BTreeMap<SessionId, Session>,
    next_id: u64,
    /// Sessions on each shard.
    load: Vec<usize>,
}

/// One stream.
#[derive(Debug)]
struct Stream {
    id: u64,
    origin: usize,
    publisher: Option<Publisher>,
    viewers: BTreeSet<SessionId>,
    /// How many of the viewers are not in the stream's room.
    outside: usize,
    heard: Heard,
    tracks: Vec<TrackStatus>,
    without_publisher: Option<Instant>,
}

#[derive(Debug)]
struct Publisher {
    session: SessionId,
    token: Option<String>,
    formats: Vec<Format>,
    opened: Instant,
    /// A participant of a room: nobody takes its stream while it is there.
    in_room: bool,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// For what it was opened. That of a participant of a room may do the other, too.
    pub role: Role,
    /// Its streams, and what it is to each; that of a participant of a room may have any number.
    pub streams: BTreeMap<StreamName, Role>,
    /// The token it was opened with.
    pub token: Option<String>,
    /// The shard that has its peer.
    pub shard: usize,
    /// Of a participant of a room.
    pub in_room: bool,
}

impl Session {
    /// The one stream of a session that was opened for it.
    pub fn stream(&self) -> Option<&StreamName> {
        self.streams.keys().next()
    }
}

/// A session that was admitted, and what follows from it.
#[derive(Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The stream's id, unique in this process.
    pub stream: u64,
    /// The shard that has the stream's publisher.
    pub origin: usize,
    /// The shard for this session.
    pub shard: usize,
    /// The publisher that this one takes over from; its session is over.
    pub replaces: Option<SessionId>,
    /// The stream's viewers are to get it from another shard than before.
    pub moved: bool,
}

impl Registry {
    /// Empty.
    pub fn new(config: Config) -> Self {
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

    /// Whether a token lets somebody into rooms in this role. A role that needs no token of its own
    /// needs that of the next lower one; a token of a higher role will do as well.
    pub fn check_role(&self, role: room::Role, token: Option<&str>) -> Result<(), OpenError> {
        // From the highest role to the lowest.
        let tokens = [
            &self.config.host_token,
            &self.config.publish_token,
            &self.config.view_token,
        ];
        let rank = match role {
            room::Role::Host => 0,
            room::Role::Publisher => 1,
            room::Role::Viewer | room::Role::Hidden => 2,
        };
        let Some(lowest) = (rank..tokens.len()).find(|rank| tokens[*rank].is_some()) else {
            return Ok(());
        };
        let token = token.ok_or(OpenError::TokenMissing)?;
        let mut will_do = tokens.iter().take(lowest + 1).filter_map(|t| t.as_deref());
        if will_do.any(|needed| same_secret(needed, token)) {
            Ok(())
        } else {
            Err(OpenError::TokenWrong)
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
        self.check_full()
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
        let mut comes_in: Vec<_> = formats.iter().map(described).collect();
        comes_in.dedup();
        let comes_in = comes_in.join(" or ");
        let why = format!("this stream's video is {comes_in}, which the offer does not take");
        Err(OpenError::NoCommonCodec { why, codecs })
    }

    /// The shard on which a session would be placed: a publisher at its stream's origin shard, a viewer
    /// where the fewest sessions are.
    pub fn place(&self, role: Role, stream: &StreamName) -> usize {
        match (role, self.streams.get(stream)) {
            (Role::Publisher, Some(stream)) => stream.origin,
            _ => self.place_in_room(),
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
        self.insert(id, role, token, shard, false);
        Ok(match role {
            Role::Publisher => self.attach_publisher(now, id, stream, formats),
            Role::Viewer => self.attach_viewer(now, id, stream),
        })
    }

    /// Admits the session of a participant of a room, whose streams come and go.
    pub fn open_in_room(
        &mut self,
        id: SessionId,
        role: Role,
        shard: usize,
    ) -> Result<(), OpenError> {
        self.check_full()?;
        self.insert(id, role, None, shard, true);
        Ok(())
    }

    /// The shard for another session of a room: where the fewest are.
    pub fn place_in_room(&self) -> usize {
        least_loaded(&self.load)
    }

    /// A participant publishes a stream. Refused when somebody else has it.
    pub fn publish(
        &mut self,
        now: Instant,
        id: SessionId,
        stream: &StreamName,
        formats: Vec<Format>,
    ) -> Result<Admitted, OpenError> {
        let holder = self.streams.get(stream).and_then(|s| s.publisher.as_ref());
        if holder.is_some_and(|holder| holder.session != id) {
            return Err(OpenError::AlreadyLive);
        }
        Ok(self.attach_publisher(now, id, stream, formats))
    }

    /// A participant views a stream.
    pub fn view(&mut self, now: Instant, id: SessionId, stream: &StreamName) -> Admitted {
        self.attach_viewer(now, id, stream)
    }

    /// A session goes on without one of its streams.
    pub fn detach(&mut self, now: Instant, id: SessionId, stream: &StreamName) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if let Some(role) = session.streams.remove(stream) {
            let in_room = session.in_room;
            self.leave(now, id, role, in_room, stream);
        }
    }

    fn check_full(&self) -> Result<(), OpenError> {
        if self.sessions.len() >= self.config.sessions_max {
            return Err(OpenError::Full {
                limit: "limits.sessions_max",
                retry_after: Duration::from_secs(5),
            });
        }
        Ok(())
    }

    fn insert(
        &mut self,
        id: SessionId,
        role: Role,
        token: Option<String>,
        shard: usize,
        in_room: bool,
    ) {
        self.load[shard] += 1;
        let session = Session {
            role,
            streams: BTreeMap::new(),
            token,
            shard,
            in_room,
        };
        self.sessions.insert(id, session);
    }

    /// The entry of a stream, which begins to be if it was not.
    fn stream(&mut self, now: Instant, name: &StreamName, origin: usize) -> &mut Stream {
        let (next_id, names) = (&mut self.next_id, &mut self.names);
        self.streams.entry(name.clone()).or_insert_with(|| {
            let id = *next_id;
            *next_id += 1;
            names.insert(id, name.clone());
            Stream::new(id, origin, now)
        })
    }

    /// A session has one stream more. Returns its shard, whether it is of a room, and its token.
    fn join_stream(
        &mut self,
        id: SessionId,
        role: Role,
        name: &StreamName,
    ) -> (usize, bool, Option<String>) {
        let session = self.sessions.get_mut(&id);
        session.map_or((0, false, None), |session| {
            session.streams.insert(name.clone(), role);
            (session.shard, session.in_room, session.token.clone())
        })
    }

    fn attach_publisher(
        &mut self,
        now: Instant,
        id: SessionId,
        name: &StreamName,
        formats: Vec<Format>,
    ) -> Admitted {
        let (shard, in_room, token) = self.join_stream(id, Role::Publisher, name);
        let stream = self.stream(now, name, shard);
        let publisher = Publisher {
            session: id,
            token,
            formats,
            opened: now,
            in_room,
        };
        let before = stream.publisher.replace(publisher).map(|old| old.session);
        let replaces = before.filter(|before| *before != id);
        stream.without_publisher = None;
        let moved = std::mem::replace(&mut stream.origin, shard) != shard;
        let admitted = Admitted {
            stream: stream.id,
            origin: shard,
            shard,
            replaces,
            moved,
        };
        if let Some(old) = replaces.and_then(|old| self.sessions.remove(&old)) {
            self.load[old.shard] -= 1;
        }
        admitted
    }

    fn attach_viewer(&mut self, now: Instant, id: SessionId, name: &StreamName) -> Admitted {
        let (shard, in_room, _) = self.join_stream(id, Role::Viewer, name);
        let stream = self.stream(now, name, shard);
        if stream.viewers.insert(id) && !in_room {
            stream.outside += 1;
        }
        Admitted {
            stream: stream.id,
            origin: stream.origin,
            shard,
            replaces: None,
            moved: false,
        }
    }

    /// Forgets a session, and returns what it was.
    pub fn remove(&mut self, now: Instant, id: SessionId) -> Option<Session> {
        let session = self.sessions.remove(&id)?;
        self.load[session.shard] -= 1;
        for (stream, role) in &session.streams {
            self.leave(now, id, *role, session.in_room, stream);
        }
        Some(session)
    }

    /// A session leaves a stream.
    fn leave(&mut self, now: Instant, id: SessionId, role: Role, in_room: bool, name: &StreamName) {
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
                if stream.viewers.remove(&id) && !in_room {
                    stream.outside -= 1;
                }
            }
        }
        if stream.publisher.is_none() && stream.viewers.is_empty() {
            self.names.remove(&stream.id);
            self.streams.remove(name);
        }
    }

    /// What a stream's video may come in; empty when that is not known.
    pub fn formats(&self, stream: &StreamName) -> Vec<Format> {
        let stream = self.streams.get(stream);
        stream.map(Stream::video_formats).unwrap_or_default()
    }

    /// How many watch a stream without being in its room.
    pub fn outside(&self, stream: &StreamName) -> usize {
        self.streams.get(stream).map_or(0, |stream| stream.outside)
    }

    /// Where a stream is: its id, and the shard of its publisher.
    pub fn location(&self, stream: &StreamName) -> Option<(u64, usize)> {
        self.streams.get(stream).map(|s| (s.id, s.origin))
    }

    /// The session that publishes a stream.
    pub fn publisher(&self, stream: &StreamName) -> Option<SessionId> {
        let publisher = self.streams.get(stream)?.publisher.as_ref()?;
        Some(publisher.session)
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
        heard: Heard,
        tracks: Vec<TrackStatus>,
    ) -> Option<StreamName> {
        let name = self.names.get(&stream)?;
        let entry = self.streams.get_mut(name)?;
        // The last word of a publisher that has left in the meantime.
        if entry.publisher.is_some() {
            entry.heard = heard;
            entry.tracks = tracks;
        }
        Some(name.clone())
    }

    /// The name of a stream, by its id.
    pub fn name(&self, stream: u64) -> Option<&StreamName> {
        self.names.get(&stream)
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
            // A participant views other streams as well.
            .filter(|id| self.sessions.get(id).is_some_and(|s| !s.in_room))
            .collect()
    }
}

impl Stream {
    fn new(id: u64, origin: usize, now: Instant) -> Self {
        Self {
            id,
            origin,
            publisher: None,
            viewers: BTreeSet::new(),
            outside: 0,
            heard: Heard::Nothing,
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
            active: self.heard == Heard::Media,
            viewers: self.viewers.len(),
            tracks: self.tracks.clone(),
        }
    }
}

/// The same person comes back, or nobody is there any more: a publisher that is quiet still is.
fn may_take_over(now: Instant, stream: &Stream, holder: &Publisher, token: Option<&str>) -> bool {
    let same = matches!((&holder.token, token), (Some(a), Some(b)) if same_secret(a, b));
    let arriving = now.saturating_duration_since(holder.opened) < ARRIVAL_TIME;
    let gone = stream.heard == Heard::Nothing && !arriving;
    !holder.in_room && (same || gone)
}

/// A codec with its profile, where it has one.
fn described(format: &Format) -> String {
    match format.profile {
        Profile::Any => format.codec.to_string(),
        profile => format!("{} {profile}", format.codec),
    }
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
    use rtp::Codec;

    use super::*;

    fn registry(change: impl FnOnce(&mut Config)) -> Registry {
        let mut config = Config {
            host_token: None,
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
        registry.report(first.stream, Heard::Media, Vec::new());
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
    fn quiet_publisher_keeps_its_stream_while_its_connection_lives() {
        let (mut registry, now) = (registry(|_| ()), Instant::now());
        let quiet = open(&mut registry, now, 1, Role::Publisher, None).expect("free");
        let later = now + Duration::from_secs(600);
        registry.report(quiet.stream, Heard::Connection, Vec::new());
        assert!(registry.status(&live()).is_some_and(|s| !s.active));
        let stranger = open(&mut registry, later, 2, Role::Publisher, None);
        assert_eq!(stranger, Err(OpenError::AlreadyLive));
        registry.report(quiet.stream, Heard::Nothing, Vec::new());
        assert!(open(&mut registry, later, 2, Role::Publisher, None).is_ok());
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
    fn a_role_needs_its_token_or_that_of_a_higher_role_or_of_the_next_lower() {
        use room::Role::{Hidden, Host, Publisher, Viewer};
        let all = registry(|c| {
            c.host_token = Some("host".into());
            c.publish_token = Some("publish".into());
            c.view_token = Some("view".into());
        });
        let (wrong, missing) = (Err(OpenError::TokenWrong), Err(OpenError::TokenMissing));
        for (role, token, expected) in [
            (Host, Some("host"), Ok(())),
            (Host, Some("publish"), wrong.clone()),
            (Publisher, Some("host"), Ok(())),
            (Publisher, Some("view"), wrong.clone()),
            (Viewer, Some("publish"), Ok(())),
            (Hidden, Some("view"), Ok(())),
            (Hidden, None, missing.clone()),
        ] {
            assert_eq!(all.check_role(role, token), expected, "{role:?} {token:?}");
        }
        let publishing = registry(|c| c.publish_token = Some("publish".into()));
        assert_eq!(publishing.check_role(Host, None), missing);
        assert_eq!(publishing.check_role(Host, Some("publish")), Ok(()));
        assert_eq!(publishing.check_role(Viewer, None), Ok(()));
        let watching = registry(|c| c.view_token = Some("view".into()));
        assert_eq!(watching.check_role(Host, Some("x")), wrong);
        assert_eq!(watching.check_role(Publisher, Some("view")), Ok(()));
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
        let origin = open(&mut registry, now, 1, Role::Publisher, None)
            .expect("free")
            .origin;
        let viewers: Vec<_> = (2..8)
            .map(|id| open(&mut registry, now, id, Role::Viewer, None).expect("admitted"))
            .collect();
        assert_eq!(viewers.iter().filter(|v| v.shard == origin).count(), 3);
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
            oversized: None,
        };
        registry.report(admitted.stream, Heard::Media, vec![video]);
        assert_eq!(watch(&registry, Codec::Vp8), Ok(()));
        let codecs = vec!["VP8".to_owned()];
        assert_eq!(
            watch(&registry, Codec::Vp9),
            Err(OpenError::NoCommonCodec {
                why: "this stream's video is VP8, which the offer does not take".to_owned(),
                codecs,
            })
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
