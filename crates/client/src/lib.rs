//! A WebRTC client for load generators, simulations and tests, built on a library that shares
//! nothing with the server.
//!
//! The WebRTC library str0m does everything here: ICE, DTLS, SRTP, session descriptions, receiving,
//! and also sending with its own retransmissions and reports. A mistake that the server makes in
//! both directions therefore shows, instead of cancelling itself out. Users of the crate see only
//! [`Peer`], media packets of the `rtp` crate, and datagrams.
//!
//! Deliberately absent: sockets and the clock; trickled candidates and data channels; and any
//! defence against a hostile remote: a client here talks to a server under test.
#![forbid(unsafe_code)]

mod config;
mod dtls;
mod error;
mod extensions;
mod formats;
mod incoming;
mod media;
mod offering;
mod outgoing;
mod peer;

pub use config::{Certificate, Config};
pub use dtls::{Keys, Protection};
pub use error::{Error, WriteError};
pub use media::Media;
pub use offering::{Direction, Offering};
pub use outgoing::{PAYLOAD_BYTES_LIMIT, PAYLOAD_BYTES_MAX};
pub use peer::{Event, Output, Peer, Transmit};
