use std::fmt;
use std::net::SocketAddr;

/// The way that a peer's datagrams take: the transport, our address and the peer's address.
///
/// Two paths are equal only if all three are: the peer's address alone does not tell which of our
/// sockets an answer has to leave from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    /// The transport that carries the datagrams.
    pub protocol: Protocol,
    /// Our address, which the peer sends to.
    pub local: SocketAddr,
    /// The source address of the peer's datagrams, as the socket reports it.
    pub remote: SocketAddr,
}

impl Path {
    /// Creates a path over plain UDP.
    pub fn udp(local: SocketAddr, remote: SocketAddr) -> Self {
        Self {
            protocol: Protocol::Udp,
            local,
            remote,
        }
    }
}

impl fmt::Display for Path {
    /// Writes, for example, `udp 203.0.113.1:7000 to 198.51.100.9:50000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match self.protocol {
            Protocol::Udp => "udp",
            Protocol::Tcp => "tcp",
            Protocol::Relayed => "relayed",
        };
        write!(f, "{protocol} {} to {}", self.local, self.remote)
    }
}

/// The transport that carries the datagrams of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// UDP between the peer and the server.
    Udp,
    /// A TCP connection, framed as in RFC 4571.
    Tcp,
    /// An allocation on the server's own TURN relay.
    Relayed,
}
