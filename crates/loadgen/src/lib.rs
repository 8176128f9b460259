//! Synthetic publishers and viewers that measure a WHIP and WHEP server: Headwater or any other.
//!
//! [`Publishers`] send packets that look like the output of an encoder. [`Viewers`] are many
//! receivers on one thread; each has its own UDP socket and connection, as a real viewer has. A
//! [`Report`] holds what they measured.
//!
//! Deliberately absent: decoding. A packet that arrived in time is a good packet.
#![forbid(unsafe_code)]

mod answer;
mod arrivals;
pub mod bench;
mod codec;
mod http;
mod ivf;
mod link;
mod publisher;
mod publishers;
mod receiver;
mod reception;
mod report;
mod stamp;
mod track;
mod viewers;
mod worker;

pub use codec::Cut;
pub use http::{Answered, Client, ClientError};
pub use ivf::{Video, VideoError};
pub use link::{Link, OpenError};
pub use publisher::{Sent, Settings};
pub use publishers::Publishers;
pub use receiver::{Media, Receiver, srtp_keys};
pub use report::{Durations, Report, STALL};
pub use viewers::{Idle, Viewers};
