use std::net::SocketAddr;
use std::time::Duration;

use model::{Heard, Quality, SessionId, StreamId, TrackStatus};
use rtc::{ChannelNumber, Connection, Credentials, Ended, Refused, Traffic};
use rtp::Bitrate;

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClosedReason {
    /// The remote closed the connection.
    Remote,
    /// Nothing authentic came from the remote for the shard's silence timeout.
    Silent,
    /// It never connected.
    NeverConnected,
    /// The control plane closed it.
    Ordered,
}

/// An event for the control plane.
#[derive(Debug)]
pub enum Event {
    /// ICE and DTLS have connected.
    Connected {
        /// The session.
        session: SessionId,
        /// Path, DTLS version and SRTP profile.
        connection: Connection,
        /// The negotiated sections that the client may send on, in words for a log.
        received: String,
        /// Those that it is sent, likewise.
        sent: String,
    },
    /// A datagram of the session was refused, for the first time for this cause.
    Refused {
        /// The session.
        session: SessionId,
        /// The cause.
        refused: Refused,
        /// Where it came from.
        remote: SocketAddr,
        /// SSRC and payload type, of a packet of media.
        source: Option<(u32, u8)>,
    },
    /// The session is over, and its state is freed.
    Closed {
        /// The session.
        session: SessionId,
        /// Why.
        reason: ClosedReason,
        /// Why the peer itself ended, if it did.
        ended: Option<Ended>,
        /// Time since the session came to the shard.
        lasted: Duration,
        /// Bytes, packets and losses of the connection.
        traffic: Traffic,
    },
    /// ICE was restarted.
    IceRestarted {
        /// The session.
        session: SessionId,
        /// New local credentials.
        local: Credentials,
    },
    /// A viewer got its first picture, or the first after a publisher's return.
    FirstPicture {
        /// The session.
        session: SessionId,
        /// How long it waited.
        wait: Duration,
    },
    /// A publisher sent a key frame that it was asked for.
    Keyframe {
        /// Time since it was first asked.
        wait: Duration,
    },
    /// The client has opened a data channel.
    ChannelOpened {
        /// The session.
        session: SessionId,
        /// Names the channel in its session.
        channel: ChannelNumber,
        /// The channel's label.
        label: String,
    },
    /// A text came over a data channel.
    ChannelText {
        /// The session.
        session: SessionId,
        /// The channel.
        channel: ChannelNumber,
        /// The text.
        text: String,
    },
    /// A viewer gets another layer from now on. Only with simulcast.
    Layer {
        /// The session.
        session: SessionId,
        /// The stream.
        stream: StreamId,
        /// The layer's rid.
        rid: String,
    },
    /// The participant starts or stops speaking, or its audio level has changed.
    AudioLevel {
        /// The stream.
        stream: StreamId,
        /// From 0, silent, to 127, full scale; `None`: silence.
        level: Option<u8>,
    },
    /// The quality of a connection has changed.
    Quality {
        /// The session.
        session: SessionId,
        /// Over the last seconds.
        quality: Quality,
        /// Estimated bandwidth of the path to a viewer; `None` for a publisher.
        bandwidth: Option<Bitrate>,
    },
    /// The state of a stream that is published here, about once a second.
    Status {
        /// The stream.
        stream: StreamId,
        /// Whether its publisher's media arrives.
        heard: Heard,
        /// Its tracks.
        tracks: Vec<TrackStatus>,
    },
}
