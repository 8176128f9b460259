/// The quality of a participant's connection. Crate `shard` measures it, with these thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quality {
    /// Not measured: there is no media.
    Unknown,
    /// At most 2 % of packets are lost, and the round trip takes at most 300 ms.
    Good,
    /// At most 8 % of packets are lost, and the round trip takes at most 600 ms.
    Fair,
    /// More packets are lost, or the round trip takes longer.
    Poor,
}
