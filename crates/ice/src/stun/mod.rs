//! STUN messages (RFC 8489). They are read in place, and appended to a buffer when written.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |0 0|   method and class        |   length of the attributes    |
//! |                    magic cookie 0x2112a442                    |
//! |                transaction id (12 bytes) ...                  |
//! | attribute type                | length of the value           |
//! | value, padded to four bytes ...                               |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```
//!
//! Deliberately absent: MESSAGE-INTEGRITY-SHA256 and RFC 3489 messages without the cookie. No
//! WebRTC client sends either.

pub mod attribute;
mod fingerprint;
mod message;
#[cfg(test)]
mod tests;
mod writer;

use attribute::AttributeType;
pub use message::{Message, ReadError};
pub use writer::Writer;

/// Length of the header in bytes.
pub const HEADER: usize = 20;
/// The magic cookie: bytes 4 to 7 of every message (RFC 8489 §5).
pub const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

/// Matches a response to its request. The id of a probe must stay secret until it is answered, so
/// it has to be drawn from a cryptographic random source.
pub type TransactionId = [u8; 12];

/// The class of a message (RFC 8489 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A request, which expects a response.
    Request,
    /// An indication, which expects none.
    Indication,
    /// The response to a request that was granted.
    Success,
    /// The response to a request that was refused.
    Error,
}

/// The method of a message, a number of 12 bits. ICE needs only Binding; TURN has more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method(u16);

impl Method {
    /// Binding: connectivity checks and their responses.
    pub const BINDING: Self = Self(0x001);

    /// Returns the method with this number. Bits above the twelfth are dropped.
    pub const fn new(number: u16) -> Self {
        Self(number & 0x0fff)
    }

    /// The number, from 0 to 0xfff.
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// Splits a message type: the two class bits lie between the twelve method bits (RFC 8489 §5,
/// figure 3).
fn split_type(message_type: u16) -> (Class, Method) {
    let class = match (message_type & 0x0100 != 0, message_type & 0x0010 != 0) {
        (false, false) => Class::Request,
        (false, true) => Class::Indication,
        (true, false) => Class::Success,
        (true, true) => Class::Error,
    };
    let method =
        (message_type & 0x000f) | ((message_type & 0x00e0) >> 1) | ((message_type & 0x3e00) >> 2);
    (class, Method(method))
}

fn join_type(class: Class, Method(method): Method) -> u16 {
    let class = match class {
        Class::Request => 0x0000,
        Class::Indication => 0x0010,
        Class::Success => 0x0100,
        Class::Error => 0x0110,
    };
    class | (method & 0x000f) | ((method & 0x0070) << 1) | ((method & 0x0f80) << 2)
}

/// The value of ERROR-CODE: a number and a reason phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode {
    /// The number, from 300 to 699.
    pub number: u16,
    /// The reason phrase, for people who read packet captures.
    pub reason: &'static str,
}

impl ErrorCode {
    /// The request lacks something (RFC 8489 §14.8).
    pub const BAD_REQUEST: Self = Self {
        number: 400,
        reason: "Bad Request",
    };
    /// The request needs (other) credentials.
    pub const UNAUTHENTICATED: Self = Self {
        number: 401,
        reason: "Unauthenticated",
    };
    /// The request has unknown attributes that must be understood.
    pub const UNKNOWN_ATTRIBUTE: Self = Self {
        number: 420,
        reason: "Unknown Attribute",
    };
    /// Both sides claim the same role (RFC 8445 §7.3.1.1).
    pub const ROLE_CONFLICT: Self = Self {
        number: 487,
        reason: "Role Conflict",
    };
}

/// Returns the receiver's ufrag in a Binding request: the part of USERNAME before ':'.
///
/// The demultiplexer calls this for every STUN datagram, so it only searches for USERNAME and
/// verifies nothing.
pub fn request_ufrag(datagram: &[u8]) -> Option<&str> {
    let [0x00, 0x01, _, _, c0, c1, c2, c3, ..] = datagram else {
        return None;
    };
    if [*c0, *c1, *c2, *c3] != MAGIC_COOKIE {
        return None;
    }
    let mut attributes = datagram.get(HEADER..)?;
    while let [t0, t1, l0, l1, rest @ ..] = attributes {
        let length = usize::from(u16::from_be_bytes([*l0, *l1]));
        if AttributeType(u16::from_be_bytes([*t0, *t1])) == AttributeType::USERNAME {
            let name = std::str::from_utf8(rest.get(..length)?).ok()?;
            return name.split_once(':').map(|(local, _)| local);
        }
        attributes = rest.get(length.next_multiple_of(4)..)?;
    }
    None
}
