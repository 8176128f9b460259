//! The handle through which HTTP reaches rooms and media.

mod api;
mod descriptions;
mod entering;
mod grants;
mod joining;
mod link;
mod members;
mod opening;
mod peers;
mod publishing;
mod refusal;
mod session_log;
mod singles;
mod telling;
mod unified;
mod viewing;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use broadcast::registry::{self, Registry};
use broadcast::{
    IceFragment, LayerChoice, Restarted, Role, SessionError, SessionId, StreamName, StreamStatus,
};
use rtc::{Credentials, Peer};
use rtp::{Bitrate, Kind};
use shard::{ClosedReason, Command, Event};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::media::Shards;
use members::Members;
use session_log::{Over, Whose};

pub(crate) use api::OutgoingMessage;
pub(crate) use entering::{Enter, Entrance};
pub(crate) use grants::Grants;
pub(crate) use joining::Entered;
pub(crate) use link::{Next, Socket};
pub(crate) use members::wall_ms;
pub(crate) use telling::EventBatch;
pub(crate) use unified::{ChannelMessage, Offers, Participation, UnifiedOptions};

/// Where the bandwidth estimation of a viewer begins: enough for a middle layer, and probing
/// from here reaches tens of megabits within half a second.
const ESTIMATE_INITIAL: Bitrate = Bitrate::mbps(2);

/// How long a shard may take to answer before the caller is told that the server is busy.
const SHARD_TIMEOUT: Duration = Duration::from_secs(2);

/// How often waiting viewers are looked through for those who waited too long.
const EXPIRY_EVERY: Duration = Duration::from_secs(1);

/// How long closing all sessions may take at shutdown.
const FAREWELL: Duration = Duration::from_millis(500);

/// Events that may wait for the control task.
pub(crate) const EVENTS_MAX: usize = 4_096;

/// Who calls on an existing session, as the URL and the headers say it.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Under which endpoint the session was addressed: a WHIP URL does not end a WHEP session.
    pub(crate) role: Role,
    /// The stream in the URL.
    pub(crate) stream: StreamName,
    /// The session in the URL.
    pub(crate) session: SessionId,
    /// Bearer token, if one was sent.
    pub(crate) token: Option<String>,
}

/// What the descriptions of a session's two sides say, and what the client calls itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Described {
    /// The server's ICE ufrag; the ETag.
    pub(crate) local_ufrag: String,
    /// The client's.
    pub(crate) remote_ufrag: Option<String>,
    /// Kind and mid of each m-line.
    pub(crate) lines: Vec<(Kind, String)>,
    /// For the log.
    client: String,
}

impl Described {
    /// Of a peer that has answered an offer.
    fn new(ice_tag: &str, peer: &Peer, client: &str) -> Self {
        let lines = peer
            .media()
            .map(|media| (media.kind, media.mid().to_owned()));
        Self {
            local_ufrag: ice_tag.to_owned(),
            remote_ufrag: Some(peer.remote_ufrag().to_owned()),
            lines: lines.collect(),
            client: client.to_owned(),
        }
    }

    /// The mid of the video m-line.
    pub(crate) fn video_mid(&self) -> Option<&str> {
        let mut lines = self.lines.iter();
        let (_, mid) = lines.find(|(kind, _)| *kind == Kind::Video)?;
        Some(mid)
    }
}

/// What a viewer can follow.
#[derive(Debug)]
pub(crate) struct Followed {
    /// Of the stream.
    pub(crate) status: watch::Receiver<StreamStatus>,
    /// The rid of the layer that this viewer gets; `None` before, and without simulcast.
    pub(crate) layer: watch::Receiver<Option<String>>,
}

/// Opens and ends sessions, and knows what streams do. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Control {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    shards: Shards,
    identity: rtc::Identity,
    announce_ice_lite: bool,
    wall_clock: rtc::WallClock,
    state: Mutex<State>,
    metrics: crate::metrics::MediaMetrics,
    webhooks: crate::webhooks::Webhooks,
    /// Rooms may want to be woken at another time.
    rooms_changed: Notify,
}

#[derive(Debug)]
struct State {
    registry: Registry,
    members: Members,
    described: BTreeMap<SessionId, Described>,
    /// Sessions that are connected, for the log.
    connected: BTreeMap<SessionId, Whose>,
    /// The rid of the layer that a viewer gets, for those that were told of one.
    layers: BTreeMap<SessionId, watch::Sender<Option<String>>>,
    /// Who waits for a shard to restart ICE.
    restarts: BTreeMap<SessionId, oneshot::Sender<Credentials>>,
    /// What followers of a stream see. Lives as long as the stream has a session.
    followed: BTreeMap<StreamName, watch::Sender<StreamStatus>>,
    stopping: bool,
}

