use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::UdpGroSegment;
use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use socket2::{Domain, Protocol, Type};

/// Most bytes in one UDP send: 65,535 bytes less IP and UDP headers, rounded down.
const SEND_BYTES_MAX: usize = 65_000;

/// A non-blocking UDP socket.
#[derive(Debug)]
pub struct Socket {
    udp: UdpSocket,
    state: UdpSocketState,
    /// Bound to an IPv6 address: IPv4 addresses are sent in mapped form (RFC 4291 §2.5.5.2).
    ipv6: bool,
}

impl Socket {
    /// Binds a socket to this port on all addresses of the host, IPv6 and IPv4 if it has both. Port
    /// 0 takes a free one.
    pub fn bind_all(port: u16) -> io::Result<Self> {
        match Self::bind((Ipv6Addr::UNSPECIFIED, port).into()) {
            // The host may have no IPv6.
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

    /// Asks the kernel for buffers of these sizes, in bytes. It may grant less.
    pub fn set_buffers(&self, receive: usize, send: usize) {
        let socket = (&self.udp).into();
        for result in [
            self.state.set_recv_buffer_size(socket, receive),
            self.state.set_send_buffer_size((&self.udp).into(), send),
        ] {
            if let Err(error) = result {
                tracing::debug!(%error, "cannot set the size of a socket buffer");
            }
        }
    }

    /// Turns GRO off: from now on the kernel delivers each datagram by itself, as it does to
    /// programs that do not ask for GRO, browsers among them. An error means that the kernel has no
    /// GRO, and joins nothing.
    pub fn refuse_joined(&self) -> io::Result<()> {
        Ok(setsockopt(&self.udp, UdpGroSegment, &false)?)
    }

    /// Returns the local address that the socket is bound to.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.udp.local_addr()
    }

    /// Returns whether the socket is bound to an IPv6 address; it then receives and sends IPv4 too.
    pub fn is_ipv6(&self) -> bool {
        self.ipv6
    }

    /// Most datagrams in one send; 1 without segmentation offload.
    fn segments_max(&self) -> usize {
        self.state.max_gso_segments().max(1)
    }

    /// Sends `contents` as datagrams of `segment` bytes, the last of which may be shorter, in as
    /// few calls as the kernel's segmentation offload allows. `source` is the local address to send
    /// from; with the unspecified address, the kernel chooses. After an error, the rest is not
    /// sent.
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
            // One datagram needs no segmentation.
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
