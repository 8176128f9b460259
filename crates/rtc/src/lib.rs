//! One WebRTC peer: ICE, DTLS, SRTP and SDP as a state machine without IO.
//!
//! This crate is the only one that names the WebRTC library. Outside of it there are
//! [`Peer`], media packets of the `rtp` crate, and datagrams.
//!
//! Deliberately absent: streams, viewers, which packet goes where. A peer sends what it
//! is given and reports what it receives.

mod channels;
mod clock;
mod config;
mod congestion;
mod datagrams;
mod dialogue;
mod dtls;
mod extensions;
mod formats;
mod incoming;
mod media;
mod negotiation;
mod offer;
mod peer;
mod sdp;
mod sender;
pub mod srtp;
#[cfg(test)]
mod tests;
mod wall_clock;
mod window;

pub use channels::{CHANNELS_MAX, ChannelNumber, TEXT_BYTES_MAX, TEXTS_PER_SECOND};
pub use config::{Certificate, Config};
pub use datagrams::{Datagrams, Transmit};
pub use dialogue::{Dialogue, Ends, Expected};
pub use media::{LAYERS_MAX, Media};
pub use negotiation::{Agreed, AgreedLine, LINES_MAX, Negotiation, OutgoingTrack};
pub use offer::Offering;
pub use peer::{
    Event, IceCredentials, Output, PAYLOAD_BYTES_MAX, PUBLISHED_LINES_MAX, Peer, host_candidate,
};
pub use sdp::{Direction, OfferError, SentTrack, lines, sent_tracks};
pub use sender::WriteError;
pub use wall_clock::WallClock;
