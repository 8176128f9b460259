use std::fmt;

/// Where the core takes random numbers from.
///
/// A server passes the operating system's cryptographic source: ids of sessions must not be
/// guessed. A simulation passes a seeded one.
pub trait Random: fmt::Debug + Send {
    /// Fills all of `bytes`.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// 128 random bits.
pub(crate) fn bits128(random: &mut dyn Random) -> u128 {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    u128::from_le_bytes(bytes)
}

/// 16 random bits, such as the sequence number at which a source begins (RFC 3550 §5.1).
pub(crate) fn bits16(random: &mut dyn Random) -> u16 {
    let mut bytes = [0; 2];
    random.fill(&mut bytes);
    u16::from_le_bytes(bytes)
}
