//! RTCP as both ends of a media stream write and read it: reports, CNAME, BYE, NACK, requests for
//! key frames and transport-wide feedback (RFC 3550 §6, RFC 4585 §6, RFC 5104 §4.3.1,
//! draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).
//!
//! Deliberately absent: reading source descriptions, and writing FIR or the report blocks of a
//! sender report.

mod read;
mod transport_feedback;
mod write;

pub use read::{Lost, Received, read};
pub use transport_feedback::{TransportFeedback, write_transport_feedback};
pub use write::{
    write_bye, write_cname, write_nack, write_pli, write_receiver_report, write_sender_report,
};

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;

// Formats of feedback packets, which take the place of the count (RFC 4585 §6.1).
const NACK: u8 = 1;
const TRANSPORT_WIDE: u8 = 15;
const PLI: u8 = 1;
const FIR: u8 = 4;

/// What a receiver reports about one source (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// SSRC of the source.
    pub ssrc: u32,
    /// Share of packets lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost so far; written as at most 0x7f_ffff, in 24 bits.
    pub lost: u32,
    /// Highest sequence number received, extended by the number of its wraps.
    pub highest_seq: u32,
    /// Interarrival jitter, in units of the RTP timestamp.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time in the source's last sender report; 0 without one.
    pub last_report: u32,
    /// Time since that report arrived, in 1/65,536 s.
    pub since_report: u32,
}

/// What a source reports about itself (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SenderReport {
    /// SSRC of the source.
    pub ssrc: u32,
    /// NTP time of the report: seconds since 1900 in the high 32 bits, their fraction in the low.
    pub ntp: u64,
    /// The same moment as an RTP timestamp of the source.
    pub timestamp: u32,
    /// Packets sent so far; wraps.
    pub packets: u32,
    /// Bytes of payload sent so far, without headers and padding; wraps.
    pub bytes: u32,
}
