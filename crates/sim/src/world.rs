use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use client::{Direction, Offering};
use contract::{Command, Event, LineSubscription, TrackMapping};
use model::{Location, SessionId, ShardId, StreamId};
use rtc::{LineIndex, WallClock};
use rtp::{Bitrate, Kind};
use shard::{Counters, Input, Output, Shard, ShardMessage};

use crate::clock::{TIME_OF_DAY, WAKE_MIN};
use crate::flights::Flights;
use crate::viewer::request_keyframe;
use crate::{Clock, Link, Path, Publisher, PublisherSettings, Rng, Unified, Viewer};

const STREAM: StreamId = StreamId(1);

/// The origin shard of the stream.
const ORIGIN: usize = 0;

/// Delay of a message from one shard to another.
const RING_DELAY: Duration = Duration::from_micros(100);

/// Initial bandwidth estimate of a viewer, as in the server.
const ESTIMATE_INITIAL: Bitrate = Bitrate::mbps(2);

/// Names a client of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientId(usize);

/// Shards, clients and the links between them.
///
/// There is one stream with its publisher on the first shard, and one more for each client that
/// both watches and publishes.
#[derive(Debug)]
pub struct World {
    seed: u64,
    rng: Rng,
    clock: Clock,
    /// The certificate of all clients, and that of all shards.
    certificates: (client::Certificate, rtc::Identity),
    shards: Vec<ShardAt>,
    clients: Vec<Client>,
    by_address: BTreeMap<SocketAddr, usize>,
    flights: Flights<Cargo>,
    publishers: u8,
    events: Vec<(Duration, Event)>,
}

#[derive(Debug)]
struct ShardAt {
    shard: Shard,
    address: SocketAddr,
    /// Whether the rings to this shard refuse packets.
    full: bool,
}

#[derive(Debug)]
struct Client {
    session: SessionId,
    shard: usize,
    address: SocketAddr,
    /// The address that the shard sees: that of the NAT before the client.
    outside: SocketAddr,
    peer: client::Peer,
    up: Link,
    down: Link,
    wake: Option<Instant>,
    /// The client is switched off: it sends and receives nothing.
    gone: bool,
    closed: bool,
    role: Role,
}

/// What a client does: one of these, or both over one connection.
#[derive(Debug, Default)]
struct Role {
    publisher: Option<Publisher>,
    viewer: Option<Viewer>,
}

/// What is on its way.
#[derive(Debug)]
enum Cargo {
    ToShard {
        shard: usize,
        source: SocketAddr,
        contents: Vec<u8>,
    },
    ToClient {
        client: usize,
        source: SocketAddr,
        contents: Vec<u8>,
    },
    Message {
        shard: usize,
        message: ShardMessage,
    },
}

impl World {
    /// A world of empty shards. Virtual time begins at `epoch`, which may be any instant.
    pub fn new(seed: u64, epoch: Instant, shards: usize, config: &shard::Config) -> Self {
        let shard = |i: usize| ShardAt {
            shard: Shard::new(shard_id(i), config.clone()),
            address: SocketAddr::from(([10, 255, 0, 1], 10_000 + i as u16)),
            full: false,
        };
        Self {
            seed,
            rng: Rng::new(seed),
            clock: Clock::new(epoch),
            certificates: (client::Certificate::generate(), rtc::Identity::generate()),
            shards: (0..shards).map(shard).collect(),
            clients: Vec::new(),
            by_address: BTreeMap::new(),
            flights: Flights::new(),
            publishers: 0,
            events: Vec::new(),
        }
    }

