//! The protocol of Pion_SFU, `docs/protocol/pion-sfu.md`: rooms in which everybody has one
//! connection, over which both sides offer.
//!
//! A frame is one JSON object with its kind in `event`. There are no ids and no errors.

mod read;
mod write;

pub use read::{Call, Identity, Named, Request, Unreadable, read};
pub use write::{answer, candidates, offer};

#[cfg(test)]
mod tests;
