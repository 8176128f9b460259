use std::collections::VecDeque;
use std::sync::Arc;

use rtp::Kind;

use super::timers::Timers;
use super::{Event, Limits, Output, ParticipantKey, RoomName, TrackSettings, WebhookEvent};
use model::StreamName;

/// What all rooms share: the limits, the timers and the outputs.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) limits: Limits,
    pub(super) timers: Timers,
    /// Empty rooms, and when they end.
    pub(super) empty: crate::timer_table::Timers<RoomName>,
    pub(super) outputs: VecDeque<Output>,
}

impl Context {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            timers: Timers::default(),
            empty: crate::timer_table::Timers::default(),
            outputs: VecDeque::new(),
        }
    }

    pub(super) fn deliver(&mut self, to: Vec<ParticipantKey>, events: Arc<[Event]>) {
        self.outputs.push_back(Output::Deliver { to, events });
    }

    pub(super) fn view(&mut self, participant: ParticipantKey, stream: &StreamName, kind: Kind) {
        self.outputs.push_back(Output::View {
            participant,
            stream: stream.clone(),
            kind,
        });
    }

    pub(super) fn drop(&mut self, participant: ParticipantKey, stream: &StreamName, kind: Kind) {
        self.outputs.push_back(Output::Drop {
            participant,
            stream: stream.clone(),
            kind,
        });
    }

    pub(super) fn set_track_settings(
        &mut self,
        participant: ParticipantKey,
        stream: &StreamName,
        kind: Kind,
        settings: TrackSettings,
    ) {
        self.outputs.push_back(Output::TrackSettings {
            participant,
            stream: stream.clone(),
            kind,
            settings,
        });
    }

    pub(super) fn end_stream(&mut self, participant: ParticipantKey, stream: &StreamName) {
        self.outputs.push_back(Output::EndStream {
            participant,
            stream: stream.clone(),
        });
    }

    pub(super) fn end_participant(&mut self, participant: ParticipantKey) {
        self.outputs
            .push_back(Output::EndParticipant { participant });
    }

    pub(super) fn webhook(&mut self, event: WebhookEvent) {
        self.outputs.push_back(Output::Webhook(event));
    }
}
