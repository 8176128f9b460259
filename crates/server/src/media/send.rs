use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use quinn_udp::{Transmit, UdpSocketState};

/// The most that one UDP send takes: 65,535 bytes less IP and UDP headers.
const BATCH_BYTES_MAX: usize = 65_000;

/// Gathers datagrams of one size to one destination and hands them to the kernel at once
/// (generic segmentation offload). Only the last of a batch may be shorter.
#[derive(Debug)]
pub(super) struct Batch {
    buffer: Vec<u8>,
    to: Option<(SocketAddr, IpAddr)>,
    segment: usize,
    segments: usize,
    closed: bool,
    segments_max: usize,
    pub(super) dropped: u64,
}

impl Batch {
    pub(super) fn new(segments_max: usize) -> Self {
        Self {
            buffer: Vec::with_capacity(BATCH_BYTES_MAX),
            to: None,
            segment: 0,
            segments: 0,
            closed: false,
            segments_max: segments_max.max(1),
            dropped: 0,
        }
    }

    /// Adds a datagram; sends the batch first if it does not fit in.
    pub(super) fn push(
        &mut self,
        socket: &Socket,
        destination: SocketAddr,
        source: IpAddr,
        contents: &[u8],
    ) {
        let fits = self.to == Some((destination, source))
            && !self.closed
            && contents.len() <= self.segment
            && self.segments < self.segments_max
            && self.buffer.len() + contents.len() <= BATCH_BYTES_MAX;
        if !fits {
            self.send(socket);
            self.to = Some((destination, source));
            self.segment = contents.len();
        }
        self.closed = contents.len() < self.segment;
        self.segments += 1;
        self.buffer.extend_from_slice(contents);
    }

    /// Sends what is gathered.
    pub(super) fn send(&mut self, socket: &Socket) {
        if let Some((destination, source)) = self.to.take()
            && let Err(error) = socket.send(
                destination,
                source,
                &self.buffer,
                self.segment,
                self.segments,
            )
        {
            // UDP may lose: a full send buffer or an unreachable viewer is their loss only.
            self.dropped += self.segments as u64;
            tracing::trace!(%error, "datagrams not sent");
        }
        self.buffer.clear();
        self.segments = 0;
        self.closed = false;
    }
}

/// A shard's UDP socket.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) udp: UdpSocket,
    pub(super) state: UdpSocketState,
    /// Bound to an IPv6 address: IPv4 goes in mapped form (RFC 4291 §2.5.5.2).
    pub(super) ipv6: bool,
}

impl Socket {
    fn send(
        &self,
        destination: SocketAddr,
        source: IpAddr,
        contents: &[u8],
        segment: usize,
        segments: usize,
    ) -> io::Result<()> {
        let transmit = Transmit {
            destination: self.on_wire(destination),
            ecn: None,
            contents,
            segment_size: (segments > 1).then_some(segment),
            src_ip: (!source.is_unspecified()).then(|| self.on_wire((source, 0).into()).ip()),
        };
        self.state.try_send((&self.udp).into(), &transmit)
    }

    fn on_wire(&self, address: SocketAddr) -> SocketAddr {
        match address {
            SocketAddr::V4(v4) if self.ipv6 => (v4.ip().to_ipv6_mapped(), v4.port()).into(),
            other => other,
        }
    }
}
