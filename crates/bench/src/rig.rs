//! A shard with a publisher and viewers around it, connected by real ICE, DTLS and SRTP, on one
//! thread and in virtual time. Only the shard's own work is timed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant, SystemTime};

use anyhow::bail;
use client::{Direction, Offering};
use contract::{Command, LineSubscription, TrackMapping};
use loadgen::Receiver;
use model::{Location, SessionId, ShardId, StreamId};
use rtc::srtp::Keys;
use rtc::{LineIndex, WallClock};
use rtp::{Bitrate, Codec, Format, Kind, Packet, Profile, Rewrite};
use shard::{Input, Output, Shard};
use sim::Unified;
use udp::{Received, Socket};

use crate::clock::cpu_time;

/// Size of the RTP payload of every packet.
pub(crate) const PAYLOAD_BYTES: usize = 1_200;

pub(crate) const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Addresses of the shard and the publisher. No socket is bound there.
const SHARD: SocketAddr = SocketAddr::new(LOCALHOST, 7_882);
const PUBLISHER: SocketAddr = SocketAddr::new(LOCALHOST, 1);

pub(crate) const FORMAT: Format = Format {
    codec: Codec::Vp8,
    clock_rate: 90_000,
    profile: Profile::Any,
    red: false,
};

/// Initial bandwidth estimate, as in the server.
pub(crate) const ESTIMATE: Bitrate = Bitrate::mbps(2);

/// Turns of 5 ms that the clients may take to connect.
const CONNECT_TURNS: u32 = 400;

/// Kernel buffer of a viewer: more than arrives between two reads.
const SOCKET_BUFFER: usize = 1 << 20;

/// What the shard's work took, in processor time of its thread.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spent {
    /// Packets that the publisher sent.
    pub(crate) received: u64,
    /// Packets forwarded.
    pub(crate) packets: u64,
    /// From the publisher's datagrams to the kernel.
    pub(crate) forward: Duration,
    /// Handling of the viewers' reports, and timers.
    pub(crate) feedback: Duration,
}

/// What a viewer's connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ways {
    /// Watching.
    One,
    /// Watching over a unified peer: the viewer could publish too, and does not. See [`Unified`].
    Both,
}

/// A shard with a publisher and viewers.
pub(crate) struct Rig {
    shard: Shard,
    now: Instant,
    publisher: Publisher,
    pub(crate) ways: Ways,
    pub(crate) viewers: Vec<Viewer>,
    /// The socket that packets are sent from.
    pub(crate) socket: Socket,
    received: Received,
    to_publisher: Vec<Vec<u8>>,
    pub(crate) spent: Spent,
}

struct Publisher {
    peer: client::Peer,
    seq: u64,
    timestamp: u32,
}

/// The client's end of a viewer.
pub(crate) struct Viewer {
    peer: client::Peer,
    /// The server's description of the media that it sends.
    said: String,
    receiver: Option<Receiver>,
    /// The shard's keys, once connected.
    pub(crate) keys: Option<Keys>,
    socket: Socket,
    pub(crate) address: SocketAddr,
}

/// Where all streams are published.
const HERE: Location = Location { shard: ShardId(0) };

impl Rig {
    /// Connects a publisher and this many viewers.
    pub(crate) fn new(viewers: usize, ways: Ways) -> anyhow::Result<Self> {
        let now = Instant::now();
        let certificate = client::Certificate::generate();
        let config = |address| client::Config::new(&certificate, address);
        let shard = server_config(SHARD, now);
        let offering = Offering::new(&config(PUBLISHER), Direction::Send, &[], now);
        let role = rtc::Role::Publisher;
        let (peer, answer) = rtc::Peer::answer(&shard, role, offering.sdp(), None, now)?;
        let socket = Socket::bind((LOCALHOST, 0).into())?;
        let mut rig = Self {
            shard: Shard::new(ShardId::default(), shard::Config::default()),
            now,
            publisher: Publisher {
                peer: offering.accept(&answer)?,
                seq: 1,
                timestamp: 0,
            },
            ways,
            viewers: Vec::new(),
            socket,
            received: Received::new(8),
            to_publisher: Vec::new(),
            spent: Spent::default(),
        };
        rig.command(Command::Publish {
            session: SessionId(0),
            tracks: TrackMapping::all(&peer, StreamId(0)),
            peer: Box::new(peer),
        });
        for i in 0..viewers {
            let socket = Socket::bind((LOCALHOST, 0).into())?;
            socket.set_buffers(SOCKET_BUFFER, SOCKET_BUFFER);
            let address = socket.local_address()?;
            let (peer, said) = match ways {
                Ways::One => rig.watch(i, &config(address), &shard)?,
                Ways::Both => rig.view(i, &config(address), &shard),
            };
            rig.viewers.push(Viewer {
                peer,
                said,
                receiver: None,
                keys: None,
                socket,
                address,
            });
        }
        rig.connect()?;
        Ok(rig)
    }

