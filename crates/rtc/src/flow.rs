use std::fmt;

/// Media counters of one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flow {
    /// Packets, each counted once: repeats by retransmission are not counted.
    pub packets: u64,
    /// Payload bytes of these packets.
    pub bytes: u64,
    /// Packets lost in transit, as far as the receiving end knows. Packets that a retransmission
    /// recovered later may be included.
    pub lost: u64,
}

/// Media counters of a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// From the remote.
    pub received: Flow,
    /// To the remote.
    pub sent: Flow,
}

impl Flow {
    /// Returns the share of lost packets in percent.
    pub fn lost_percent(&self) -> f64 {
        let all = self.packets.max(self.lost).max(1);
        self.lost as f64 * 100.0 / all as f64
    }
}

impl fmt::Display for Flow {
    /// Such as `1234 packets, 1.2 MB, 0.3 % lost`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let megabytes = self.bytes as f64 / 1e6;
        let lost = self.lost_percent();
        let packets = self.packets;
        write!(f, "{packets} packets, {megabytes:.1} MB, {lost:.1} % lost")
    }
}
