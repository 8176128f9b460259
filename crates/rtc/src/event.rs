use std::sync::Arc;
use std::time::Instant;

use ice::Path;
use rtp::{Bitrate, LayerIndex, Packet};

use crate::channel_number::ChannelNumber;
use crate::index::{LineIndex, SectionIndex};
use crate::srtp::Protection;

/// What a peer reports. Every packet is an event, so the enum is small: large and rare payloads are
/// boxed.
#[derive(Debug)]
pub enum Event {
    /// ICE and DTLS are up: media flows.
    Connected(Box<Connection>),
    /// The connection is over.
    Closed(Ended),
    /// An authentic STUN check arrived over this path: its datagrams may belong to this peer.
    Reached(Box<Path>),
    /// Media moves to this path, which a STUN check has validated.
    Selected(Box<Path>),
    /// A media packet from the remote.
    Packet {
        /// The section that it arrived on.
        section: SectionIndex,
        /// Its layer in the section.
        layer: LayerIndex,
        /// The first packet after the layer's source changed or its sequence numbers jumped: it
        /// does not continue the packets before, and its clock may be another one.
        restarted: bool,
        /// The packet.
        packet: Arc<Packet>,
    },
    /// The remote cannot decode and asks for a key frame (RFC 4585 §6.3.1, RFC 5104 §4.3.1).
    KeyframeRequest {
        /// The line that carries what it cannot decode.
        line: LineIndex,
    },
    /// The remote has opened a data channel (RFC 8832).
    ChannelOpened {
        /// Names the channel within this peer.
        channel: ChannelNumber,
        /// The label that the remote gave it.
        label: String,
    },
    /// A text arrived over a data channel. Binary messages are dropped, and so are texts beyond
    /// [`TEXT_BYTES_MAX`](crate::TEXT_BYTES_MAX) and [`TEXTS_PER_SECOND`](crate::TEXTS_PER_SECOND).
    ChannelText {
        /// The channel, as [`Self::ChannelOpened`] named it.
        channel: ChannelNumber,
        /// The text.
        text: String,
    },
    /// NACKs (RFC 4585 §6.2.1) since the last such event.
    Nacks {
        /// True: sent to a publisher; false: received from a viewer.
        sent: bool,
        /// Number of NACKs.
        count: u64,
    },
    /// The estimate of the path to the remote changed.
    Estimate {
        /// The bandwidth that the path has been shown to carry.
        bandwidth: Bitrate,
        /// The path queues or drops this peer's packets now.
        congested: bool,
    },
}

/// How a peer is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    /// The first path that media takes.
    pub path: Path,
    /// The negotiated DTLS version.
    pub version: dtls::Version,
    /// The negotiated SRTP profile.
    pub protection: Protection,
}

/// Why a connection is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The remote closed it.
    Closed,
    /// The DTLS handshake failed.
    Handshake(dtls::Error),
    /// The owner's deadline for the connection passed at this stage.
    Unfinished(Stage),
}

impl Ended {
    /// Returns the value for a metric's label.
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
    /// No authentic STUN check has arrived.
    NotReached,
    /// STUN checks arrived and were answered, but no DTLS has arrived.
    Checked,
    /// The DTLS handshake has begun.
    Handshaking,
    /// ICE and DTLS are up.
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
                "no STUN check of the client arrived: is the media port open to it over UDP?"
            }
            Self::Checked => {
                "STUN checks were answered, but no DTLS arrived: do the answers reach the client?"
            }
            Self::Handshaking => "the DTLS handshake did not finish: are large datagrams lost?",
            Self::Connected => "it was connected",
        })
    }
}

/// An output of a peer.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "lives on the stack for one loop turn; boxing would allocate per packet"
)]
pub enum Output {
    /// Something for the owner to handle.
    Event(Event),
    /// All events were taken. Call [`Peer::handle_timeout`](crate::Peer::handle_timeout) at this
    /// time; `None`: no timer is running.
    Timeout(Option<Instant>),
}
