//! The handle through which HTTP reaches rooms and media: the lock around the control core, and
//! everything that the core has to leave to others.

mod api;
mod carry_out;
mod commands;
mod external;
mod observing;
mod outlets;
mod participants;
mod peer_to_peer;
mod queue;
mod refusals;
mod session_log;
mod unified;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use auth::{Permissions, Tokens};
use contract::Event;
use model::{OpenError, Restarted, SessionId, ShardId, StreamName, StreamStatus};
use room::{Rooms, Topology};
use session::{Core, Now};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::media::Shards;
use commands::Commands;
use outlets::Outlets;
use peer_to_peer::PeerToPeerOutlets;
use session_log::SessionLog;

pub(crate) use api::OutgoingMessage;
pub(crate) use external::Followed;
pub(crate) use outlets::{EventBatch, Outlet, Slow};
pub(crate) use participants::{Enter, Entrance};
pub(crate) use peer_to_peer::{DirectOutlet, TreeOutlet};
pub(crate) use session::{Caller, ChannelMessage, UnifiedOptions};
pub(crate) use unified::{Offers, Participation};

/// How long a shard may take to answer before the caller is told that the server is busy.
const SHARD_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the control task sleeps at most.
const IDLE: Duration = Duration::from_secs(1);

/// How long closing all sessions may take at shutdown.
const FAREWELL: Duration = Duration::from_millis(500);

/// Events that may wait for the control task.
pub(crate) const EVENTS_MAX: usize = 4_096;

/// Opens and ends sessions, and knows what streams do. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Control {
    shared: Arc<Shared>,
}

/// How the control plane is set up, but for what the shards say of themselves.
#[derive(Debug)]
pub(crate) struct Settings {
    /// What clients need to publish, to watch, and to be hosts.
    pub(crate) tokens: Tokens,
    /// See [`session::Config`].
    pub(crate) viewers_wait: bool,
    /// See [`session::Config`].
    pub(crate) publisher_grace: Duration,
    /// See [`session::Config`].
    pub(crate) sessions_max: usize,
    /// Limits of rooms whose media is forwarded.
    pub(crate) rooms: room::Limits,
    /// Rooms from a host to viewers.
    pub(crate) direct: session::DirectConfig,
    /// Limits of broadcasts over trees of browsers.
    pub(crate) trees: room::peer_tree::Limits,
    /// See [`rtc::Config`].
    pub(crate) announce_ice_lite: bool,
}

#[derive(Debug)]
struct Shared {
    tokens: Tokens,
    state: Mutex<State>,
    metrics: crate::metrics::MediaMetrics,
    webhooks: crate::webhooks::Webhooks,
    /// The core may want to be called at another time.
    changed: Notify,
}

/// What the lock protects: the core, and what carries out its outputs.
#[derive(Debug)]
struct State {
    core: Core,
    commands: Commands,
    outlets: Outlets,
    peer_to_peer: PeerToPeerOutlets,
    log: SessionLog,
    /// The rid of the layer that a viewer gets, for those that are followed.
    layers: BTreeMap<SessionId, watch::Sender<Option<String>>>,
    /// What followers of a stream see. Lives as long as the stream has a session.
    followed: BTreeMap<StreamName, watch::Sender<StreamStatus>>,
    /// Requests that wait for a shard to restart ICE.
    restarts: BTreeMap<SessionId, oneshot::Sender<Restarted>>,
}

impl Control {
    /// Takes the shards and their events, and begins to work.
    pub(crate) fn start(
        shards: Shards,
        events: mpsc::Receiver<(ShardId, Event)>,
        settings: Settings,
        metrics: crate::metrics::MediaMetrics,
        webhooks: crate::webhooks::Webhooks,
    ) -> Self {
        let identity = rtc::Identity::generate();
        let wall_clock = rtc::WallClock {
            instant: Instant::now(),
            time: SystemTime::now(),
        };
        let peer = |shard| rtc::Config {
            identity: identity.clone(),
            candidates: shards.candidates(shard).to_vec(),
            announce_ice_lite: settings.announce_ice_lite,
            wall_clock,
        };
        let config = session::Config {
            viewers_wait: settings.viewers_wait,
            publisher_grace: settings.publisher_grace,
            sessions_max: settings.sessions_max,
            rooms: settings.rooms,
            direct: settings.direct,
            trees: settings.trees,
            peers: ShardId::all(shards.count()).map(peer).collect(),
        };
        let state = State {
            core: Core::new(config, Box::new(SystemRandom)),
            commands: Commands::new(shards),
            outlets: Outlets::default(),
            peer_to_peer: PeerToPeerOutlets::default(),
            log: SessionLog::default(),
            layers: BTreeMap::new(),
            followed: BTreeMap::new(),
            restarts: BTreeMap::new(),
        };
        let shared = Arc::new(Shared {
            tokens: settings.tokens,
            state: Mutex::new(state),
            metrics,
            webhooks,
            changed: Notify::new(),
        });
        let control = Self { shared };
        tokio::spawn(control.clone().run(events));
        control
    }

