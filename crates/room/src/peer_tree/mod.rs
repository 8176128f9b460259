//! Broadcasts whose media goes from browser to browser over a [tree]: each peer that
//! receives a broadcast passes it on to a few others. The server places the peers and passes on
//! their signalling; it sees no media.
//!
//! [`Broadcasts`] holds all broadcasts of a process as one state machine. It takes the requests of
//! peers, and returns [`Output`]s to carry out. The caller takes all outputs after each call, and
//! calls [`Broadcasts::handle_timeout`] at [`Broadcasts::poll_timeout`]. A peer is in one broadcast
//! at a time, as its owner or as a receiver.
//!
//! A peer joins with an offer, which goes to a parent; the parent's answer goes back. A browser
//! can pass on only the stream that it has when it answers, and never another one. Two things
//! follow:
//!
//! - Only a peer with media becomes a parent: the owner, and a peer that was answered
//!   [`READY_AFTER`] ago. An offer waits until there is one.
//! - When a peer leaves, all peers below it lose the stream for good, not only its children. All
//!   are told to join again.
//!
//! A parent that does not answer within [`ANSWER_MAX`] is passed over: the offer goes to another.
//!
//! Offers, answers and candidates are passed on as text and not read.

mod broadcast;
mod broadcasts;
mod context;
mod error;
mod event;
mod joining;
mod leaving;
mod limits;
mod listing;
mod signals;
mod watching;

pub use broadcasts::Broadcasts;
pub use error::Error;
pub use event::{Event, Output, PeerId, TreeNode};
pub use joining::Join;
pub use limits::{ANSWER_MAX, ASKED_MAX, Limits, PUSHED_AT_ONCE, READY_AFTER, RETRY_EVERY};

#[cfg(test)]
mod tests;
