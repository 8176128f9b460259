//! How clients join a world: as a publisher, as a viewer, or as both over one connection.

use std::net::SocketAddr;
use std::time::SystemTime;

use client::{Direction, Offering};
use contract::{Command, LineSubscription, TrackMapping};
use model::{SessionId, StreamId};
use rtc::{LineIndex, WallClock};
use rtp::{Bitrate, Kind};

use super::client::{Client, Role};
use super::{ClientId, World, location};
use crate::clock::TIME_OF_DAY;
use crate::{Link, Path, Publisher, PublisherSettings, Unified, Viewer};

const STREAM: StreamId = StreamId(1);

/// The kinds that a client of [`World::converse`] watches, in the order of its peer's lines.
const KINDS: [Kind; 2] = [Kind::Audio, Kind::Video];

/// The origin shard of the stream.
const ORIGIN: usize = 0;

/// Initial bandwidth estimate of a viewer, as in the server.
const ESTIMATE_INITIAL: Bitrate = Bitrate::mbps(2);

impl World {
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
        let (id, published) = self.view(shard, role, &KINDS, up, down);
        let track = |mid| TrackMapping {
            mid,
            stream: stream_of(id),
        };
        let tracks = published.into_iter().map(track).collect();
        let renegotiate = Command::Renegotiate {
            session: self.session(id),
            agreed: None,
            tracks,
        };
        self.order(shard, renegotiate);
        self.subscribe(id, &KINDS.map(|kind| (STREAM, ORIGIN, kind)));
        id
    }

    /// Connects a client to a shard that gets the video of the stream and that of each of these
    /// clients of [`Self::converse`], over one connection. What it receives is not recorded.
    pub fn watch_all(&mut self, shard: usize, clients: &[ClientId], down: Path) -> ClientId {
        let mut tracks = vec![(STREAM, ORIGIN, Kind::Video)];
        tracks.extend(clients.iter().map(|other| {
            let origin = self.clients[other.0].shard;
            (stream_of(*other), origin, Kind::Video)
        }));
        let sent = vec![Kind::Video; tracks.len()];
        let back = back_of(&down);
        let (id, _) = self.view(shard, Role::default(), &sent, back, down);
        self.subscribe(id, &tracks);
        id
    }

    /// Connects a client to a shard over one bidirectional connection, on which the shard has a line
    /// of each of the kinds in `sent`. Returns the mids on which the client may publish, too.
    fn view(
        &mut self,
        shard: usize,
        role: Role,
        sent: &[Kind],
        up: Path,
        down: Path,
    ) -> (ClientId, Vec<String>) {
        let (config_here, config) = self.configs(shard);
        let now = self.clock.now();
        let estimate = Some(ESTIMATE_INITIAL);
        let ends = Unified::negotiate(&config_here, &config, sent, estimate, now);
        let id = self.connect(shard, role, ends.client, up, down);
        let session = self.session(id);
        let peer = Box::new(ends.server);
        self.order(shard, Command::View { session, peer });
        (id, ends.published)
    }

    /// Has the shard send these tracks to a client: the stream, its origin shard and the kind, in
    /// the order of the peer's lines.
    fn subscribe(&mut self, id: ClientId, tracks: &[(StreamId, usize, Kind)]) {
        let session = self.session(id);
        let lines = (0..).map(LineIndex).zip(tracks);
        let lines = lines.map(|(line, (stream, origin, kind))| LineSubscription {
            line,
            stream: *stream,
            origin: location(*origin),
            kind: *kind,
            first_seq: self.rng.next_u64() as u16,
        });
        let command = Command::SetSubscriptions {
            session,
            agreed: None,
            lines: lines.collect(),
        };
        self.order(self.clients[id.0].shard, command);
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
