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

/// What a shard is told.
#[derive(Debug)]
pub enum Input<'a> {
    /// A UDP payload arrived.
    Datagram {
        /// The local address it was sent to, one of the shard's candidates, and the sender's.
        path: Path,
        /// The UDP payload; it is decrypted in place.
        contents: &'a mut [u8],
    },
    /// The control plane wants something.
    Command(Command),
    /// Another shard forwards.
    Message(ShardMessage),
    /// The ring to this shard is full: skip video for it up to the next key frame.
    RingFull {
        /// The shard that does not keep up.
        shard: usize,
    },
    /// Time passed.
    Timeout,
}

/// Orders of the control plane.
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
        /// What a further offer and its answer settled; `None`: nothing new was negotiated.
        agreed: Option<Box<Agreed>>,
        /// The track mapping from now on.
        tracks: Vec<TrackMapping>,
    },
    /// A viewer's peer.
    Watch {
        /// Its session.
        session: SessionId,
        /// What it watches.
        stream: StreamId,
        /// The shard that has the stream's publisher.
        origin: usize,
        /// The peer.
        peer: Box<Peer>,
        /// Where the outgoing sequence numbers of its m-lines begin; random.
        first_seq: u16,
    },
    /// A peer that gets what [`Command::SetSubscriptions`] says. A unified one also publishes what
    /// [`Command::Renegotiate`] says.
    View {
        /// Its session.
        session: SessionId,
        /// The peer.
        peer: Box<Peer>,
    },
    /// What the lines of a viewer of [`Command::View`] carry from now on: these, and no other.
    SetSubscriptions {
        /// The session.
        session: SessionId,
        /// What its answer to the latest offer settled; `None` when nothing new was offered.
        agreed: Option<Box<Agreed>>,
        /// The lines that are in use.
        lines: Vec<LineSubscription>,
    },
    /// How a viewer wants what a line carries.
    TrackSettings {
        /// The session.
        session: SessionId,
        /// The line.
        line: usize,
        /// Send nothing for now.
        paused: bool,
        /// The best layer that is of use; `None`: any.
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
    /// A stream's publisher is, or will be, on another shard than the last one was.
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
    /// A viewer wants one rid only, or with `None` the best that fits.
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

/// What shards tell each other about a stream. Between two shards it arrives in order.
#[derive(Debug, Clone)]
pub enum ShardMessage {
    /// To the publisher's shard: this one has a viewer, its first. Answered by what the stream
    /// has at present, then by what comes.
    Subscribe {
        /// The stream.
        stream: StreamId,
        /// The shard that asks.
        shard: usize,
    },
    /// To the publisher's shard: this one has no viewer any more.
    Unsubscribe {
        /// The stream.
        stream: StreamId,
        /// The shard that asks.
        shard: usize,
    },
    /// Another source has begun on a layer: it goes on with the next key frame.
    Restart {
        /// The stream.
        stream: StreamId,
        /// Which track.
        kind: Kind,
        /// Which layer.
        layer: usize,
    },
    /// A publisher begins.
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
    /// To the publisher's shard: viewers here need a key frame.
    WantKeyframe {
        /// The stream.
        stream: StreamId,
        /// The layer of its video track.
        layer: usize,
    },
}

/// What a shard wants done.
#[derive(Debug)]
pub enum Output<'a> {
    /// Send datagrams.
    Transmit(Transmit<'a>),
    /// Pass to another shard.
    Message {
        /// Which one.
        shard: usize,
        /// What.
        message: ShardMessage,
    },
    /// Tell the control plane.
    Event(Event),
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClosedReason {
    /// The remote closed the connection.
    Remote,
    /// Nothing was heard from the remote for the configured time.
    Silent,
    /// It never connected.
    NeverConnected,
    /// The control plane ended it.
    Ordered,
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// ICE and DTLS are up.
    Connected {
        /// The session.
        session: SessionId,
        /// How.
        connection: Connection,
        /// The sections that the client may send on, in words for a log.
        received: String,
        /// Those that it is sent, likewise.
        sent: String,
    },
    /// For the first time a datagram of the session changed nothing, for this cause.
    Refused {
        /// The session.
        session: SessionId,
        /// Why.
        refused: Refused,
        /// Where it came from.
        remote: SocketAddr,
        /// SSRC and payload type, of a packet of media.
        source: Option<(u32, u8)>,
    },
    /// The session is over and everything of it is freed.
    Closed {
        /// The session.
        session: SessionId,
        /// Why.
        reason: ClosedReason,
        /// What the peer itself said of its end.
        ended: Option<Ended>,
        /// Since the session came to the shard.
        lasted: Duration,
        /// What went over the connection.
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
        /// Since it began to wait.
        wait: Duration,
    },
    /// A publisher made a key frame that it was asked for.
    Keyframe {
        /// Since it was first asked.
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
    /// A viewer gets this layer from now on. Not told without simulcast.
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
    /// How well a connection does is other than before.
    Quality {
        /// The session.
        session: SessionId,
        /// Over the last seconds.
        quality: Quality,
        /// What the path to a viewer carries.
        bandwidth: Option<Bitrate>,
    },
    /// About once a second for each stream published here.
    Status {
        /// The stream.
        stream: StreamId,
        /// What comes from its publisher.
        heard: Heard,
        /// Its tracks.
        tracks: Vec<TrackStatus>,
    },
}
