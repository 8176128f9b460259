//! Attributes of STUN messages: their numbers, and the encoding of addresses.

use std::net::{IpAddr, SocketAddr};

use super::header::{MAGIC_COOKIE, TransactionId};

/// The number of an attribute (RFC 8489 §18.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttributeType(pub u16);

impl AttributeType {
    /// `receiver's ufrag:sender's ufrag` in ICE (RFC 8445 §7.2.2).
    pub const USERNAME: Self = Self(0x0006);
    /// HMAC-SHA1 over everything before it.
    pub const MESSAGE_INTEGRITY: Self = Self(0x0008);
    /// Why a request is refused.
    pub const ERROR_CODE: Self = Self(0x0009);
    /// The unknown attributes because of which a request is refused.
    pub const UNKNOWN_ATTRIBUTES: Self = Self(0x000a);
    /// The realm of long-term credentials.
    pub const REALM: Self = Self(0x0014);
    /// The nonce of long-term credentials.
    pub const NONCE: Self = Self(0x0015);
    /// The source address of a request, obfuscated against gateways that rewrite addresses.
    pub const XOR_MAPPED_ADDRESS: Self = Self(0x0020);
    /// The priority of the candidate that a check would discover (RFC 8445 §7.1.1).
    pub const PRIORITY: Self = Self(0x0024);
    /// Nominates the path of the check (RFC 8445 §7.1.2).
    pub const USE_CANDIDATE: Self = Self(0x0025);
    /// The name of the sender's software, for diagnosis.
    pub const SOFTWARE: Self = Self(0x8022);
    /// CRC-32 over everything before it.
    pub const FINGERPRINT: Self = Self(0x8028);
    /// The sender lets the receiver nominate (RFC 8445 §7.1.3).
    pub const ICE_CONTROLLED: Self = Self(0x8029);
    /// The sender nominates.
    pub const ICE_CONTROLLING: Self = Self(0x802a);

    /// Whether a receiver must understand the attribute to process the message (RFC 8489 §14).
    pub fn must_be_understood(self) -> bool {
        self.0 < 0x8000
    }

    /// Whether an ICE agent understands the attribute in a Binding request. REALM and NONCE have
    /// no meaning with short-term credentials and are ignored.
    pub(crate) fn is_known(self) -> bool {
        matches!(
            self,
            Self::USERNAME
                | Self::MESSAGE_INTEGRITY
                | Self::ERROR_CODE
                | Self::UNKNOWN_ATTRIBUTES
                | Self::REALM
                | Self::NONCE
                | Self::XOR_MAPPED_ADDRESS
                | Self::PRIORITY
                | Self::USE_CANDIDATE
        )
    }
}

const FAMILY_V4: u8 = 0x01;
const FAMILY_V6: u8 = 0x02;

/// Encodes the value of XOR-MAPPED-ADDRESS (RFC 8489 §14.2). Returns it with its length: 8 bytes
/// for IPv4, 20 for IPv6.
pub(crate) fn write_xor_address(address: SocketAddr, id: &TransactionId) -> ([u8; 20], usize) {
    let mut value = [0; 20];
    let mask = mask(id);
    let port = address.port() ^ 0x2112;
    let mut put = |family: u8, ip: &[u8]| {
        let head = [0, family].into_iter().chain(port.to_be_bytes());
        let ip = ip.iter().zip(mask).map(|(byte, mask)| byte ^ mask);
        for (to, byte) in value.iter_mut().zip(head.chain(ip)) {
            *to = byte;
        }
        4 + if family == FAMILY_V4 { 4 } else { 16 }
    };
    let length = match address.ip() {
        IpAddr::V4(ip) => put(FAMILY_V4, &ip.octets()),
        IpAddr::V6(ip) => put(FAMILY_V6, &ip.octets()),
    };
    (value, length)
}

/// Decodes the value of XOR-MAPPED-ADDRESS. Returns `None` unless it has the exact length for its
/// address family.
pub(crate) fn read_xor_address(value: &[u8], id: &TransactionId) -> Option<SocketAddr> {
    let [_, family, p0, p1, ip @ ..] = value else {
        return None;
    };
    let port = u16::from_be_bytes([*p0, *p1]) ^ 0x2112;
    let mask = mask(id);
    let ip: IpAddr = match *family {
        FAMILY_V4 => unmask::<4>(ip, &mask)?.into(),
        FAMILY_V6 => unmask::<16>(ip, &mask)?.into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

fn unmask<const N: usize>(bytes: &[u8], mask: &[u8; 16]) -> Option<[u8; N]> {
    let mut ip: [u8; N] = bytes.try_into().ok()?;
    for (byte, mask) in ip.iter_mut().zip(mask) {
        *byte ^= mask;
    }
    Some(ip)
}

fn mask(id: &TransactionId) -> [u8; 16] {
    let mut mask = [0; 16];
    for (to, byte) in mask.iter_mut().zip(MAGIC_COOKIE.iter().chain(id)) {
        *to = *byte;
    }
    mask
}