impl Control {
    /// Takes the shards and their events, and begins to work.
    pub(crate) fn start(
        shards: Shards,
        events: mpsc::Receiver<(usize, Event)>,
        registry: registry::Config,
        rooms: broadcast::room::Limits,
        announce_ice_lite: bool,
        metrics: crate::metrics::MediaMetrics,
        webhooks: crate::webhooks::Webhooks,
    ) -> Self {
        let state = State {
            registry: Registry::new(registry),
            members: Members::new(rooms),
            described: BTreeMap::new(),
            connected: BTreeMap::new(),
            layers: BTreeMap::new(),
            restarts: BTreeMap::new(),
            followed: BTreeMap::new(),
            stopping: false,
        };
        let shared = Arc::new(Shared {
            shards,
            identity: rtc::Identity::generate(),
            announce_ice_lite,
            wall_clock: rtc::WallClock {
                instant: Instant::now(),
                time: SystemTime::now(),
            },
            state: Mutex::new(state),
            metrics,
            webhooks,
            rooms_changed: Notify::new(),
        });
        let control = Self { shared };
        tokio::spawn(control.clone().run(events));
        control
    }

    /// What describes a session now; also the check that the caller may touch it.
    pub(crate) fn described(&self, caller: &Caller) -> Result<Described, SessionError> {
        let state = self.state();
        state.permit(caller)?;
        state
            .described
            .get(&caller.session)
            .cloned()
            .ok_or(SessionError::Unknown)
    }

    /// Takes remote candidates: of no use to an ICE-lite agent, which learns from checks
    /// (RFC 8445 §2.5), so the caller is checked and that is all.
    pub(crate) fn trickle(&self, caller: &Caller) -> Result<(), SessionError> {
        self.state().permit(caller).map(|_| ())
    }

    /// Restarts ICE with the client's new credentials.
    pub(crate) async fn restart(
        &self,
        caller: &Caller,
        fragment: IceFragment,
    ) -> Result<Restarted, SessionError> {
        let (Some(ufrag), Some(pwd)) = (fragment.ufrag, fragment.pwd) else {
            return Err(SessionError::Bad(
                "an ICE restart needs a=ice-ufrag and a=ice-pwd".to_owned(),
            ));
        };
        let session = caller.session;
        let remote =
            Credentials::new(&ufrag, &pwd).map_err(|error| SessionError::Bad(error.to_string()))?;
        let (sender, receiver) = oneshot::channel();
        let shard = {
            let mut state = self.state();
            let shard = state.permit(caller)?;
            state.restarts.insert(session, sender);
            shard
        };
        self.command(shard, Command::RestartIce { session, remote })?;
        let answered = tokio::time::timeout(SHARD_TIMEOUT, receiver).await;
        let Ok(Ok(local)) = answered else {
            self.state().restarts.remove(&session);
            return Err(SessionError::Busy);
        };
        let ice_tag = local.ufrag().to_owned();
        let mid = {
            let mut state = self.state();
            let described = state.described.get_mut(&session);
            let described = described.ok_or(SessionError::Unknown)?;
            described.local_ufrag.clone_from(&ice_tag);
            described.remote_ufrag = Some(ufrag);
            described.lines.first().map(|(_, mid)| mid.clone())
        };
        let candidates = self.shared.shards.candidates(shard);
        let fragment = IceFragment {
            mid,
            ufrag: Some(local.ufrag().to_owned()),
            pwd: Some(local.pwd().to_owned()),
            candidates: rtc::host_candidates(candidates),
            end_of_candidates: true,
        };
        Ok(Restarted { fragment, ice_tag })
    }

    /// Ends a session.
    pub(crate) fn close(&self, caller: &Caller) -> Result<(), SessionError> {
        let shard = self.state().permit(caller)?;
        self.command(
            shard,
            Command::Close {
                session: caller.session,
            },
        )?;
        // Requests find it gone at once, even before the shard has closed it.
        self.remove(caller.session);
        Ok(())
    }

