use std::fmt;

/// How much media went one way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flow {
    /// Packets, those of retransmissions not counted.
    pub packets: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// Packets that were lost on the way, as far as its end told: also those that came later by
    /// retransmission.
    pub lost: u64,
}

/// How much media went over a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// From the remote.
    pub received: Flow,
    /// To the remote.
    pub sent: Flow,
}

impl Flow {
    /// Lost packets of a hundred.
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
