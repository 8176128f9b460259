//! A socket's participation, with its connection.

use std::time::Instant;

use model::StreamName;
use room::{ParticipantId, ParticipantKey};
use rtc::ChannelNumber;
use rtp::Kind;
use signaling::dialect::broadcast_recording::{BroadcastId, Label, Names, Role};
use tokio::sync::mpsc;

use crate::control::{ChannelMessage, Control, EventBatch, Offers, Participation, random, unix_ms};

/// Data channels of one client that are answered; a client has two. Texts over further ones are
/// ignored.
const CHANNELS_MAX: usize = 8;

/// A broadcaster or a subscriber in its room.
#[derive(Debug)]
pub(super) struct Participant {
    pub(super) key: ParticipantKey,
    pub(super) stream: StreamName,
    broadcaster: ParticipantId,
    /// The stream that a subscriber is shown.
    shown: Option<StreamName>,
    role: Role,
    events: mpsc::Receiver<EventBatch>,
    offers: Offers,
    channel_messages: mpsc::Receiver<ChannelMessage>,
    channels: Vec<(ChannelNumber, Label)>,
    recording: Option<Recording>,
}

/// An event that no frame of the client causes.
#[derive(Debug)]
pub(super) enum SessionEvent {
    /// Events in the room; `None` when the participation has ended.
    Events(Option<EventBatch>),
    /// An offer of the server for the client.
    Offer(String),
    /// A data channel was opened, or brought a text.
    ChannelMessage(ChannelMessage),
    /// A timeout of the session is due.
    Time,
}

/// A broadcast from its start to its end. Only logged, since nothing is recorded yet.
#[derive(Debug)]
struct Recording {
    id: BroadcastId,
    stream: StreamName,
}

impl Recording {
    fn begin(stream: StreamName) -> Self {
        let id = BroadcastId::new(random::<16>());
        let file = id.file_name(unix_ms() / 1_000);
        tracing::info!(%stream, broadcast = %id, file, "a broadcast begins");
        Self { id, stream }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        tracing::info!(stream = %self.stream, broadcast = %self.id, "a broadcast ends");
    }
}

impl Participant {
    pub(super) fn new(role: Role, names: Names, participation: Participation) -> Self {
        Self {
            key: participation.entrance.key,
            role,
            events: participation.entrance.events,
            offers: participation.offers,
            channel_messages: participation.channel_messages,
            channels: Vec::new(),
            recording: None,
            stream: names.stream,
            broadcaster: names.broadcaster,
            shown: None,
        }
    }

    /// Notes that the client's request was accepted, which starts a broadcast.
    pub(super) fn accepted(&mut self) {
        if self.role == Role::Broadcaster {
            self.recording = Some(Recording::begin(self.stream.clone()));
        }
    }

    /// Waits for the next event; `due` is the session's next timeout. Cancel safe.
    pub(super) async fn next_event(&mut self, due: Option<Instant>) -> SessionEvent {
        let time = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            events = self.events.recv() => SessionEvent::Events(events),
            // Both end with the participation, whose end the arm above reports.
            Some(offer) = self.offers.next() => SessionEvent::Offer(offer),
            Some(what) = self.channel_messages.recv() => SessionEvent::ChannelMessage(what),
            () = time => SessionEvent::Time,
        }
    }

    /// Follows the state of a stream. A subscriber is shown the broadcast once media arrives.
    /// Returns whether it is the broadcast and has video.
    ///
    /// A publisher by another protocol may have given its stream a label, so a subscriber is shown
    /// the first stream of the broadcaster, whatever its name.
    pub(super) fn follow(&mut self, control: &Control, stream: &room::Stream) -> bool {
        let is_it = stream.name == self.stream || stream.participant == self.broadcaster;
        let is_other = |shown: &StreamName| *shown != stream.name;
        if !is_it || !stream.active || self.shown.as_ref().is_some_and(is_other) {
            return false;
        }
        if self.role == Role::Subscriber && control.subscribe(self.key, &stream.name) {
            self.shown = Some(stream.name.clone());
        }
        let mut tracks = stream.tracks.iter();
        // The codec is known once the first packet has arrived.
        tracks.any(|track| track.kind == Kind::Video && track.codec.is_some())
    }

    /// Notes that a stream has ended, so that another one may be shown.
    pub(super) fn removed(&mut self, stream: &StreamName) {
        if self.shown.as_ref() == Some(stream) {
            self.shown = None;
        }
    }

    /// Notes a data channel that the client has opened.
    pub(super) fn opened(&mut self, channel: ChannelNumber, label: &str) {
        if let Some(label) = Label::of(label)
            && self.channels.len() < CHANNELS_MAX
        {
            self.channels.push((channel, label));
        }
    }

    /// The label of a data channel; `None` when it is not one of the protocol.
    pub(super) fn label(&self, channel: ChannelNumber) -> Option<Label> {
        let mut channels = self.channels.iter();
        channels.find_map(|(number, label)| (*number == channel).then_some(*label))
    }

    /// The data channel with this label that was opened last.
    pub(super) fn channel(&self, label: Label) -> Option<ChannelNumber> {
        let mut channels = self.channels.iter().rev();
        channels.find_map(|(number, of)| (*of == label).then_some(*number))
    }
}
