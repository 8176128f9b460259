//! ICE candidates (RFC 8839 §5.1).

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::error::{CandidatePart, Reason};
use crate::line::number;

/// Characters of a foundation (RFC 8839 §5.1).
const FOUNDATION_MAX: usize = 32;

/// Bytes of a host name (RFC 1035 §2.3.4).
const HOST_NAME_MAX: usize = 255;

/// An address where the client may be reached.
///
/// ```text
/// candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0
///           |          | |   |          |         |         |
///           foundation | |   priority   address   port      kind
///                      | protocol
///                      component
/// ```
///
/// What follows the type (related address, extensions) is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The same for candidates of one kind, base and server.
    pub foundation: String,
    /// 1 for RTP, 2 for RTCP on a path of its own; up to 256.
    pub component: u16,
    /// The transport protocol.
    pub protocol: Protocol,
    /// The higher, the sooner the candidate is tried.
    pub priority: u32,
    /// Where packets go.
    pub address: Address,
    /// How the client learned of the address.
    pub kind: CandidateKind,
}

/// The transport protocol of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Protocol {
    /// `udp`, in any case.
    Udp,
    /// `tcp`, in any case (RFC 6544).
    Tcp,
    /// Another word, in lower case.
    Other(String),
}

/// The address of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An address of IP. The scope of a link-local one is dropped.
    Ip(SocketAddr),
    /// A name to be resolved: browsers hide local addresses behind names of multicast DNS,
    /// which end in `.local`.
    Name {
        /// The host name.
        name: String,
        /// The port.
        port: u16,
    },
}

/// How a client learned of an address (RFC 8445 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CandidateKind {
    /// An interface has it.
    Host,
    /// A STUN server saw it.
    ServerReflexive,
    /// The other side's checks saw it.
    PeerReflexive,
    /// A TURN server lent it.
    Relayed,
}

impl Candidate {
    /// Reads a candidate from `candidate:` on. Fails with [`Reason::Candidate`], which names the
    /// first part that is wrong.
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let part = |part| move || Reason::Candidate(part);
        let mut words = text
            .trim_ascii()
            .strip_prefix("candidate:")
            .ok_or(Reason::Candidate(CandidatePart::Foundation))?
            .split_ascii_whitespace();
        let mut next = |which| words.next().ok_or(Reason::Candidate(which));
        let foundation = Some(next(CandidatePart::Foundation)?)
            .filter(|f| f.len() <= FOUNDATION_MAX && f.bytes().all(|b| b.is_ascii_graphic()))
            .ok_or_else(part(CandidatePart::Foundation))?;
        let component = number(next(CandidatePart::Component)?)
            .filter(|component| (1..=256).contains(component))
            .ok_or_else(part(CandidatePart::Component))?;
        let protocol = Protocol::parse(next(CandidatePart::Protocol)?)
            .ok_or_else(part(CandidatePart::Protocol))?;
        let priority =
            number(next(CandidatePart::Priority)?).ok_or_else(part(CandidatePart::Priority))?;
        let host = next(CandidatePart::Address)?;
        let port = number(next(CandidatePart::Port)?).ok_or_else(part(CandidatePart::Port))?;
        let address = Address::parse(host, port).ok_or_else(part(CandidatePart::Address))?;
        let kind = Some(next(CandidatePart::Kind)?)
            .filter(|typ| *typ == "typ")
            .and(words.next())
            .and_then(CandidateKind::parse)
            .ok_or_else(part(CandidatePart::Kind))?;
        Ok(Self {
            foundation: foundation.to_owned(),
            component,
            protocol,
            priority,
            address,
            kind,
        })
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match &self.protocol {
            Protocol::Udp => "udp",
            Protocol::Tcp => "tcp",
            Protocol::Other(word) => word,
        };
        write!(
            f,
            "candidate:{} {} {protocol} {} ",
            self.foundation, self.component, self.priority
        )?;
        match &self.address {
            Address::Ip(address) => write!(f, "{} {}", address.ip(), address.port())?,
            Address::Name { name, port } => write!(f, "{name} {port}")?,
        }
        write!(f, " typ {}", self.kind.as_str())
    }
}

impl Protocol {
    fn parse(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        match word.as_str() {
            "udp" => Some(Self::Udp),
            "tcp" => Some(Self::Tcp),
            other => {
                let fits = other
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-');
                fits.then_some(Self::Other(word))
            }
        }
    }
}

impl Address {
    fn parse(host: &str, port: u16) -> Option<Self> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Some(Self::Ip(SocketAddr::new(ip, port)));
        }
        if let Some((address, _scope)) = host.split_once('%') {
            let ip = address.parse::<Ipv6Addr>().ok()?;
            return Some(Self::Ip(SocketAddr::new(ip.into(), port)));
        }
        is_host_name(host).then(|| Self::Name {
            name: host.to_owned(),
            port,
        })
    }
}

/// Whether `text` is a host name, and not a mistyped address: its last label is no number.
fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= HOST_NAME_MAX
        && text.split('.').all(label)
        && !last.bytes().all(|b| b.is_ascii_digit())
}

impl CandidateKind {
    fn parse(word: &str) -> Option<Self> {
        [
            Self::Host,
            Self::ServerReflexive,
            Self::PeerReflexive,
            Self::Relayed,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == word)
    }

    /// The word in the candidate.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::ServerReflexive => "srflx",
            Self::PeerReflexive => "prflx",
            Self::Relayed => "relay",
        }
    }
}