    /// Sets which layer a viewer gets. A session has one video m-line; `mid` names it or is absent.
    pub(crate) fn choose_layer(
        &self,
        caller: &Caller,
        mid: Option<&str>,
        choice: LayerChoice,
    ) -> Result<(), SessionError> {
        let described = self.described(caller)?;
        let video = described.video_mid();
        if mid.is_some_and(|mid| video != Some(mid)) {
            let (mid, video) = (mid.unwrap_or_default(), video.unwrap_or("none"));
            return Err(SessionError::Bad(format!(
                "mediaId {mid:?} is not the video of this session: its mid is {video}"
            )));
        }
        let state = self.state();
        let shard = state.permit(caller)?;
        let rid = match choice {
            LayerChoice::Auto => None,
            LayerChoice::Rid(rid) => {
                let status = state.registry.status(&caller.stream).unwrap_or_default();
                let layers: Vec<_> = status
                    .tracks
                    .into_iter()
                    .flat_map(|track| track.layers)
                    .collect();
                if !layers.iter().any(|layer| layer.rid.as_ref() == Some(&rid)) {
                    let has: Vec<_> = layers.into_iter().filter_map(|layer| layer.rid).collect();
                    return Err(SessionError::Bad(format!(
                        "there is no layer {rid:?}: the stream has {has:?}"
                    )));
                }
                Some(rid)
            }
        };
        self.command(
            shard,
            Command::PinLayer {
                session: caller.session,
                rid,
            },
        )
    }

    /// Follows the caller's stream; the channels close when the session ends, or the stream's
    /// last one.
    pub(crate) fn follow(&self, caller: &Caller) -> Result<Followed, SessionError> {
        let mut state = self.state();
        state.permit(caller)?;
        let status = state.registry.status(&caller.stream).unwrap_or_default();
        let sender = state
            .followed
            .entry(caller.stream.clone())
            .or_insert_with(|| watch::channel(status).0);
        let status = sender.subscribe();
        let layer = state.layer(caller.session).subscribe();
        Ok(Followed { status, layer })
    }

    /// Whether a session is still there.
    pub(crate) fn is_open(&self, session: SessionId) -> bool {
        self.state().registry.session(session).is_some()
    }

    /// All streams that have a publisher or a viewer.
    pub(crate) fn streams(&self) -> BTreeMap<StreamName, StreamStatus> {
        self.state()
            .registry
            .streams()
            .map(|(name, status)| (name.clone(), status))
            .collect()
    }

    /// What each shard does, by number.
    pub(crate) fn load(&self) -> Vec<crate::media::Load> {
        self.shared.shards.load().collect()
    }

    /// Takes no more sessions, closes all, and returns when the close was sent to every peer.
    pub(crate) async fn shutdown(&self) {
        {
            let mut state = self.state();
            state.stopping = true;
            state.members.rooms.stop();
            self.settle(&mut state);
        }
        for shard in 0..self.shared.shards.count() {
            self.order(shard, Command::CloseAll);
        }
        let farewell = async {
            while !self.state().registry.is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::warn!("some sessions were cut off without a close");
        }
    }

    async fn run(self, mut events: mpsc::Receiver<(usize, Event)>) {
        let mut expiry = tokio::time::interval(EXPIRY_EVERY);
        loop {
            let due = self.state().members.rooms.poll_timeout();
            let due = due.unwrap_or_else(|| Instant::now() + EXPIRY_EVERY);
            tokio::select! {
                () = tokio::time::sleep_until(due.into()) => self.rooms_timeout(),
                () = self.shared.rooms_changed.notified() => {}
                event = events.recv() => match event {
                    Some((_, event)) => self.event(event),
                    None => return,
                },
                _ = expiry.tick() => self.expire(),
            }
        }
    }