    /// The seed of this world, to be printed with every failure.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Time since the world began.
    pub fn now(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Connects a publisher of the stream, which takes the place of an earlier one. `up` is the
    /// path from it to the shard. The path back has the same delay and no impairment.
    pub fn publish(&mut self, settings: PublisherSettings, up: Path) -> ClientId {
        let rids = settings.rids();
        let role = Role {
            publisher: Some(self.next_publisher(settings)),
            ..Role::default()
        };
        let (peer_here, peer) = self.one_way(ORIGIN, Direction::Send, &rids);
        let back = back_of(&up);
        let id = self.connect(ORIGIN, role, peer_here, up, back);
        let publish = Command::Publish {
            session: self.session(id),
            tracks: TrackMapping::all(&peer, STREAM),
            peer,
        };
        self.order(ORIGIN, publish);
        id
    }

    /// Connects a viewer to a shard. `down` is the path to it. The path back has the same delay and
    /// no impairment.
    pub fn watch(&mut self, shard: usize, down: Path) -> ClientId {
        self.watch_stream((STREAM, ORIGIN), shard, down)
    }

    /// Connects a viewer of the stream that a client of [`Self::converse`] publishes.
    pub fn watch_client(&mut self, client: ClientId, shard: usize, down: Path) -> ClientId {
        let origin = self.clients[client.0].shard;
        self.watch_stream((stream_of(client), origin), shard, down)
    }

    /// Connects a client to a shard over one bidirectional connection ([`Unified`]). It watches the
    /// stream, and publishes one of its own, in one layer.
    pub fn converse(
        &mut self,
        shard: usize,
        settings: PublisherSettings,
        up: Path,
        down: Path,
    ) -> ClientId {
        let role = Role {
            publisher: Some(self.next_publisher(settings)),
            viewer: Some(Viewer::new(self.now())),
        };
        let (config_here, config) = self.configs(shard);
        let now = self.clock.now();
        let ends = Unified::negotiate(&config_here, &config, Some(ESTIMATE_INITIAL), now);
        let id = self.connect(shard, role, ends.client, up, down);
        let session = self.session(id);
        let peer = Box::new(ends.server);
        self.order(shard, Command::View { session, peer });
        let track = |mid| TrackMapping {
            mid,
            stream: stream_of(id),
        };
        let tracks = ends.published.into_iter().map(track).collect();
        let renegotiate = Command::Renegotiate {
            session,
            agreed: None,
            tracks,
        };
        self.order(shard, renegotiate);
        let subscription = |(line, kind)| LineSubscription {
            line,
            stream: STREAM,
            origin: location(ORIGIN),
            kind,
            first_seq: self.rng.next_u64() as u16,
        };
        let lines = [(LineIndex(0), Kind::Audio), (LineIndex(1), Kind::Video)]
            .map(subscription)
            .into();
        let command = Command::SetSubscriptions {
            session,
            agreed: None,
            lines,
        };
        self.order(shard, command);
        id
    }

    /// Changes the path from the shard to a client.
    pub fn set_down(&mut self, client: ClientId, path: Path) {
        self.clients[client.0].down.set_path(path);
    }

    /// Changes the path from a client to its shard.
    pub fn set_up(&mut self, client: ClientId, path: Path) {
        self.clients[client.0].up.set_path(path);
    }

    /// Lets the NAT before a client forget it, and give it another external address. Datagrams to
    /// the old address are lost.
    pub fn rebind(&mut self, client: ClientId) {
        let outside = &mut self.clients[client.0].outside;
        self.by_address.remove(outside);
        outside.set_port(outside.port() + 1);
        self.by_address.insert(*outside, client.0);
    }

    /// Closes a client's connection and switches the client off.
    pub fn leave(&mut self, client: ClientId) {
        self.clients[client.0].peer.close();
        self.turn(client.0);
        self.vanish(client);
    }

    /// Switches a client off without a close.
    pub fn vanish(&mut self, client: ClientId) {
        self.clients[client.0].gone = true;
    }

    /// Lets a viewer ask for a key frame now.
    pub fn request_keyframe(&mut self, viewer: ClientId) {
        request_keyframe(&mut self.clients[viewer.0].peer);
        self.turn(viewer.0);
    }

    /// Pins a viewer to this layer, as the control plane does; with `None` it gets the best that
    /// fits.
    pub fn pin(&mut self, viewer: ClientId, rid: Option<&str>) {
        let (shard, session) = (self.clients[viewer.0].shard, self.clients[viewer.0].session);
        let rid = rid.map(str::to_owned);
        self.order(shard, Command::PinLayer { session, rid });
    }

    /// Sets whether the rings to this shard are full.
    pub fn set_full(&mut self, shard: usize, full: bool) {
        self.shards[shard].full = full;
    }

    /// Delivers a datagram to a shard at once, as if it came from `source`.
    pub fn inject(&mut self, shard: usize, source: SocketAddr, contents: Vec<u8>) {
        self.land(Cargo::ToShard {
            shard,
            source,
            contents,
        });
    }

    /// The address of a client, as its shard sees it.
    pub fn address(&self, id: ClientId) -> SocketAddr {
        self.clients[id.0].outside
    }

    /// Lets this time pass.
    pub fn run_for(&mut self, time: Duration) {
        let end = self.clock.now() + time;
        while self.step(end) {}
    }

    /// Lets time pass until `holds` returns true, at most for `limit`. Returns whether it did.
    pub fn run_until(&mut self, limit: Duration, mut holds: impl FnMut(&Self) -> bool) -> bool {
        let end = self.clock.now() + limit;
        while !holds(self) {
            if !self.step(end) {
                return holds(self);
            }
        }
        true
    }

    /// A viewer's record.
    ///
    /// # Panics
    /// If the client only publishes.
    pub fn viewer(&self, id: ClientId) -> &Viewer {
        let viewer = self.clients[id.0].role.viewer.as_ref();
        viewer.unwrap_or_else(|| panic!("{id:?} is a publisher"))
    }

    /// A publisher's record.
    ///
    /// # Panics
    /// If the client only watches.
    pub fn publisher(&self, id: ClientId) -> &Publisher {
        let publisher = self.clients[id.0].role.publisher.as_ref();
        publisher.unwrap_or_else(|| panic!("{id:?} is a viewer"))
    }

    /// The session of a client, as events name it.
    pub fn session(&self, id: ClientId) -> SessionId {
        self.clients[id.0].session
    }

    /// The link that leads to a client.
    pub fn down(&self, id: ClientId) -> &Link {
        &self.clients[id.0].down
    }

    /// The link that leads from a client to its shard.
    pub fn up(&self, id: ClientId) -> &Link {
        &self.clients[id.0].up
    }

    /// The counters of a shard.
    pub fn counters(&self, shard: usize) -> Counters {
        self.shards[shard].shard.counters()
    }

    /// When a shard wants to be woken; `None` when nothing is left on it.
    pub fn next_timeout(&self, shard: usize) -> Option<Duration> {
        let at = self.shards[shard].shard.poll_timeout()?;
        Some(self.clock.since_epoch(at))
    }

    /// The events of the shards with their times, without [`Event::Status`].
    pub fn events(&self) -> &[(Duration, Event)] {
        &self.events
    }

    fn next_publisher(&mut self, settings: PublisherSettings) -> Publisher {
        let number = self.publishers;
        self.publishers += 1;
        Publisher::new(settings, number, self.rng.fork())
    }

    fn watch_stream(
        &mut self,
        (stream, origin): (StreamId, usize),
        shard: usize,
        down: Path,
    ) -> ClientId {
        let role = Role {
            viewer: Some(Viewer::new(self.now())),
            ..Role::default()
        };
        let (peer_here, peer) = self.one_way(shard, Direction::Receive, &[]);
        let back = back_of(&down);
        let id = self.connect(shard, role, peer_here, back, down);
        let watch = Command::Watch {
            session: self.session(id),
            stream,
            origin: location(origin),
            peer,
            first_seq: self.rng.next_u64() as u16,
        };
        self.order(shard, watch);
        id
    }

    /// The peers of the next client, which offers, and of the shard, made as the control plane
    /// makes it.
    fn one_way(
        &self,
        shard: usize,
        ours: Direction,
        rids: &[&str],
    ) -> (client::Peer, Box<rtc::Peer>) {
        let (role, estimate) = match ours {
            Direction::Send => (rtc::Role::Publisher, None),
            Direction::Receive => {
                let stream = "stream".to_owned();
                (rtc::Role::Viewer { stream }, Some(ESTIMATE_INITIAL))
            }
        };
        let (config_here, config) = self.configs(shard);
        let now = self.clock.now();
        let offering = Offering::new(&config_here, ours, rids, now);
        let (peer, answer) = rtc::Peer::answer(&config, role, offering.sdp(), estimate, now)
            .expect("our own offer is good");
        let peer_here = offering.accept(&answer).expect("our own answer is good");
        (peer_here, Box::new(peer))
    }

    fn connect(
        &mut self,
        shard: usize,
        role: Role,
        peer: client::Peer,
        up: Path,
        down: Path,
    ) -> ClientId {
        let id = self.clients.len();
        let address = self.next_address();
        self.by_address.insert(address, id);
        let (up, down) = (
            Link::new(up, self.rng.fork()),
            Link::new(down, self.rng.fork()),
        );
        self.clients.push(Client {
            session: SessionId(id as u128 + 1),
            shard,
            address,
            outside: address,
            peer,
            up,
            down,
            wake: Some(self.clock.now()),
            gone: false,
            closed: false,
            role,
        });
        ClientId(id)
    }

    /// The address of the next client.
    fn next_address(&self) -> SocketAddr {
        let id = self.clients.len();
        SocketAddr::from(([10, 0, (id >> 8) as u8, id as u8], 5_000))
    }

    /// The configurations of the next client and of its shard's peer.
    fn configs(&self, shard: usize) -> (client::Config, rtc::Config) {
        let (client, server) = &self.certificates;
        let here = client::Config::new(client, self.next_address());
        let there = rtc::Config {
            identity: server.clone(),
            candidates: vec![self.shards[shard].address],
            announce_ice_lite: false,
            wall_clock: WallClock {
                instant: self.clock.now() - self.clock.elapsed(),
                time: SystemTime::UNIX_EPOCH + TIME_OF_DAY,
            },
        };
        (here, there)
    }

    fn order(&mut self, shard: usize, command: Command) {
        self.input(shard, Input::Command(command));
    }

    /// Advances to the next event, at most to `end`. Returns false when there is none until then.
    fn step(&mut self, end: Instant) -> bool {
        let next = self.next_event().filter(|at| *at <= end);
        self.clock.advance_to(next.unwrap_or(end));
        if next.is_none() {
            return false;
        }
        let now = self.clock.now();
        while let Some(cargo) = self.flights.land(now) {
            self.land(cargo);
        }
        for shard in 0..self.shards.len() {
            let due = self.shards[shard].shard.poll_timeout();
            if due.is_some_and(|at| at <= now) {
                self.input(shard, Input::Timeout);
            }
        }
        for client in 0..self.clients.len() {
            if self.clients[client].due().is_some_and(|at| at <= now) {
                self.turn(client);
            }
        }
        true
    }

    fn next_event(&self) -> Option<Instant> {
        let flight = self.flights.next();
        let shards = self.shards.iter().filter_map(|s| s.shard.poll_timeout());
        let clients = self.clients.iter().filter_map(Client::due);
        flight.into_iter().chain(shards).chain(clients).min()
    }

    fn land(&mut self, cargo: Cargo) {
        match cargo {
            Cargo::ToShard {
                shard,
                source,
                mut contents,
            } => {
                let destination = self.shards[shard].address;
                let input = Input::Datagram {
                    path: rtc::Path::udp(destination, source),
                    contents: &mut contents,
                };
                self.input(shard, input);
            }
            Cargo::ToClient {
                client: id,
                source,
                contents,
            } => {
                let now = self.clock.now();
                let client = &mut self.clients[id];
                if client.gone {
                    return;
                }
                if let Some(viewer) = &mut client.role.viewer {
                    viewer.datagram(&contents);
                }
                let own = client.address;
                client.peer.handle_datagram(now, source, own, &contents);
                self.drain_client(id);
            }
            Cargo::Message { shard, message } => self.input(shard, Input::Message(message)),
        }
    }

    fn input(&mut self, shard: usize, input: Input<'_>) {
        let now = self.clock.now();
        self.shards[shard].shard.handle_input(now, input);
        // Outputs borrow the shard, so datagrams are sent after the loop.
        let mut down = Vec::new();
        loop {
            match self.shards[shard].shard.poll_output(now) {
                Some(Output::Transmit(transmit)) => {
                    let (source, to) = (transmit.path.local, transmit.path.remote);
                    down.extend(transmit.datagrams().map(|d| (source, to, d.to_vec())));
                }
                Some(Output::Message { shard: to, message }) => {
                    self.pass_on(shard, to.index(), message);
                }
                Some(Output::Event(event)) => self.event(event),
                None => break,
            }
        }
        for (source, destination, contents) in down {
            self.send_down(source, destination, contents);
        }
    }

    fn send_down(&mut self, source: SocketAddr, destination: SocketAddr, contents: Vec<u8>) {
        let Some(id) = self.by_address.get(&destination).copied() else {
            return;
        };
        let arrivals = self.clients[id].down.send(self.clock.now(), contents.len());
        for at in arrivals {
            let cargo = Cargo::ToClient {
                client: id,
                source,
                contents: contents.clone(),
            };
            self.flights.launch(at, cargo);
        }
    }

    /// Passes a message to another shard. A full ring refuses packets only: other messages are
    /// rarer and matter more, and wait elsewhere.
    fn pass_on(&mut self, from: usize, to: usize, message: ShardMessage) {
        if self.shards[to].full && matches!(message, ShardMessage::Packet { .. }) {
            let now = self.clock.now();
            let full = Input::RingFull {
                shard: shard_id(to),
            };
            self.shards[from].shard.handle_input(now, full);
            return;
        }
        let at = self.clock.now() + RING_DELAY;
        self.flights
            .launch(at, Cargo::Message { shard: to, message });
    }

    fn event(&mut self, event: Event) {
        if let Event::Closed { session, .. } = &event
            && let Some(client) = self.clients.iter_mut().find(|c| c.session == *session)
        {
            client.closed = true;
        }
        if !matches!(event, Event::Status { .. }) {
            self.events.push((self.clock.elapsed(), event));
        }
    }

    /// Gives a client its time: it writes what is due and handles its timeout.
    fn turn(&mut self, id: usize) {
        let client = &mut self.clients[id];
        client.wake = None;
        if let Some(publisher) = &mut client.role.publisher {
            publisher.produce(&self.clock, &mut client.peer);
        }
        if let Some(viewer) = &mut client.role.viewer {
            viewer.produce(&self.clock, &mut client.peer);
        }
        client.peer.handle_timeout(self.clock.now());
        self.drain_client(id);
    }

    fn drain_client(&mut self, id: usize) {
        let now = self.clock.now();
        let client = &mut self.clients[id];
        let mut flights = Vec::new();
        let at = loop {
            match client.peer.poll_output() {
                client::Output::Event(event) => client.event(&self.clock, &event),
                client::Output::Transmit(_) if client.gone => {}
                client::Output::Transmit(transmit) => {
                    let arrivals = client.up.send(now, transmit.contents.len());
                    flights.extend(arrivals.map(|at| (at, transmit.contents.clone())));
                }
                client::Output::Timeout(at) => break at,
            }
        };
        client.wake = Some(at.max(now + WAKE_MIN));
        client.gone |= !client.peer.is_alive();
        let (shard, source) = (client.shard, client.outside);
        for (at, contents) in flights {
            let cargo = Cargo::ToShard {
                shard,
                source,
                contents,
            };
            self.flights.launch(at, cargo);
        }
    }
}

impl Client {
    fn due(&self) -> Option<Instant> {
        if self.gone {
            return None;
        }
        let Role { publisher, viewer } = &self.role;
        let writes = publisher.as_ref().and_then(Publisher::due);
        let asks = viewer.as_ref().and_then(Viewer::due);
        writes.into_iter().chain(asks).chain(self.wake).min()
    }

