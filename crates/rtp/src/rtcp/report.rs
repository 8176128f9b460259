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
