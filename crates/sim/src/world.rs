mod cargo;
mod client;
mod joining;
mod stepping;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use contract::{Command, Event};
use model::{Location, SessionId, ShardId};
use shard::{Counters, Shard};

use crate::flights::Flights;
use crate::viewer::request_keyframe;
use crate::{Clock, Link, Path, Publisher, Rng, Viewer};

use cargo::Cargo;
use client::Client;

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
    certificates: (::client::Certificate, rtc::Identity),
    shards: Vec<ShardAt>,
    clients: Vec<Client>,
    by_address: BTreeMap<SocketAddr, usize>,
    flights: Flights<Cargo>,
    publishers: u8,
    events: Vec<(Duration, Event)>,
    probe: fn(bool),
}

#[derive(Debug)]
struct ShardAt {
    shard: Shard,
    address: SocketAddr,
    /// Whether the rings to this shard refuse packets.
    full: bool,
    /// How long after a datagram the shard's thread reads its socket; `None`: at once.
    gathers: Option<Duration>,
    /// What its socket holds until then.
    gathered: Vec<(SocketAddr, Vec<u8>)>,
}

impl World {
    /// A world of empty shards. Virtual time begins at `epoch`, which may be any instant.
    pub fn new(seed: u64, epoch: Instant, shards: usize, config: &shard::Config) -> Self {
        let shard = |i: usize| ShardAt {
            shard: Shard::new(shard_id(i), config.clone()),
            address: SocketAddr::from(([10, 255, 0, 1], 10_000 + i as u16)),
            full: false,
            gathers: None,
            gathered: Vec::new(),
        };
        Self {
            seed,
            rng: Rng::new(seed),
            clock: Clock::new(epoch),
            certificates: (::client::Certificate::generate(), rtc::Identity::generate()),
            shards: (0..shards).map(shard).collect(),
            clients: Vec::new(),
            by_address: BTreeMap::new(),
            flights: Flights::new(),
            publishers: 0,
            events: Vec::new(),
            probe: |_| (),
        }
    }

    /// Calls this with `true` before a shard does something, and with `false` after it, to measure
    /// the shards alone.
    pub fn set_probe(&mut self, probe: fn(bool)) {
        self.probe = probe;
    }

    /// The seed of this world, to be printed with every failure.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Time since the world began.
    pub fn now(&self) -> Duration {
        self.clock.elapsed()
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

    /// From now on the thread of a shard is busy: it reads its socket this long after the first
    /// datagram that waits there, and handles all of them before it sends anything.
    pub fn set_gathers(&mut self, shard: usize, gathers: Duration) {
        self.shards[shard].gathers = Some(gathers);
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
