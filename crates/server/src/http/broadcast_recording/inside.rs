//! A socket's participation, with its connection.

use std::time::Instant;

use broadcast::StreamName;
use broadcast::room::{self, ParticipantId, ParticipantKey};
use rtc::ChannelNumber;
use rtp::Kind;
use signaling::dialect::broadcast_recording::{BroadcastId, Label, Names, Role};
use tokio::sync::mpsc;

use crate::control::{ChannelMessage, Control, EventBatch, Offers, Participation, random, wall_ms};

/// Data channels of one client that are answered; it has two. Texts over further ones are left out.
const CHANNELS_MAX: usize = 8;

/// Somebody who broadcasts or subscribes.
#[derive(Debug)]
pub(super) struct Inside {
    pub(super) key: ParticipantKey,
    pub(super) stream: StreamName,
    broadcaster: ParticipantId,
    /// What a subscriber is shown.
    shown: Option<StreamName>,
    role: Role,
    events: mpsc::Receiver<EventBatch>,
    offers: Offers,
    channel_messages: mpsc::Receiver<ChannelMessage>,
    channels: Vec<(ChannelNumber, Label)>,
    recording: Option<Recording>,
}

/// What happens without a frame.
#[derive(Debug)]
pub(super) enum SessionEvent {
    /// Something in the room. `None`: the participation is over.
    Events(Option<EventBatch>),
    /// It is time for an offer.
    Offer(String),
    /// Something over a data channel.
    ChannelMessage(ChannelMessage),
    /// It is time for something.
    Time,
}

/// A broadcast from its beginning to its end: where its recording begins and ends, once there are
/// recordings.
#[derive(Debug)]
struct Recording {
    id: BroadcastId,
    stream: StreamName,
}

impl Recording {
    fn begin(stream: StreamName) -> Self {
        let id = BroadcastId::new(random::<16>());
        let file = id.file_name(wall_ms() / 1_000);
        tracing::info!(%stream, broadcast = %id, file, "a broadcast begins");
        Self { id, stream }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        tracing::info!(stream = %self.stream, broadcast = %self.id, "a broadcast ends");
    }
}

impl Inside {
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

    /// Its request was accepted.
    pub(super) fn accepted(&mut self) {
        if self.role == Role::Broadcaster {
            self.recording = Some(Recording::begin(self.stream.clone()));
        }
    }

    /// Waits for what happens. `due`: when it is time for something.
    pub(super) async fn next_event(&mut self, due: Option<Instant>) -> SessionEvent {
        let time = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            events = self.events.recv() => SessionEvent::Events(events),
            // These two end with the participation, of which the former tells.
            Some(offer) = self.offers.next() => SessionEvent::Offer(offer),
            Some(what) = self.channel_messages.recv() => SessionEvent::ChannelMessage(what),
            () = time => SessionEvent::Time,
        }
    }

    /// The broadcast is as it says now. A subscriber is shown it once media comes. Returns whether
    /// this is a broadcaster whose video flows.
    ///
    /// Who publishes by another protocol may have given its stream a label: a subscriber is shown
    /// one stream of the broadcaster.
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
        // A codec is known from the first packet on.
        tracks.any(|track| track.kind == Kind::Video && track.codec.is_some())
    }

    /// A stream is over: another one may be shown.
    pub(super) fn removed(&mut self, stream: &StreamName) {
        if self.shown.as_ref() == Some(stream) {
            self.shown = None;
        }
    }

    /// The client has opened a data channel.
    pub(super) fn opened(&mut self, channel: ChannelNumber, label: &str) {
        if let Some(label) = Label::of(label)
            && self.channels.len() < CHANNELS_MAX
        {
            self.channels.push((channel, label));
        }
    }

    /// What a data channel is for.
    pub(super) fn label(&self, channel: ChannelNumber) -> Option<Label> {
        let mut channels = self.channels.iter();
        channels.find_map(|(number, label)| (*number == channel).then_some(*label))
    }

    /// The last channel that was opened for something.
    pub(super) fn channel(&self, label: Label) -> Option<ChannelNumber> {
        let mut channels = self.channels.iter().rev();
        channels.find_map(|(number, of)| (*of == label).then_some(*number))
    }
}
