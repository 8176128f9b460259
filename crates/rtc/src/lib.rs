//! One WebRTC peer: ICE, DTLS, SRTP and SDP as a state machine without IO.
//!
//! A [`Negotiator`] turns offers and answers into an [`Agreed`] outcome. A [`Peer`] is built from
//! that outcome and joins an ICE agent, a DTLS endpoint, a receiver and a sender behind one input
//! and one output.
//!
//! Deliberately absent: streams, viewers and routing. A peer sends the packets that it is given and
//! reports the packets that it receives.

mod channel_number;
mod channels;
mod clock;
mod config;
mod congestion;
mod datagrams;
mod early;
mod event;
mod extensions;
mod flow;
mod formats;
pub mod fuzz;
mod index;
mod media;
mod negotiator;
mod offer_error;
mod outlet;
mod peer;
mod random;
pub mod receiver;
mod refused;
mod sender;
pub mod srtp;
mod wall_clock;
mod window;

pub use channel_number::ChannelNumber;
pub use channels::{CHANNELS_MAX, TEXT_BYTES_MAX, TEXTS_PER_SECOND};
pub use config::{Config, host_candidates};
pub use datagrams::{Datagrams, PAYLOAD_BYTES_MAX, Transmit};
pub use dtls::Identity;
pub use event::{Connection, Ended, Event, Output, Stage};
pub use extensions::ExtensionIds;
pub use flow::{Flow, Traffic};
pub use ice::{Credentials, Path};
pub use index::{LineIndex, SectionIndex};
pub use media::Media;
pub use negotiator::{
    Agreed, AgreedLine, Answered, Expected, LINES_MAX, Negotiator, OutgoingTrack,
    PUBLISHED_SECTIONS_MAX, Role, SentTrack, media_sections, sent_tracks,
};
pub use offer_error::OfferError;
pub use peer::Peer;
pub use receiver::{Cause, LAYERS_MAX};
pub use refused::Refused;
pub use sender::WriteError;
pub use wall_clock::WallClock;
