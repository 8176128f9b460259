use std::sync::Arc;

use contract::{Command, Event};
use model::{ShardId, StreamId};
use rtc::{Path, Transmit};
use rtp::{DescribedSet, Kind, LayerIndex, Packet};

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
        shard: ShardId,
    },
    /// Time passed.
    Timeout,
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
        shard: ShardId,
    },
    /// To the origin shard: the last viewer left here.
    Unsubscribe {
        /// The stream.
        stream: StreamId,
        /// The shard that asks.
        shard: ShardId,
    },
    /// Another SSRC sends a layer from now on. Viewers go on with its next key frame.
    Restart {
        /// The stream.
        stream: StreamId,
        /// Which track.
        kind: Kind,
        /// Which layer.
        layer: LayerIndex,
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
        layer: LayerIndex,
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
        layer: LayerIndex,
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
        shard: ShardId,
        /// The message.
        message: ShardMessage,
    },
    /// Tell the control plane of an event.
    Event(Event),
}
