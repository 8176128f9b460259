use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::UdpGroSegment;
use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use socket2::{Domain, Protocol, Type};

/// The most that one UDP send takes: 65,535 bytes less IP and UDP headers.
const SEND_BYTES_MAX: usize = 65_000;

/// A UDP socket that does not block.
#[derive(Debug)]
pub struct Socket {
    udp: UdpSocket,
    state: UdpSocketState,
    /// Bound to an IPv6 address: IPv4 goes in mapped form (RFC 4291 §2.5.5.2).
    ipv6: bool,
}

impl Socket {
    /// Binds a socket to this port of all the host's addresses, of IPv6 and IPv4 where there
    /// are both. Port 0 takes a free one.
    pub fn bind_all(port: u16) -> io::Result<Self> {
        match Self::bind((Ipv6Addr::UNSPECIFIED, port).into()) {
            // A host without IPv6.
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                Self::bind((Ipv4Addr::UNSPECIFIED, port).into())
            }
            bound => bound,
        }
    }

    /// Binds a socket to one address.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let domain = Domain::for_address(address);
        let socket = socket2::Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        if domain == Domain::IPV6 {
            socket.set_only_v6(false)?;
        }
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        let udp = UdpSocket::from(socket);
        Ok(Self {
            state: UdpSocketState::new((&udp).into())?,
            udp,
            ipv6: domain == Domain::IPV6,
        })
    }

    /// Asks for kernel buffers of so many bytes. The kernel may allow less.
    pub fn set_buffers(&self, receive: usize, send: usize) {
        let socket = (&self.udp).into();
        for result in [
            self.state.set_recv_buffer_size(socket, receive),
            self.state.set_send_buffer_size((&self.udp).into(), send),
        ] {
            if let Err(error) = result {
                tracing::debug!(%error, "the kernel keeps its socket buffer size");
            }
        }
    }

    /// The kernel gives each datagram by itself from now on, as it does to programs that do not ask
    /// for joined ones: browsers among them. An error where it knows no GRO: then nothing is joined.
    pub fn refuse_joined(&self) -> io::Result<()> {
        Ok(setsockopt(&self.udp, UdpGroSegment, &false)?)
    }

    /// Where it is bound to.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.udp.local_addr()
    }

    /// It takes and sends IPv6, and IPv4 too.
    pub fn is_ipv6(&self) -> bool {
        self.ipv6
    }

    /// Datagrams that one send may hold; 1 without segmentation offload.
    fn segments_max(&self) -> usize {
        self.state.max_gso_segments().max(1)
    }

    /// Sends `contents` as datagrams of `segment` bytes, of which the last may be shorter: with
    /// as few calls as the kernel's segmentation offload allows. `source` is the local address to
    /// send from; the unspecified one leaves it to the kernel. After an error none of the rest
    /// is sent.
    pub fn send(
        &self,
        destination: SocketAddr,
        source: IpAddr,
        contents: &[u8],
        segment: usize,
    ) -> io::Result<()> {
        let at_once = segment.max(1)
            * self
                .segments_max()
                .min(SEND_BYTES_MAX / segment.max(1))
                .max(1);
        contents
            .chunks(at_once)
            .try_for_each(|part| self.send_at_once(destination, source, part, segment))
    }

    fn send_at_once(
        &self,
        destination: SocketAddr,
        source: IpAddr,
        contents: &[u8],
        segment: usize,
    ) -> io::Result<()> {
        let transmit = Transmit {
            destination: self.on_wire(destination),
            ecn: None,
            contents,
            segment_size: (segment < contents.len()).then_some(segment),
            src_ip: (!source.is_unspecified()).then(|| self.on_wire((source, 0).into()).ip()),
        };
        self.state.try_send((&self.udp).into(), &transmit)
    }

    pub(crate) fn receive(
        &self,
        buffers: &mut [io::IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> io::Result<usize> {
        self.state.recv((&self.udp).into(), buffers, metas)
    }

    fn on_wire(&self, address: SocketAddr) -> SocketAddr {
        match address {
            SocketAddr::V4(v4) if self.ipv6 => (v4.ip().to_ipv6_mapped(), v4.port()).into(),
            other => other,
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.udp.as_fd()
    }
}