    /// Returns what the bearer of a token may do. The edge asks once per request, and passes the
    /// answer on.
    pub(crate) fn verify(&self, token: Option<&str>) -> Permissions {
        self.shared.tokens.verify(token)
    }

    /// Whether a session is still there.
    pub(crate) fn is_open(&self, session: SessionId) -> bool {
        self.state().core.is_open(session)
    }

    /// All streams that have a publisher or a viewer.
    pub(crate) fn streams(&self) -> BTreeMap<StreamName, StreamStatus> {
        let state = self.state();
        let streams = state.core.streams();
        streams
            .map(|(name, status)| (name.clone(), status))
            .collect()
    }

    /// A stream that has a publisher or a viewer.
    pub(crate) fn stream(&self, name: &StreamName) -> Option<StreamStatus> {
        self.state().core.stream(name)
    }

    /// How many rooms of a topology there are, and participants in them.
    pub(crate) fn rooms_count(&self, topology: Topology) -> (usize, usize) {
        self.state().core.count(topology)
    }

    /// What each shard does, by number.
    pub(crate) fn load(&self) -> Vec<crate::media::Load> {
        self.state().commands.load()
    }

    /// Clients of rooms from a host to viewers are reached by this from now on.
    pub(crate) fn attach_direct(&self, outlet: Box<dyn DirectOutlet>) {
        self.state().peer_to_peer.direct = Some(outlet);
    }

    /// Peers of broadcasts over trees are reached by this from now on.
    pub(crate) fn attach_trees(&self, outlet: Box<dyn TreeOutlet>) {
        self.state().peer_to_peer.trees = Some(outlet);
    }

    /// Looks at rooms, or does something in them, and then what follows from it. Others have been
    /// told when this returns.
    pub(crate) fn with_rooms<T>(&self, act: impl FnOnce(&mut Rooms, Instant) -> T) -> T {
        self.with_core(|core, now| core.in_rooms(now, |rooms| act(rooms, now.instant)))
    }

    /// Takes no more sessions, closes all, and returns when the close was sent to every peer.
    pub(crate) async fn shutdown(&self) {
        self.with_core(Core::stop);
        let farewell = async {
            while self.state().core.sessions_count() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::warn!("some sessions were cut off without a close");
        }
    }

    async fn run(self, mut events: mpsc::Receiver<(ShardId, Event)>) {
        loop {
            let due = self.turn();
            tokio::select! {
                () = tokio::time::sleep_until(due.into()) => {}
                () = self.shared.changed.notified() => {}
                event = events.recv() => match event {
                    Some((_, event)) => self.event(event),
                    None => return,
                },
            }
        }
    }

    /// Lets the core do what is due, and sends commands that had to wait. Returns when to do so
    /// again.
    fn turn(&self) -> Instant {
        let (mut state, now) = (self.state(), now());
        if state
            .core
            .poll_timeout()
            .is_none_or(|due| due <= now.instant)
        {
            state.core.handle_timeout(now);
            self.carry_out(&mut state, now);
        }
        let retry = state.commands.retry(now.instant);
        let due = [state.core.poll_timeout(), retry, Some(now.instant + IDLE)];
        due.into_iter().flatten().min().unwrap_or(now.instant)
    }

    fn event(&self, event: Event) {
        let (mut state, now) = (self.state(), now());
        self.observe(&mut state, &event);
        state.core.handle_event(now, event);
        self.carry_out(&mut state, now);
    }

    /// Does something with the core, under the lock, and then what follows from it.
    pub(crate) fn with_core<T>(&self, act: impl FnOnce(&mut Core, Now) -> T) -> T {
        let (mut state, now) = (self.state(), now());
        let result = act(&mut state.core, now);
        self.settle(&mut state, now);
        result
    }

    /// Carries out what the core wants. It may want to be called at another time than before.
    fn settle(&self, state: &mut State, now: Now) {
        self.carry_out(state, now);
        self.shared.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere must not end the service; the core is changed in whole steps.
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A refusal of [`auth`], as sessions and participants are refused.
pub(crate) fn denied(denied: auth::Denied) -> OpenError {
    match denied {
        auth::Denied::TokenMissing => OpenError::TokenMissing,
        auth::Denied::TokenWrong => OpenError::TokenWrong,
    }
}

/// The operating system's cryptographic source.
#[derive(Debug)]
struct SystemRandom;

impl session::Random for SystemRandom {
    fn fill(&mut self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system has randomness");
    }
}

/// The present.
fn now() -> Now {
    Now {
        instant: Instant::now(),
        unix_ms: unix_ms(),
    }
}

/// Milliseconds since 1970.
pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_millis() as u64
}

/// Random bits from the operating system, as many as `BYTES` hold.
pub(crate) fn random<const BYTES: usize>() -> u128 {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes[..BYTES]).expect("the operating system has randomness");
    u128::from_le_bytes(bytes)
}
