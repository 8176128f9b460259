use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant, SystemTime};

use quinn_udp::RecvMeta;

use crate::Socket;

/// One receive that the kernel has put together is at most this long.
const BUFFER_BYTES: usize = 65_536;

/// Buffers of one call at most.
const BUFFERS_MAX: usize = 32;

/// A datagram that seems to be older is one of before the system's clock was set.
const WAITED_MAX: Duration = Duration::from_secs(10);

/// What one call received, and the buffers for it.
#[derive(Debug)]
pub struct Received {
    buffers: Vec<Box<[u8]>>,
    metas: Vec<RecvMeta>,
    count: usize,
    /// When the last call returned, on both clocks.
    returned: (Instant, SystemTime),
}

/// Datagrams of one sender, one behind the other.
#[derive(Debug)]
pub struct Datagrams<'a> {
    /// Who sent them.
    pub source: SocketAddr,
    /// The local address that they were sent to, if the system tells it.
    pub destination: Option<IpAddr>,
    /// When the kernel got them; when they were received, if the system does not tell.
    pub arrived: Instant,
    bytes: &'a mut [u8],
    stride: usize,
}

impl Received {
    /// Room for so many buffers of 64 kB in one call, 1 to 32.
    pub fn new(buffers: usize) -> Self {
        let buffers = buffers.clamp(1, BUFFERS_MAX);
        let buffer = |_| vec![0; BUFFER_BYTES].into_boxed_slice();
        Self {
            buffers: (0..buffers).map(buffer).collect(),
            metas: vec![RecvMeta::default(); buffers],
            count: 0,
            returned: (Instant::now(), SystemTime::now()),
        }
    }

    /// Receives once. Returns whether there may be more: an error of kind `WouldBlock` says that
    /// there is nothing.
    pub fn call(&mut self, socket: &Socket) -> io::Result<bool> {
        self.count = 0;
        let size = self.buffers.len();
        let mut slices: [IoSliceMut<'_>; BUFFERS_MAX] = {
            let mut buffers = self.buffers.iter_mut();
            std::array::from_fn(|_| {
                IoSliceMut::new(buffers.next().map(|b| &mut **b).unwrap_or_default())
            })
        };
        self.count = socket.receive(&mut slices[..size], &mut self.metas)?;
        self.returned = (Instant::now(), SystemTime::now());
        Ok(self.count == size)
    }

    /// The senders of what the last call received.
    pub fn sources(&self) -> impl Iterator<Item = SocketAddr> {
        let metas = self.metas.iter().take(self.count);
        metas.map(|meta| canonical(meta.addr))
    }

    /// What the last call received.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = Datagrams<'_>> {
        let (now, time) = self.returned;
        let waited = move |meta: &RecvMeta| {
            let arrived = SystemTime::UNIX_EPOCH + meta.timestamp?;
            time.duration_since(arrived).ok()
        };
        let pairs = self.buffers.iter_mut().zip(&self.metas);
        pairs.take(self.count).map(move |(buffer, meta)| Datagrams {
            source: canonical(meta.addr),
            destination: meta.dst_ip.map(|ip| ip.to_canonical()),
            arrived: now - waited(meta).unwrap_or_default().min(WAITED_MAX),
            bytes: buffer.get_mut(..meta.len).unwrap_or_default(),
            stride: meta.stride.max(1),
        })
    }
}

/// An IPv4 address as such, where an IPv6 socket says it mapped (RFC 4291 §2.5.5.2).
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

impl Datagrams<'_> {
    /// One after the other.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.bytes.chunks_mut(self.stride)
    }
}
