use std::sync::Arc;

use contract::Command;
use model::{Restarted, SessionId, ShardId, StreamName};
use room::{Event, ParticipantKey, Topology, WebhookEvent, direct, peer_tree};
use rtc::ChannelNumber;
use rtp::Kind;

/// Events for a participant, in order. The last one that it gets is [`Event::Ended`].
pub type EventBatch = Arc<[Event]>;

/// What the caller has to carry out, in order.
#[derive(Debug)]
pub enum Output {
    /// Send a command to a shard.
    Command {
        /// The shard.
        shard: ShardId,
        /// The command.
        command: Command,
    },
    /// Tell participants of events: the same to each of them.
    Deliver {
        /// Ascending; at least one.
        to: Vec<ParticipantKey>,
        /// At least one.
        events: EventBatch,
    },
    /// Pass an offer of the server to a participant. It takes the place of any earlier one that was
    /// not answered.
    Offer {
        /// The participant.
        to: ParticipantKey,
        /// The offer.
        offer: Offer,
    },
    /// Tell a participant that one of its peers has ended. Of a subscriber peer another offer
    /// follows; a publisher peer is for the participant to make anew.
    PeerLost {
        /// The participant.
        to: ParticipantKey,
        /// The peer.
        peer: PeerKind,
    },
    /// Tell a participant which layer of a stream it gets from now on.
    Layer {
        /// The participant.
        to: ParticipantKey,
        /// The stream.
        stream: StreamName,
        /// The layer's rid.
        rid: String,
    },
    /// Pass on what came over a data channel of a participant.
    ChannelMessage {
        /// The participant.
        from: ParticipantKey,
        /// What came.
        message: ChannelMessage,
    },
    /// Forget a participation: its last event was delivered before, and nothing follows.
    Ended {
        /// The participation.
        participant: ParticipantKey,
    },
    /// The layer of a viewer outside rooms, or [the status](crate::Core::stream) of a stream, is
    /// another than before.
    Changed(Changed),
    /// ICE of a session was restarted, as [`Core::restart_ice`](crate::Core::restart_ice) asked.
    IceRestarted {
        /// The session.
        session: SessionId,
        /// What its client has to know.
        restarted: Restarted,
    },
    /// Send an event to clients of rooms from a host to viewers.
    Direct(direct::Output),
    /// Do what such a room needs of the server, where its media goes through it.
    DirectTask(direct::Task),
    /// Send an event to peers of a broadcast over a tree.
    Tree(peer_tree::Output),
    /// Something that the log and webhooks tell.
    Fact(Fact),
}

/// What others may follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// A stream, or its number of viewers.
    Stream(StreamName),
    /// The layer that a viewer outside rooms gets.
    Layer(SessionId),
    /// A session outside rooms has ended.
    Ended(SessionId),
}

/// An offer of the server to one participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Counts the offers to this participant, also over peers that were made anew.
    pub number: u32,
    /// The SDP.
    pub sdp: String,
    /// What its m-lines carry.
    pub lines: Vec<OfferedLine>,
}

/// What one m-line of an offer carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedLine {
    /// The line's `a=mid`.
    pub mid: String,
    /// The stream.
    pub stream: StreamName,
    /// Which track of it.
    pub kind: Kind,
}

/// What a peer of a participant is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PeerKind {
    /// All streams that the participant publishes.
    Publisher,
    /// All streams that it views.
    Subscriber,
    /// Both.
    Unified,
    /// One stream, that it publishes or views.
    OneStream,
}

/// What came over a data channel of a participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelMessage {
    /// The participant has opened a channel with this label.
    Opened(ChannelNumber, String),
    /// A text.
    Text(ChannelNumber, String),
}

/// Something that the log and webhooks tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Something happened in a room.
    Room {
        /// The way of the room's media.
        topology: Topology,
        /// What happened.
        event: WebhookEvent,
    },
    /// A publisher was replaced by another, which showed that it is the same person, or came after
    /// the first was gone.
    PublisherReplaced {
        /// Its stream.
        stream: StreamName,
    },
    /// A stream that a participant sends over its unified peer is not taken.
    StreamRefused {
        /// The name that it would have.
        stream: StreamName,
        /// Why.
        why: String,
    },
    /// A participant is shown as many tracks as a peer can carry: this one is left out.
    LinesFull {
        /// The participant.
        participant: ParticipantKey,
        /// The stream of the track.
        stream: StreamName,
    },
    /// The server has as many sessions as it may have: a participant views nothing.
    NoSubscriberPeer {
        /// The participant.
        participant: ParticipantKey,
    },
}
