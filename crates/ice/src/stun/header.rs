//! The header of a message: type, cookie and transaction id.

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
pub(super) fn split_type(message_type: u16) -> (Class, Method) {
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

/// Joins class and method into a message type, the inverse of [`split_type`].
pub(super) fn join_type(class: Class, Method(method): Method) -> u16 {
    let class = match class {
        Class::Request => 0x0000,
        Class::Indication => 0x0010,
        Class::Success => 0x0100,
        Class::Error => 0x0110,
    };
    class | (method & 0x000f) | ((method & 0x0070) << 1) | ((method & 0x0f80) << 2)
}
