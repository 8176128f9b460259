//! Publishes a VP8 file in a loop, with key frames only where the file has them: what a
//! publisher does that is deaf to key-frame requests.
//!
//! `publish_ivf FILE` prints an SDP offer, ended by an empty line; it reads the answer from
//! standard input up to its end, then sends until it is killed. The WHIP request between the
//! two is the caller's.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rtc::{Certificate, Config, Direction, Event, Offering, Output, Peer};
use rtp::{Codec, Extensions, Format, Frame, Packet, Profile, Rewrite};

/// Payload bytes of a packet, without the descriptor.
const CHUNK: usize = 1_100;
const CLOCK_RATE: u32 = 90_000;
const VP8: Format = Format {
    codec: Codec::Vp8,
    clock_rate: CLOCK_RATE,
    profile: Profile::Any,
    red: false,
};

fn main() -> anyhow::Result<()> {
    let path = std::env::args().nth(1).context("usage: publish_ivf FILE")?;
    let video = Ivf::parse(&std::fs::read(&path).with_context(|| path.clone())?)?;
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let local = socket.local_addr()?;
    let config = Config {
        certificate: Certificate::generate(),
        candidates: vec![local],
        announce_ice_lite: false,
    };
    let offering = Offering::new(&config, Direction::Send, &[], None, Instant::now());
    let mut out = io::stdout();
    write!(out, "{}\r\n", offering.sdp())?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().read_to_string(&mut answer)?;
    let peer = offering.accept(&answer)?;
    Sender {
        peer,
        socket,
        local,
        seq: 1_000,
        frame: 0,
        connected: false,
    }
    .run(&video)
}

/// The frames of an IVF file.
struct Ivf {
    frames: Vec<Vec<u8>>,
    interval: Duration,
}

impl Ivf {
    fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        let header = bytes
            .get(..32)
            .filter(|h| h.starts_with(b"DKIF") && &h[8..12] == b"VP80");
        let header = header.context("not an IVF file of VP8")?;
        let number = |at: usize| {
            u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        let interval = Duration::from_secs(1) * number(20) / number(16).max(1);
        let mut frames = Vec::new();
        let mut rest = &bytes[32..];
        while let Some((size, tail)) = rest.split_first_chunk::<4>() {
            let size = u32::from_le_bytes(*size) as usize;
            let frame = tail.get(8..8 + size).context("the file is cut short")?;
            frames.push(frame.to_vec());
            rest = &tail[8 + size..];
        }
        if frames.is_empty() {
            bail!("the file has no frame");
        }
        Ok(Self { frames, interval })
    }
}

struct Sender {
    peer: Peer,
    socket: UdpSocket,
    local: SocketAddr,
    seq: u64,
    frame: u32,
    connected: bool,
}

impl Sender {
    fn run(&mut self, video: &Ivf) -> anyhow::Result<()> {
        let media = self
            .peer
            .media()
            .iter()
            .position(|m| m.kind == rtp::Kind::Video)
            .context("no video")?;
        let mut next = Instant::now();
        let mut buffer = [0; 2_000];
        loop {
            let due = self.drain()?.min(next);
            let wait = due
                .saturating_duration_since(Instant::now())
                .max(Duration::from_millis(1));
            self.socket.set_read_timeout(Some(wait))?;
            match self.socket.recv_from(&mut buffer) {
                Ok((length, from)) => {
                    self.peer
                        .handle_datagram(Instant::now(), from, self.local, &buffer[..length]);
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                    ) => {}
                Err(error) => return Err(error.into()),
            }
            self.drain()?;
            let now = Instant::now();
            if now >= next {
                next += video.interval;
                if self.connected {
                    let frame = &video.frames[self.frame as usize % video.frames.len()];
                    self.send(media, frame, video.interval, now)?;
                }
            }
            self.peer.handle_timeout(Instant::now());
        }
    }

    fn send(
        &mut self,
        media: usize,
        frame: &[u8],
        interval: Duration,
        now: Instant,
    ) -> anyhow::Result<()> {
        let ticks = (interval.as_secs_f64() * f64::from(CLOCK_RATE)) as u32;
        let timestamp = self.frame.wrapping_mul(ticks);
        let [high, low] = (self.frame as u16 & 0x7fff).to_be_bytes();
        let chunks = frame.chunks(CHUNK);
        let last = chunks.len() - 1;
        for (i, chunk) in chunks.enumerate() {
            // X; S in the first packet; I with 15 bits (RFC 7741 §4.2).
            let mut payload = vec![if i == 0 { 0x90 } else { 0x80 }, 0x80, 0x80 | high, low];
            payload.extend_from_slice(chunk);
            let packet = Packet {
                seq: self.seq,
                timestamp,
                marker: i == last,
                format: VP8,
                received: now,
                captured: now,
                extensions: Extensions::default(),
                frame: Frame::inspect(Codec::Vp8, &payload),
                payload: Arc::from(payload),
                primary: None,
            };
            let rewrite = Rewrite {
                seq: self.seq,
                timestamp,
                picture: None,
                frame_number: None,
            };
            self.peer.write(media, 0, &packet, rewrite)?;
            self.seq += 1;
        }
        self.frame = self.frame.wrapping_add(1);
        Ok(())
    }

    /// Sends what is to be sent; returns when the peer wants its time.
    fn drain(&mut self) -> anyhow::Result<Instant> {
        loop {
            match self.peer.poll_output() {
                Output::Transmit(transmit) => {
                    self.socket
                        .send_to(transmit.contents(), transmit.destination)?;
                }
                Output::Event(Event::Connected) => self.connected = true,
                Output::Event(Event::Closed) => bail!("the server closed the session"),
                Output::Event(_) => {}
                Output::Timeout(at) => return Ok(at),
            }
        }
    }
}
