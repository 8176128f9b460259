//! Synthetic publishers and viewers that measure a WHIP and WHEP server: ours or another's.
//!
//! A [`Publisher`] sends what looks like the output of an encoder, from a thread of its own.
//! [`Viewers`] are many receivers on one thread; each has its own UDP socket, connection and
//! decryption, as a real one has. What they saw is a [`Report`].
//!
//! Deliberately absent: decoding. A packet that arrived in time is a good packet.
#![forbid(unsafe_code)]

mod client;
mod link;
mod publisher;
mod reception;
mod report;
mod track;
mod viewers;
mod vp8;

pub use client::{Answered, Client, ClientError};
pub use link::{Link, OpenError};
pub use publisher::{Publisher, Sent, Settings};
pub use report::{Percentiles, Report};
pub use viewers::Viewers;