    fn event(&mut self, clock: &Clock, event: &client::Event) {
        let Role { publisher, viewer } = &mut self.role;
        match event {
            client::Event::Closed => self.gone = true,
            client::Event::Connected => {
                if let Some(publisher) = publisher {
                    publisher.begin(clock.now());
                }
                if let Some(viewer) = viewer {
                    viewer.connected_at(clock.elapsed());
                }
            }
            client::Event::KeyframeRequest { .. } => {
                if let Some(publisher) = publisher {
                    publisher.keyframe_requested(clock.elapsed());
                }
            }
            client::Event::Packet { packet, .. } => {
                if let Some(viewer) = viewer {
                    viewer.packet(clock, packet);
                }
            }
            _ => {}
        }
    }
}

/// The stream that a client of [`World::converse`] publishes.
fn stream_of(client: ClientId) -> StreamId {
    StreamId(STREAM.0 + 1 + client.0 as u64)
}

fn back_of(path: &Path) -> Path {
    Path {
        delay: path.delay,
        ..Path::default()
    }
}

/// Worlds number their shards from 0, as a server does.
fn shard_id(index: usize) -> ShardId {
    ShardId(index as u16)
}

/// The place of a stream whose publisher is on this shard.
fn location(shard: usize) -> Location {
    Location {
        shard: shard_id(shard),
    }
}