    /// Adds a viewer that offers. Returns its peer and the shard's answer.
    fn watch(
        &mut self,
        number: usize,
        viewer: &client::Config,
        shard: &rtc::Config,
    ) -> anyhow::Result<(client::Peer, String)> {
        let offering = Offering::new(viewer, Direction::Receive, &[], self.now);
        let (sdp, estimate) = (offering.sdp(), Some(ESTIMATE));
        let (peer, answer) = rtc::Peer::answer(shard, viewer_role(), sdp, estimate, self.now)?;
        self.command(Command::Watch {
            session: SessionId(number as u128 + 1),
            stream: StreamId(0),
            origin: HERE,
            peer: Box::new(peer),
            first_seq: number as u16,
        });
        Ok((offering.accept(&answer)?, answer))
    }

    /// Adds a viewer with a unified peer. Returns its peer and the shard's offer.
    fn view(
        &mut self,
        number: usize,
        viewer: &client::Config,
        shard: &rtc::Config,
    ) -> (client::Peer, String) {
        let kinds = [Kind::Audio, Kind::Video];
        let ends = Unified::negotiate(viewer, shard, &kinds, Some(ESTIMATE), self.now);
        let session = SessionId(number as u128 + 1);
        self.command(Command::View {
            session,
            peer: Box::new(ends.server),
        });
        let subscription = |(line, kind)| LineSubscription {
            line,
            stream: StreamId(0),
            origin: HERE,
            kind,
            first_seq: number as u16,
        };
        self.command(Command::SetSubscriptions {
            session,
            agreed: None,
            lines: [(LineIndex(0), Kind::Audio), (LineIndex(1), Kind::Video)]
                .map(subscription)
                .into(),
        });
        (ends.client, ends.offer)
    }

    fn command(&mut self, command: Command) {
        self.shard.handle_input(self.now, Input::Command(command));
    }

    /// Lets time pass until all clients are connected.
    fn connect(&mut self) -> anyhow::Result<()> {
        let mut publishes = false;
        for _ in 0..CONNECT_TURNS {
            self.now += Duration::from_millis(5);
            let now = self.now;
            let (datagrams, connected) = turn(&mut self.publisher.peer, now);
            publishes |= connected;
            for datagram in datagrams {
                datagram_to(&mut self.shard, now, PUBLISHER, datagram);
            }
            for viewer in &mut self.viewers {
                let (datagrams, connected) = turn(&mut viewer.peer, now);
                viewer.connected(now, connected);
                for datagram in datagrams {
                    datagram_to(&mut self.shard, now, viewer.address, datagram);
                }
            }
            self.shard.handle_input(now, Input::Timeout);
            self.send();
            self.deliver();
            if publishes && self.viewers.iter().all(|viewer| viewer.receiver.is_some()) {
                return Ok(());
            }
        }
        bail!("not all clients have connected")
    }

    /// Lets the publisher send a burst of packets after each time of `every`, for `time` in all.
    pub(crate) fn run(&mut self, burst: usize, every: Duration, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now += every;
            let datagrams = self.publisher.packets(self.now, burst);
            let before = self.shard.counters();
            let began = cpu_time();
            self.forward(datagrams);
            self.spent.forward += cpu_time() - began;
            let after = self.shard.counters();
            self.spent.received += after.packets_in - before.packets_in;
            self.spent.packets += after.packets_out - before.packets_out;
            self.deliver();
            self.feedback();
        }
    }

    /// The measured work. Not inlined: valgrind finds it by its name.
    #[inline(never)]
    fn forward(&mut self, datagrams: Vec<Vec<u8>>) {
        for datagram in datagrams {
            datagram_to(&mut self.shard, self.now, PUBLISHER, datagram);
        }
        self.send();
    }

    /// Handles the viewers' reports, and timers. Not inlined: valgrind finds it by its name.
    #[inline(never)]
    fn hear(&mut self, reports: Vec<(SocketAddr, Vec<u8>)>) {
        for (from, report) in reports {
            datagram_to(&mut self.shard, self.now, from, report);
        }
        if self.shard.poll_timeout().is_some_and(|at| at <= self.now) {
            self.shard.handle_input(self.now, Input::Timeout);
        }
        self.send();
    }

    /// Sends what the shard wants sent, as the server does.
    fn send(&mut self) {
        while let Some(output) = self.shard.poll_output(self.now) {
            let Output::Transmit(transmit) = output else {
                continue;
            };
            let (to, contents) = (transmit.path.remote, transmit.contents);
            if to == PUBLISHER {
                let datagrams = transmit.datagrams().map(<[u8]>::to_vec);
                self.to_publisher.extend(datagrams);
            } else {
                // Packets that find the viewer's buffer full are lost.
                let segment = transmit.segment;
                self.socket.send(to, LOCALHOST, contents, segment).ok();
            }
        }
    }

    /// Delivers what was sent to the publisher and the viewers.
    fn deliver(&mut self) {
        let now = self.now;
        let publisher = &mut self.publisher;
        for datagram in self.to_publisher.drain(..) {
            publisher
                .peer
                .handle_datagram(now, SHARD, PUBLISHER, &datagram);
        }
        for viewer in &mut self.viewers {
            while let Ok(more) = self.received.call(&viewer.socket) {
                for mut datagrams in self.received.iter_mut() {
                    datagrams
                        .iter_mut()
                        .for_each(|bytes| viewer.datagram(now, bytes));
                }
                if !more {
                    break;
                }
            }
        }
    }

    /// Empties the viewers' sockets of the floor's packets.
    pub(crate) fn discard(&mut self) {
        for viewer in &self.viewers {
            while let Ok(true) = self.received.call(&viewer.socket) {}
        }
    }

    /// Lets the viewers report, and timers fire.
    fn feedback(&mut self) {
        let now = self.now;
        let mut reports = Vec::new();
        for viewer in &mut self.viewers {
            if let Some(receiver) = &mut viewer.receiver
                && receiver.due() <= now
                && let Some(report) = receiver.poll(now)
            {
                reports.push((viewer.address, report.to_vec()));
            }
        }
        let began = cpu_time();
        self.hear(reports);
        self.spent.feedback += cpu_time() - began;
        self.deliver();
        // ICE consent and the like, which is not measured.
        for datagram in turn(&mut self.publisher.peer, now).0 {
            datagram_to(&mut self.shard, now, PUBLISHER, datagram);
        }
        for viewer in &mut self.viewers {
            for datagram in turn(&mut viewer.peer, now).0 {
                datagram_to(&mut self.shard, now, viewer.address, datagram);
            }
        }
        self.send();
        self.deliver();
    }
}

