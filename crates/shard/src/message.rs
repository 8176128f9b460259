use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use broadcast::room::Quality;
use broadcast::{Heard, SessionId, TrackStatus};
use rtc::{
    Agreed, ChannelNumber, Connection, Credentials, Ended, Path, Peer, Refused, Traffic, Transmit,
};
use rtp::{Bitrate, DescribedSet, Kind, Packet};

/// Names a stream within one process. Never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

/// An input of a shard.
#[derive(Debug)]
pub enum Input<'a> {
    /// A UDP payload arrived.
    Datagram {
        /// The local address it was sent to, one of the shard's candidates, and the sender's.
        path: Path,
        /// The UDP payload; it is decrypted in place.
        contents: &'a mut [u8],
    },
    /// A command of the control plane.
    Command(Command),
    /// A message of another shard.
    Message(ShardMessage),
    /// The ring to this shard is full: skip video for it up to the next key frame.
    RingFull {
        /// The shard that does not keep up.
        shard: usize,
    },
    /// Time passed.
    Timeout,
}

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
        /// The shard that has the stream's publisher.
        origin: usize,
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
        line: usize,
        /// The viewer wants nothing for now.
        paused: bool,
        /// The rid of the best layer that is of use; `None`: any.
        rid_max: Option<String>,
    },
    /// Sends a text over a data channel; what cannot be sent is lost.
    Write {
        /// The session.
        session: SessionId,
        /// The channel, as [`Event::ChannelOpened`] has named it.
        channel: ChannelNumber,
        /// The text.
        text: String,
    },
    /// The publisher of a stream is, or will be, on another shard than the last one was.
    MoveOrigin {
        /// The stream.
        stream: StreamId,
        /// The shard.
        origin: usize,
    },
    /// Closes a session, and tells its client (BYE, DTLS close).
    Close {
        /// The session.
        session: SessionId,
    },
    /// Restarts ICE; answered by [`Event::IceRestarted`].
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
    /// Index of the line.
    pub line: usize,
    /// The stream.
    pub stream: StreamId,
    /// The shard that has the stream's publisher.
    pub origin: usize,
    /// Which track of it.
    pub kind: Kind,
    /// Where the outgoing sequence numbers begin, should the line not carry it yet; random.
    pub first_seq: u16,
}

/// What shards tell each other about a stream. Messages between two shards arrive in order.
#[derive(Debug, Clone)]
pub enum ShardMessage {
    /// To the origin shard: the first viewer came here. Answered by the present state of the stream
    /// and its cached packets, then by every packet that comes.
    Subscribe {
        /// The stream.
        stream: StreamId,
        /// The shard that asks.
        shard: usize,
    },
    /// To the origin shard: the last viewer left here.
    Unsubscribe {
        /// The stream.
        stream: StreamId,
        /// The shard that asks.
        shard: usize,
    },
    /// Another SSRC sends a layer from now on. Viewers go on with its next key frame.
    Restart {
        /// The stream.
        stream: StreamId,
        /// Which track.
        kind: Kind,
        /// Which layer.
        layer: usize,
    },
    /// A publisher begins a track.
    Begin {
        /// The stream.
        stream: StreamId,
        /// Which track.
        kind: Kind,
        /// Its rids.
        rids: Vec<String>,
        /// Parameter sets that its description carries.
        sets: Arc<[DescribedSet]>,
    },
    /// A packet.
    Packet {
        /// The stream.
        stream: StreamId,
        /// Which track.
        kind: Kind,
        /// Which layer.
        layer: usize,
        /// The packet, shared.
        packet: Arc<Packet>,
    },
    /// The publisher left.
    End {
        /// The stream.
        stream: StreamId,
    },
    /// To the origin shard: viewers here need a key frame.
    WantKeyframe {
        /// The stream.
        stream: StreamId,
        /// The layer of its video track.
        layer: usize,
    },
}

/// An output of a shard.
#[derive(Debug)]
pub enum Output<'a> {
    /// Send datagrams.
    Transmit(Transmit<'a>),
    /// Pass a message to another shard.
    Message {
        /// The other shard.
        shard: usize,
        /// The message.
        message: ShardMessage,
    },
    /// Tell the control plane of an event.
    Event(Event),
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClosedReason {
    /// The remote closed the connection.
    Remote,
    /// Nothing authentic came from the remote for [`Config::silence_timeout`](crate::Config).
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
