use std::time::Instant;

/// The present, on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// For everything that is due, and never goes back.
    pub instant: Instant,
    /// What participants are shown: milliseconds since 1970.
    pub unix_ms: u64,
}
