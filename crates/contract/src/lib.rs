//! What the control plane tells shards, and what they tell back.
//!
//! The two planes know nothing of each other but this: `session` makes [`Command`]s, `shard`
//! carries them out and reports [`Event`]s.

mod command;
mod event;

pub use command::{Command, LineSubscription, TrackMapping};
pub use event::{ClosedReason, Event};
