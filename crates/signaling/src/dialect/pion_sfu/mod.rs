//! The protocol of Pion_SFU, `docs/protocol/pion-sfu.md`: rooms in which each participant has one
//! peer connection, on which both sides may offer.
//!
//! A frame is one JSON object with its kind in `event`. There are no ids and no errors.

mod read;
mod write;

pub use read::{Call, Identity, Named, Request, Unreadable, read};
pub use write::{answer, candidates, offer};

#[cfg(test)]
mod tests;
