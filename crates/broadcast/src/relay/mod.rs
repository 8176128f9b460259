//! Broadcasts whose media goes from browser to browser, over a [tree](crate::tree): each peer that
//! gets one passes it on to a few others. The server places the peers and passes on what two of
//! them need to find each other; it sees no media.
//!
//! [`Broadcasts`] is all of a process as one state machine. It takes what peers want, and gives
//! [`Output`]s to carry out. The caller takes all outputs after each call, and calls
//! [`Broadcasts::handle_timeout`] at [`Broadcasts::poll_timeout`]. A peer is in one broadcast at a
//! time, as its owner or as somebody who gets it.
//!
//! Somebody joins with an offer, which goes to a parent; the parent's answer goes back. A browser
//! passes on what it has at that moment, and nothing else ever. Two things follow:
//!
//! - Only who has media becomes a parent: the owner, and whoever was answered [`READY_AFTER`] ago.
//!   An offer waits until there is one.
//! - When a peer goes, all below it lose the stream for good, and not its children alone. All are
//!   told to join again.
//!
//! A parent that says nothing for [`ANSWER_MAX`] is passed over: the offer goes to another one.
//!
//! Offers, answers and candidates are texts that nobody here reads.

mod broadcast;
mod broadcasts;
mod context;
mod error;
mod event;
mod joining;
mod leaving;
mod limits;
mod signals;
mod watching;

pub use broadcasts::Broadcasts;
pub use error::Error;
pub use event::{Event, Output, PeerId, TreeNode};
pub use joining::Join;
pub use limits::{ANSWER_MAX, ASKED_MAX, Limits, PUSHED_AT_ONCE, READY_AFTER, RETRY_EVERY};

#[cfg(test)]
mod tests;