    fn event(&self, event: Event) {
        match event {
            Event::Connected {
                session,
                connection,
                received,
                sent,
            } => self.connected(session, &connection, &received, &sent),
            Event::Refused {
                session,
                refused,
                remote,
                source,
            } => self.not_taken(session, refused, remote, source),
            Event::Closed {
                session,
                reason,
                ended,
                lasted,
                traffic,
            } => {
                self.ended(&Over {
                    session,
                    reason,
                    ended,
                    lasted,
                    traffic,
                });
                if reason == ClosedReason::Remote {
                    self.hung_up(session);
                }
                self.remove(session);
            }
            Event::IceRestarted { session, local } => {
                if let Some(waiting) = self.state().restarts.remove(&session)
                    && waiting.send(local).is_err()
                {
                    tracing::debug!(?session, "nobody waits for this ICE restart any more");
                }
            }
            Event::Layer {
                session,
                stream,
                rid,
            } => {
                let mut state = self.state();
                if state.tell_layer(session, stream, &rid) {
                    return;
                }
                if state.registry.session(session).is_some() {
                    show(state.layer(session), Some(rid));
                }
            }
            Event::AudioLevel { stream, level } => self.audio_level(stream, level),
            Event::Quality {
                session,
                quality,
                bandwidth,
            } => self.quality(session, quality, bandwidth),
            Event::ChannelOpened {
                session,
                channel,
                label,
            } => self.channel_message(session, ChannelMessage::Opened(channel, label)),
            Event::ChannelText {
                session,
                channel,
                text,
            } => self.channel_message(session, ChannelMessage::Text(channel, text)),
            Event::Keyframe { wait } => self.shared.metrics.keyframe(wait),
            Event::FirstPicture { wait, .. } => self.shared.metrics.first_picture(wait),
            Event::Status {
                stream,
                heard,
                tracks,
            } => {
                let mut state = self.state();
                if let Some(name) = state.registry.report(stream.0, heard, tracks) {
                    state.announce(&name);
                    state.report(&name);
                    self.settle(&mut state);
                }
            }
        }
    }

    fn expire(&self) {
        let expired = self.state().registry.expired(Instant::now());
        for session in expired {
            let shard = self.state().registry.session(session).map(|s| s.shard);
            if let Some(shard) = shard {
                self.order(shard, Command::Close { session });
            }
        }
    }

    fn remove(&self, session: SessionId) {
        let mut state = self.state();
        let Some(removed) = state.registry.remove(Instant::now(), session) else {
            return;
        };
        state.described.remove(&session);
        state.layers.remove(&session);
        state.restarts.remove(&session);
        for (stream, role) in &removed.streams {
            if *role == Role::Publisher && !state.disown(stream) {
                state.report(stream);
            }
            state.announce(stream);
        }
        self.peer_ended(&mut state, session);
        self.settle(&mut state);
    }

    fn command(&self, shard: usize, command: Command) -> Result<(), SessionError> {
        self.shared
            .shards
            .send(shard, command)
            .map_err(|_| SessionError::Busy)
    }

    /// A command that nobody waits for.
    fn order(&self, shard: usize, command: Command) {
        if let Err(error) = self.shared.shards.send(shard, command) {
            tracing::warn!(shard, %error, "an order to a media thread was lost");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere must not end the service; the registry is changed in whole steps.
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The shard of the caller's session, if it is the caller's.
    fn permit(&self, caller: &Caller) -> Result<usize, SessionError> {
        let session = self
            .registry
            .session(caller.session)
            .ok_or(SessionError::Unknown)?;
        if session.role != caller.role
            || session.stream() != Some(&caller.stream)
            || session.in_room
        {
            return Err(SessionError::Unknown);
        }
        // The URL cannot be guessed; a token, when one is sent, must still be the right one.
        if caller.token.is_some() && session.token.is_some() && caller.token != session.token {
            return Err(SessionError::TokenWrong);
        }
        Ok(session.shard)
    }

    fn layer(&mut self, session: SessionId) -> &watch::Sender<Option<String>> {
        let new = || watch::channel(None).0;
        self.layers.entry(session).or_insert_with(new)
    }

    /// Shows a room what one of its streams does now.
    fn report(&mut self, stream: &StreamName) {
        let status = self.registry.status(stream).unwrap_or_default();
        let rooms = &mut self.members.rooms;
        rooms.report(Instant::now(), stream, status.active, &status.tracks);
    }

    /// Shows followers what a stream does now.
    fn announce(&mut self, stream: &StreamName) {
        let outside = self.registry.outside(stream);
        let rooms = &mut self.members.rooms;
        rooms.set_viewers(Instant::now(), stream, outside);
        match self.registry.status(stream) {
            Some(status) => {
                if let Some(followed) = self.followed.get(stream) {
                    show(followed, status);
                }
            }
            None => {
                self.followed.remove(stream);
            }
        }
    }
}

/// Shows followers a value; those who know it are not woken.
fn show<T: PartialEq>(followed: &watch::Sender<T>, now: T) {
    followed.send_if_modified(|present| {
        let changed = *present != now;
        *present = now;
        changed
    });
}

/// Random bits from the operating system, as many as the type holds.
pub(crate) fn random<const BYTES: usize>() -> u128 {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes[..BYTES]).expect("the operating system has randomness");
    u128::from_le_bytes(bytes)
}
