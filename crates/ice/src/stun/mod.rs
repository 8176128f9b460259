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
mod header;
mod message;
#[cfg(test)]
mod tests;
mod writer;

use attribute::AttributeType;
pub use header::{Class, HEADER, MAGIC_COOKIE, Method, TransactionId};
pub use message::{Message, ReadError};
pub use writer::Writer;

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
