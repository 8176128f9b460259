use std::net::{IpAddr, SocketAddr};

use crate::Socket;

/// The most that one UDP send takes: 65,535 bytes less IP and UDP headers.
const BATCH_BYTES_MAX: usize = 65_000;

/// Gathers datagrams of one size to one destination and hands them to the kernel at once
/// (generic segmentation offload). Only the last of a batch may be shorter.
#[derive(Debug)]
pub struct Batch {
    buffer: Vec<u8>,
    to: Option<(SocketAddr, IpAddr)>,
    segment: usize,
    segments: usize,
    closed: bool,
    segments_max: usize,
    dropped: u64,
}

impl Batch {
    /// An empty batch for this socket.
    pub fn new(socket: &Socket) -> Self {
        Self {
            buffer: Vec::with_capacity(BATCH_BYTES_MAX),
            to: None,
            segment: 0,
            segments: 0,
            closed: false,
            segments_max: socket.segments_max(),
            dropped: 0,
        }
    }

    /// Adds a datagram; sends the batch first if it does not fit in.
    pub fn push(
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

    /// Datagrams that the kernel did not take.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Sends what is gathered.
    pub fn send(&mut self, socket: &Socket) {
        if let Some((destination, source)) = self.to.take()
            && let Err(error) = socket.send(destination, source, &self.buffer, self.segment)
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