impl Publisher {
    /// The datagrams of `count` packets, which are one frame.
    fn packets(&mut self, now: Instant, count: usize) -> Vec<Vec<u8>> {
        let keyframe = self.seq == 1;
        self.timestamp = self.timestamp.wrapping_add(3_000);
        for i in 0..count {
            let picture = (self.timestamp / 3_000) as u16;
            let mut payload = vec![0x80, 0x80, 0x80 | (picture >> 8) as u8, picture as u8];
            if i == 0 {
                payload[0] = 0x90;
                let tag = if keyframe { 0x10 } else { 0x11 };
                payload.extend([tag, 0, 0, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02]);
            }
            payload.resize(PAYLOAD_BYTES, 0x5a);
            let packet = Packet {
                seq: self.seq,
                timestamp: self.timestamp,
                marker: i + 1 == count,
                ..Packet::new(now, FORMAT, payload)
            };
            let rewrite = Rewrite::new(self.seq, self.timestamp);
            self.seq += 1;
            let video = 1;
            self.peer
                .write(video, 0, &packet, &rewrite)
                .expect("the shard takes VP8");
        }
        turn(&mut self.peer, now).0
    }
}

impl Viewer {
    fn datagram(&mut self, now: Instant, datagram: &mut [u8]) {
        match &mut self.receiver {
            Some(receiver) if rtp::DatagramKind::of(datagram) != rtp::DatagramKind::Other => {
                receiver.datagram(now, datagram);
            }
            _ => {
                let own = self.address;
                self.peer.handle_datagram(now, SHARD, own, datagram);
            }
        }
    }

    fn connected(&mut self, now: Instant, connected: bool) {
        let keys = self.peer.srtp_keys().filter(|_| connected);
        if let Some(keys) = keys.and_then(loadgen::srtp_keys) {
            self.receiver = Some(Receiver::new(now, &keys, &self.said));
            self.keys = Some(keys);
        }
    }
}

fn datagram_to(shard: &mut Shard, now: Instant, source: SocketAddr, mut contents: Vec<u8>) {
    let datagram = Input::Datagram {
        path: rtc::Path::udp(SHARD, source),
        contents: &mut contents,
    };
    shard.prefetch(std::iter::once(source));
    shard.handle_input(now, datagram);
}

/// The server's role towards a viewer.
pub(crate) fn viewer_role() -> rtc::Role {
    let stream = "stream".to_owned();
    rtc::Role::Viewer { stream }
}

/// Settings of the server's end at this address.
pub(crate) fn server_config(address: SocketAddr, now: Instant) -> rtc::Config {
    rtc::Config {
        identity: rtc::Identity::generate(),
        candidates: vec![address],
        announce_ice_lite: false,
        wall_clock: WallClock {
            instant: now,
            time: SystemTime::now(),
        },
    }
}

/// Gives a client its time. Returns all that it has to send, and whether it has connected.
pub(crate) fn turn(peer: &mut client::Peer, now: Instant) -> (Vec<Vec<u8>>, bool) {
    let (mut datagrams, mut connected) = (Vec::new(), false);
    peer.handle_timeout(now);
    loop {
        match peer.poll_output() {
            client::Output::Transmit(transmit) => datagrams.push(transmit.contents),
            client::Output::Event(event) => connected |= matches!(event, client::Event::Connected),
            client::Output::Timeout(_) => return (datagrams, connected),
        }
    }
}
