use std::sync::Arc;
use std::time::Instant;

use ice::Path;
use rtp::{Bitrate, Packet};

use crate::channels::ChannelNumber;
use crate::srtp::Protection;

/// What a peer reports. Small, since every packet is one: what is large and seldom stands apart.
#[derive(Debug)]
pub enum Event {
    /// DTLS is up: media flows.
    Connected(Box<Connection>),
    /// The connection is over.
    Closed(Ended),
    /// An authentic check has come over this path: its datagrams may be this peer's.
    Reached(Box<Path>),
    /// Media goes over this path from now on, which has been proved.
    Selected(Box<Path>),
    /// A media packet from the remote.
    Packet {
        /// Index of the section in [`Peer::received`](crate::Peer::received).
        media: usize,
        /// Index into the section's rids; 0 without simulcast.
        layer: usize,
        /// Another source than before has begun on this layer: its numbers and its clock have
        /// nothing to do with those before.
        restarted: bool,
        /// The packet.
        packet: Arc<Packet>,
    },
    /// The remote cannot decode and asks for a key frame (RFC 4585 §6.3.1, RFC 5104 §4.3.1).
    KeyframeRequest {
        /// Index of the line in [`Peer::sent`](crate::Peer::sent).
        media: usize,
    },
    /// The remote has opened a data channel (RFC 8832).
    ChannelOpened {
        /// Its number in this peer.
        channel: ChannelNumber,
        /// Its label.
        label: String,
    },
    /// A text came over a data channel. What is no text is left out, and what is more than
    /// [`TEXT_BYTES_MAX`](crate::TEXT_BYTES_MAX) and [`TEXTS_PER_SECOND`](crate::TEXTS_PER_SECOND).
    ChannelText {
        /// Which channel.
        channel: ChannelNumber,
        /// The text.
        text: String,
    },
    /// NACKs (RFC 4585 §6.2.1) since the last such event.
    Nacks {
        /// Sent to a publisher, else received from a viewer.
        sent: bool,
        /// How many.
        count: u64,
    },
    /// What is known of the path to the remote.
    Estimate {
        /// How much it can carry, as far as it was probed.
        bandwidth: Bitrate,
        /// It queues or drops packets now.
        congested: bool,
    },
}

/// How a peer is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    /// The path of the handshake.
    pub path: Path,
    /// The version of DTLS.
    pub version: dtls::Version,
    /// How media is protected.
    pub protection: Protection,
}

/// Why a connection is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The remote closed it.
    Closed,
    /// DTLS failed.
    Handshake(dtls::Error),
    /// The owner's time for it to come up is over; it had come this far.
    Unfinished(Stage),
}

impl Ended {
    /// A value for a metric's label.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Handshake(error) => error.label(),
            Self::Unfinished(Stage::NotReached) => "not_reached",
            Self::Unfinished(Stage::Checked) => "no_handshake",
            Self::Unfinished(Stage::Handshaking) => "handshake_unfinished",
            Self::Unfinished(Stage::Connected) => "connected",
        }
    }
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// No authentic check has come.
    NotReached,
    /// Checks have come, and were answered; nothing of DTLS has.
    Checked,
    /// DTLS has begun.
    Handshaking,
    /// DTLS is up.
    Connected,
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Closed => f.write_str("closed by the client"),
            Self::Handshake(error) => write!(f, "DTLS: {error}"),
            Self::Unfinished(stage) => stage.fmt(f),
        }
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotReached => {
                "no STUN check of the client has come: is the media port open to it by UDP?"
            }
            Self::Checked => {
                "STUN checks were answered, and no DTLS has come: do the answers reach the client?"
            }
            Self::Handshaking => "DTLS has begun and did not end: are large datagrams lost?",
            Self::Connected => "it was connected",
        })
    }
}

/// What a peer wants done.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "lives on the stack for one loop turn; boxing would allocate per packet"
)]
pub enum Output {
    /// Look at this.
    Event(Event),
    /// Nothing more now; call [`Peer::handle_timeout`](crate::Peer::handle_timeout) at this time,
    /// if there is one.
    Timeout(Option<Instant>),
}
