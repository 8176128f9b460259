use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant, SystemTime};

use quinn_udp::RecvMeta;

use crate::Socket;

/// Size of a buffer in bytes: the most that the kernel joins in one receive.
const BUFFER_BYTES: usize = 65_536;

/// Most buffers in one call.
const BUFFERS_MAX: usize = 32;

/// Longest wait in the kernel that is believed. A datagram that seems to have waited longer came
/// before the system clock was set.
const WAITED_MAX: Duration = Duration::from_secs(10);

/// The datagrams that one call received, and the buffers for them.
#[derive(Debug)]
pub struct Received {
    buffers: Vec<Box<[u8]>>,
    metas: Vec<RecvMeta>,
    count: usize,
    /// When the last call returned, on the monotonic and the system clock.
    returned: (Instant, SystemTime),
}

/// Datagrams of one sender, joined by the kernel.
#[derive(Debug)]
pub struct Datagrams<'a> {
    /// Address of the sender; never an IPv4 address in mapped form.
    pub source: SocketAddr,
    /// The local address that they were sent to, if the system reports it.
    pub destination: Option<IpAddr>,
    /// When the kernel received them; when the call returned, if the system does not report that.
    pub arrived: Instant,
    bytes: &'a mut [u8],
    stride: usize,
}

impl Received {
    /// Creates `buffers` buffers of 64 kB each for a call; their number is clamped to 1 to 32.
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

    /// Receives once. Returns whether more may be waiting; an error of kind `WouldBlock` when
    /// nothing is.
    pub fn call(&mut self, socket: &Socket) -> io::Result<bool> {
        // After an error, datagrams of an earlier call are not returned again.
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

    /// Returns the senders of what the last call received, in the order of [`Self::iter_mut`].
    pub fn sources(&self) -> impl Iterator<Item = SocketAddr> {
        let metas = self.metas.iter().take(self.count);
        metas.map(|meta| canonical(meta.addr))
    }

    /// Returns what the last call received.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = Datagrams<'_>> {
        // The kernel stamps datagrams by the system clock; callers get the monotonic one.
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

/// Converts an IPv4 address from the mapped form in which an IPv6 socket reports it (RFC 4291
/// §2.5.5.2).
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

impl Datagrams<'_> {
    /// Returns the datagrams one by one.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.bytes.chunks_mut(self.stride)
    }
}
