//! Random numbers for identifiers on the wire.

// These numbers must not be predictable, so they come from the cryptographic source.
use aws_lc_rs::rand as secure_random;

/// Returns a random number, for example for an SSRC (RFC 3550 §8.1).
pub(crate) fn u32() -> u32 {
    let mut bytes = [0; 4];
    secure_random::fill(&mut bytes).expect("the system has randomness");
    u32::from_ne_bytes(bytes)
}
