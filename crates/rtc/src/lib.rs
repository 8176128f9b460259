//! One WebRTC peer: ICE, DTLS, SRTP and SDP as a state machine without IO.
//!
//! This crate is the only one that names the WebRTC library. Outside of it there are
//! [`Peer`], media packets of the `rtp` crate, and datagrams.
//!
//! Deliberately absent: streams, viewers, which packet goes where. A peer sends what it
//! is given and reports what it receives.

mod clock;
mod config;
mod dtls;
mod extensions;
mod formats;
mod offer;
mod peer;
mod sdp;
pub mod srtp;

pub use config::{Certificate, Config};
pub use offer::Offering;
pub use peer::{
    Event, IceCredentials, LAYERS_MAX, Media, Output, PAYLOAD_BYTES_MAX, Peer, Transmit,
    WriteError, host_candidate,
};
pub use sdp::{Direction, OfferError};
