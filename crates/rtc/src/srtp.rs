//! SRTP and SRTCP with keys from the DTLS handshake (RFC 3711, RFC 5764, RFC 7714).
//!
//! Packets are sealed and opened in place, in the caller's buffer.

mod cipher;
mod derivation;
mod inbound;
mod keys;
mod outbound;
mod protection;
mod replay;
#[cfg(test)]
mod tests;

pub use inbound::Inbound;
pub use keys::Keys;
pub use outbound::Outbound;
pub use protection::Protection;
pub use replay::Replay;

/// The most bytes by which sealing lengthens a packet: the tag, and the index of SRTCP.
pub const OVERHEAD_MAX: usize = cipher::GCM_TAG + cipher::INDEX;
