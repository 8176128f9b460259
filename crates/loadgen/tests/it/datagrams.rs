use std::net::UdpSocket;
use std::time::{Duration, Instant};

use client::{Certificate, Direction};
use fastrand::Rng;
use headwater_loadgen::Link;

use crate::server::Server;
use crate::stream::{LIGHT, Stream};

const SECONDS: u64 = 10;
const PER_SECOND: u64 = 10_000;
const TICK: Duration = Duration::from_millis(5);
const SOURCES: usize = 8;

#[test]
fn hostile_datagrams_do_not_disturb_a_running_stream() {
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let mut server = Server::start(&[]);
    let stream = Stream::start(&server, &LIGHT, 5);
    let (mark, before) = (stream.mark(), server.memory_kb());
    let received = server.metric("datagrams_in_total");
    let mut forger = Forger {
        rng: Rng::with_seed(seed),
        ufrag: ufrag(&stream.answer),
    };
    let sent = attack(&server, &mut forger);
    let received = server.metric("datagrams_in_total") - received;
    let growth = server.memory_kb().saturating_sub(before);
    eprintln!("{sent} datagrams sent, {received} taken with those of the stream; {growth} kB more");
    stream.assert_undisturbed_since(&mark, "under attack");
    server.assert_unharmed();
    assert!(growth < 32_768, "memory grew by {growth} kB");
    assert!(
        sent >= SECONDS * PER_SECOND * 8 / 10,
        "only {sent} were sent"
    );
}

/// Sends datagrams from unknown addresses, and from a viewer that turns hostile at each stage of
/// its connection. Returns the number of datagrams.
fn attack(server: &Server, forger: &mut Forger) -> u64 {
    let strangers: Vec<_> = (0..SOURCES)
        .map(|_| UdpSocket::bind("127.0.0.1:0").expect("a socket"))
        .collect();
    let certificate = Certificate::generate();
    let start = Instant::now();
    let mut sent = 0;
    for second in 0..SECONDS {
        let endpoint = server.url("/whep/live");
        let direction = Direction::Receive;
        let mut insider =
            Link::open(server.client(), &endpoint, &certificate, direction, &[]).expect("a viewer");
        let until = start + Duration::from_secs(second + 1);
        while Instant::now() < until {
            let due = start.elapsed().as_millis() as u64 * PER_SECOND / 1_000;
            while sent < due {
                let datagram = forger.datagram();
                // Three of four come from an insider: an address that the server knows.
                if sent.is_multiple_of(4) {
                    insider.send_raw(server.media(), &datagram);
                } else {
                    let stranger = &strangers[forger.rng.usize(..SOURCES)];
                    stranger.send_to(&datagram, server.media()).ok();
                }
                sent += 1;
            }
            insider.poll(|_| {});
            std::thread::sleep(TICK);
        }
        server
            .client()
            .delete(insider.session())
            .expect("an answer");
    }
    sent
}

/// Makes datagrams that are more or less well formed.
struct Forger {
    rng: Rng,
    /// The server's ufrag of a running session.
    ufrag: String,
}

impl Forger {
    fn datagram(&mut self) -> Vec<u8> {
        match self.rng.u8(..9) {
            0 => self.noise(0..1_400),
            1 => self.stun("none", 0),
            2 => {
                let ufrag = self.ufrag.clone();
                self.stun(&ufrag, 0x20)
            }
            3 => {
                let mut stun = self.stun("none", 0x20);
                stun.truncate(self.rng.usize(..stun.len()));
                stun
            }
            4 => self.client_hello(),
            5 => {
                let hello = self.client_hello();
                self.mutated(hello)
            }
            6 => self.rtp(),
            7 => self.rtcp(),
            _ => {
                let ufrag = self.ufrag.clone();
                let stun = self.stun(&ufrag, 0x20);
                self.mutated(stun)
            }
        }
    }

    fn noise(&mut self, length: std::ops::Range<usize>) -> Vec<u8> {
        let length = self.rng.usize(length);
        (0..length).map(|_| self.rng.u8(..)).collect()
    }

    fn mutated(&mut self, mut datagram: Vec<u8>) -> Vec<u8> {
        for _ in 0..self.rng.usize(1..8) {
            let at = self.rng.usize(..datagram.len());
            datagram[at] = self.rng.u8(..);
        }
        datagram
    }

    /// A binding request (RFC 8489 §5) with USERNAME and a wrong MESSAGE-INTEGRITY.
    fn stun(&mut self, ufrag: &str, integrity: usize) -> Vec<u8> {
        let name = format!("{ufrag}:{:04x}", self.rng.u16(..));
        let mut attributes = vec![0, 6, 0, name.len() as u8];
        attributes.extend(name.bytes());
        attributes.resize(attributes.len().next_multiple_of(4), 0);
        attributes.extend([0, 0x24, 0, 4, 0x6e, 0, 0x1e, 0xff]);
        if integrity > 0 {
            attributes.extend([0, 8, 0, 20]);
            attributes.extend(self.noise(20..21));
        }
        let mut datagram = vec![0, 1];
        datagram.extend((attributes.len() as u16).to_be_bytes());
        datagram.extend([0x21, 0x12, 0xa4, 0x42]);
        datagram.extend(self.noise(12..13));
        datagram.extend(attributes);
        datagram
    }

    /// A fragment of a DTLS 1.2 ClientHello (RFC 6347 §4.2.2), possibly at an impossible offset.
    fn client_hello(&mut self) -> Vec<u8> {
        let mut hello = vec![0xfe, 0xfd];
        hello.extend(self.noise(32..33));
        // No session, no cookie, two cipher suites, no compression, one extension of noise.
        hello.extend([0, 0, 0, 4, 0xc0, 0x2b, 0xc0, 0x2f, 1, 0]);
        let extension = self.noise(4..200);
        hello.extend((extension.len() as u16).to_be_bytes());
        hello.extend(extension);
        let total = hello.len() + self.rng.usize(..3) * 1_000;
        let offset = self.rng.usize(..2) * self.rng.usize(..0x00ff_ffff);
        let mut fragment = vec![1];
        fragment.extend(&(total as u32).to_be_bytes()[1..]);
        fragment.extend([0, self.rng.u8(..3)]);
        fragment.extend(&(offset as u32).to_be_bytes()[1..]);
        fragment.extend(&(hello.len() as u32).to_be_bytes()[1..]);
        fragment.extend(hello);
        let mut datagram = vec![22, 0xfe, 0xfd, 0, self.rng.u8(..2)];
        datagram.extend(self.noise(6..7));
        datagram.extend((fragment.len() as u16).to_be_bytes());
        datagram.extend(fragment);
        datagram
    }

    fn rtp(&mut self) -> Vec<u8> {
        let mut datagram = vec![0x80 | self.rng.u8(..0x40), self.rng.u8(..)];
        datagram.extend(self.noise(10..1_300));
        datagram
    }

    fn rtcp(&mut self) -> Vec<u8> {
        let words = self.rng.u16(..200);
        let mut datagram = vec![0x80 | self.rng.u8(..0x40), self.rng.u8(200..208)];
        datagram.extend(words.to_be_bytes());
        datagram.extend(self.noise(0..800));
        datagram
    }
}

/// The ufrag of the server in an answer.
fn ufrag(answer: &str) -> String {
    let mut lines = answer.lines();
    let ufrag = lines.find_map(|line| line.strip_prefix("a=ice-ufrag:"));
    ufrag.expect("ICE credentials").to_owned()
}
