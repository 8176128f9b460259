//! ICE candidates (RFC 8839 §5.1).

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::error::{CandidatePart, Reason};
use crate::line::number;

/// Maximum length of a foundation, in characters (RFC 8839 §5.1).
const FOUNDATION_MAX: usize = 32;

/// Maximum length of a host name, in bytes (RFC 1035 §2.3.4).
const HOST_NAME_MAX: usize = 255;

/// An ICE candidate: an address at which the client may be reached.
///
/// ```text
/// candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0
///           |          | |   |          |         |         |
///           foundation | |   priority   address   port      kind
///                      | protocol
///                      component
/// ```
///
/// Everything after the type (related address, extensions) is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Equal for candidates with the same type, base address and STUN or TURN server.
    pub foundation: String,
    /// 1 for RTP, 2 for RTCP on a path of its own. The range is 1 to 256.
    pub component: u16,
    /// The transport protocol.
    pub protocol: Protocol,
    /// Candidates with a higher priority are tried first.
    pub priority: u32,
    /// The address to send packets to.
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
    /// Any other protocol name, in lower case.
    Other(String),
}

/// The address of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An IP address and port. The scope of a link-local address is dropped.
    Ip(SocketAddr),
    /// A host name that has to be resolved. Browsers hide local addresses behind mDNS names,
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
    /// The address of a local interface.
    Host,
    /// The client's address as a STUN server saw it.
    ServerReflexive,
    /// An address discovered by connectivity checks with the other side.
    PeerReflexive,
    /// An address allocated on a TURN server.
    Relayed,
}

impl Candidate {
    /// Parses a candidate that begins with `candidate:`. Fails with [`Reason::Candidate`], which
    /// names the first part that is missing or malformed.
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
        // `Ipv6Addr` does not parse a scope, so it is cut off first.
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

/// Whether `text` is a host name. A text whose last label is a number is not: it is more likely a
/// mistyped IP address.
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

    /// The type as it is written after `typ`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::ServerReflexive => "srflx",
            Self::PeerReflexive => "prflx",
            Self::Relayed => "relay",
        }
    }
}
