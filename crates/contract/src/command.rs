use model::{Location, SessionId, StreamId};
use rtc::{Agreed, ChannelNumber, Credentials, LineIndex, Peer};
use rtp::Kind;

/// Commands of the control plane.
#[derive(Debug)]
pub enum Command {
    /// A publisher's peer, ready for its first datagram. Replaces its streams' publishers.
    Publish {
        /// Its session.
        session: SessionId,
        /// Its track mapping: the stream of each m-line.
        tracks: Vec<TrackMapping>,
        /// The peer.
        peer: Box<Peer>,
    },
    /// The publisher's track mapping changed.
    Renegotiate {
        /// The session.
        session: SessionId,
        /// The outcome of a further offer and its answer; `None`: nothing new was negotiated.
        agreed: Option<Box<Agreed>>,
        /// The track mapping from now on.
        tracks: Vec<TrackMapping>,
    },
    /// A viewer's peer, and the one stream that it watches.
    Watch {
        /// Its session.
        session: SessionId,
        /// The stream.
        stream: StreamId,
        /// Where its publisher is.
        origin: Location,
        /// The peer.
        peer: Box<Peer>,
        /// Where the outgoing sequence numbers of its m-lines begin; random.
        first_seq: u16,
    },
    /// A peer that is sent what [`Command::SetSubscriptions`] says. A unified peer also publishes
    /// what [`Command::Renegotiate`] says.
    View {
        /// Its session.
        session: SessionId,
        /// The peer.
        peer: Box<Peer>,
    },
    /// Replaces what the lines of a peer of [`Command::View`] carry.
    SetSubscriptions {
        /// The session.
        session: SessionId,
        /// The outcome of the latest offer; `None` when nothing new was offered.
        agreed: Option<Box<Agreed>>,
        /// All lines that are in use.
        lines: Vec<LineSubscription>,
    },
    /// How a viewer wants what a line carries.
    TrackSettings {
        /// The session.
        session: SessionId,
        /// The line.
        line: LineIndex,
        /// The viewer wants nothing for now.
        paused: bool,
        /// The rid of the best layer that is of use; `None`: any.
        rid_max: Option<String>,
    },
    /// Sends a text over a data channel; what cannot be sent is lost.
    Write {
        /// The session.
        session: SessionId,
        /// The channel, as [`Event::ChannelOpened`](crate::Event::ChannelOpened) has named it.
        channel: ChannelNumber,
        /// The text.
        text: String,
    },
    /// The publisher of a stream is, or will be, on another shard than the last one was.
    MoveOrigin {
        /// The stream.
        stream: StreamId,
        /// Where it is.
        origin: Location,
    },
    /// Closes a session, and tells its client (BYE, DTLS close).
    Close {
        /// The session.
        session: SessionId,
    },
    /// Restarts ICE; answered by [`Event::IceRestarted`](crate::Event::IceRestarted).
    RestartIce {
        /// The session.
        session: SessionId,
        /// The remote's new credentials.
        remote: Credentials,
    },
    /// A viewer wants one rid alone, or with `None` the best that its bandwidth allows.
    PinLayer {
        /// The session.
        session: SessionId,
        /// The rid.
        rid: Option<String>,
    },
    /// Ends every session.
    CloseAll,
}

/// An m-line of a publisher, and the stream that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackMapping {
    /// The line's `a=mid`.
    pub mid: String,
    /// The stream; its track of the line's kind.
    pub stream: StreamId,
}

impl TrackMapping {
    /// All lines of a peer make one stream.
    pub fn all(peer: &Peer, stream: StreamId) -> Vec<Self> {
        let track = |media: &rtc::Media| Self {
            mid: media.mid().to_owned(),
            stream,
        };
        peer.received().iter().map(track).collect()
    }
}

/// What one line of a viewer carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineSubscription {
    /// The line.
    pub line: LineIndex,
    /// The stream.
    pub stream: StreamId,
    /// Where its publisher is.
    pub origin: Location,
    /// Which track of it.
    pub kind: Kind,
    /// Where the outgoing sequence numbers begin, should the line not carry it yet; random.
    pub first_seq: u16,
}
