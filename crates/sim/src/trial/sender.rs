use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use client::{Direction, Offering};
use rtc::{Datagrams, LineIndex, WallClock};
use rtp::{Bitrate, Kind, Packet, Rewrite};

use super::source::RATE_MAX;
use crate::clock::TIME_OF_DAY;

pub(super) const SENDER: SocketAddr = address(1);
pub(super) const RECEIVER: SocketAddr = address(2);

/// Initial estimate of both estimators, as in browsers.
const ESTIMATE_INITIAL: Bitrate = Bitrate::kbps(300);

/// The congestion control of the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Estimator {
    /// That of the crate `rtc`.
    Headwater,
    /// That of the library str0m: a port of libwebrtc's GoogCC, with its pacer and its probes.
    Str0m,
}

/// Both ends of the connection.
pub(super) struct Ends {
    pub(super) sender: Sender,
    pub(super) receiver: client::Peer,
}

/// The end that sends.
pub(super) struct Sender {
    peer: Peer,
    estimate: Bitrate,
    is_connected: bool,
}

#[allow(clippy::large_enum_variant, reason = "there is one of them in a trial")]
enum Peer {
    Headwater { peer: rtc::Peer, to: Datagrams },
    Str0m(client::Peer),
}

impl Ends {
    pub(super) fn negotiate(estimator: Estimator, now: Instant) -> Self {
        let certificate = client::Certificate::generate();
        let receiver = client::Config::new(&certificate, RECEIVER);
        let (peer, receiver) = match estimator {
            Estimator::Headwater => {
                let offering = Offering::new(&receiver, Direction::Receive, &[], now);
                let role = rtc::Role::Viewer {
                    stream: "stream".to_owned(),
                };
                let initial = Some(ESTIMATE_INITIAL);
                let answered = rtc::Peer::answer(&server(now), role, offering.sdp(), initial, now);
                let (peer, answer) = answered.expect("our own offer is good");
                let to = Datagrams::default();
                let receiver = offering.accept(&answer);
                (Peer::Headwater { peer, to }, receiver)
            }
            Estimator::Str0m => {
                let sender = client::Config {
                    estimate: Some(ESTIMATE_INITIAL),
                    ..client::Config::new(&certificate, SENDER)
                };
                let offering = Offering::new(&sender, Direction::Send, &[], now);
                let answered = client::Peer::answer(&receiver, offering.sdp(), now);
                let (receiver, answer) = answered.expect("our own offer is good");
                let peer = offering.accept(&answer);
                (
                    Peer::Str0m(peer.expect("our own answer is good")),
                    Ok(receiver),
                )
            }
        };
        let mut sender = Sender {
            peer,
            estimate: ESTIMATE_INITIAL,
            is_connected: false,
        };
        sender.want(now);
        Self {
            sender,
            receiver: receiver.expect("our own answer is good"),
        }
    }
}

impl Sender {
    /// The rate at which the encoder may send.
    pub(super) fn estimate(&self) -> Bitrate {
        self.estimate
    }

    pub(super) fn is_connected(&self) -> bool {
        self.is_connected
    }

    /// Tells the peer that the encoder could use more than any of the links carries, and needs no
    /// padding.
    fn want(&mut self, now: Instant) {
        match &mut self.peer {
            Peer::Headwater { peer, .. } => peer.set_wanted_bitrate(now, Bitrate::ZERO, RATE_MAX),
            Peer::Str0m(peer) => peer.set_wanted_bitrate(Bitrate::ZERO, RATE_MAX),
        }
    }

    pub(super) fn handle_datagram(&mut self, now: Instant, datagram: &mut [u8]) {
        match &mut self.peer {
            Peer::Headwater { peer, to } => {
                let path = rtc::Path::udp(SENDER, RECEIVER);
                peer.handle_datagram(now, path, datagram, to).ok();
            }
            Peer::Str0m(peer) => peer.handle_datagram(now, RECEIVER, SENDER, datagram),
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        match &mut self.peer {
            Peer::Headwater { peer, to } => peer.handle_timeout(now, to),
            Peer::Str0m(peer) => peer.handle_timeout(now),
        }
    }

    pub(super) fn write(&mut self, now: Instant, seq: u64, packet: Packet) {
        let rewrite = Rewrite::new(seq, packet.timestamp);
        match &mut self.peer {
            Peer::Headwater { peer, to } => {
                let mut lines = LineIndex::all().zip(peer.sent());
                let video = lines.find(|(_, media)| media.kind == Kind::Video);
                let (line, _) = video.expect("video was negotiated");
                peer.write(now, line, &Arc::new(packet), rewrite, to)
                    .expect("a synthetic packet fits");
            }
            Peer::Str0m(peer) => {
                let line = peer.sending(Kind::Video).expect("video was negotiated");
                peer.write(line, 0, &packet, &rewrite)
                    .expect("a synthetic packet fits");
                peer.handle_timeout(now);
            }
        }
    }

    /// Takes all datagrams to send. Returns when the peer wants to be called again.
    pub(super) fn drain(&mut self, out: &mut Vec<Vec<u8>>) -> Option<Instant> {
        match &mut self.peer {
            Peer::Headwater { peer, to } => {
                let (estimate, connected) = (&mut self.estimate, &mut self.is_connected);
                let due = peer.drain(|event| match event {
                    rtc::Event::Connected(_) => *connected = true,
                    rtc::Event::Estimate { bandwidth, .. } => *estimate = bandwidth,
                    _ => {}
                });
                while let Some(transmit) = to.pop() {
                    out.extend(transmit.datagrams().map(<[u8]>::to_vec));
                }
                due
            }
            Peer::Str0m(peer) => loop {
                match peer.poll_output() {
                    client::Output::Transmit(transmit) => out.push(transmit.contents),
                    client::Output::Event(client::Event::Connected) => {
                        self.is_connected = true;
                    }
                    client::Output::Event(client::Event::Estimate(rate)) => {
                        self.estimate = rate;
                    }
                    client::Output::Event(_) => {}
                    client::Output::Timeout(at) => return Some(at),
                }
            },
        }
    }
}

fn server(now: Instant) -> rtc::Config {
    rtc::Config {
        identity: rtc::Identity::generate(),
        candidates: vec![SENDER],
        announce_ice_lite: false,
        wall_clock: WallClock {
            instant: now,
            time: SystemTime::UNIX_EPOCH + TIME_OF_DAY,
        },
    }
}

const fn address(host: u8) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, host)), 5_000)
}
