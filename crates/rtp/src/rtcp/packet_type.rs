//! Packet types (RFC 3550 §12.1, RFC 4585 §6.1), and the formats of feedback packets.

pub(super) const SENDER_REPORT: u8 = 200;
pub(super) const RECEIVER_REPORT: u8 = 201;
pub(super) const SOURCE_DESCRIPTION: u8 = 202;
pub(super) const BYE: u8 = 203;
pub(super) const TRANSPORT_FEEDBACK: u8 = 205;
pub(super) const PAYLOAD_FEEDBACK: u8 = 206;

// Formats of feedback packets, which take the place of the count (RFC 4585 §6.1).
pub(super) const NACK: u8 = 1;
pub(super) const TRANSPORT_WIDE: u8 = 15;
pub(super) const PLI: u8 = 1;
pub(super) const FIR: u8 = 4;
