//! One socket of a broadcaster or a subscriber.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use auth::Permissions;
use model::OpenError;
use room::{EndReason, Event};
use rtc::Expected;
use rtp::Kind;
use signaling::dialect::broadcast_recording::{
    Names, Output, Role, Session, of_one_stream, usual_codecs_first,
};

use super::broadcasts::{Broadcasts, enter_subscriber};
use super::participant::{Participant, SessionEvent};
use crate::control::{ChannelMessage, EventBatch};
use crate::http::Service;
use crate::http::admission::{After, Endings};
use crate::http::socket::Close;
use crate::http::socket::handler::{Handler, Outgoing, Reaction};

/// How long the close of a socket is delayed when its request cannot be met now, since its client
/// reconnects at once.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// How long the server delays its offer to a client that has nothing to offer yet. Chromium rolls
/// back its own offer for it, and gathers no candidates any more when that happens while it begins
/// to gather the first ones.
const OFFER_AFTER: Duration = Duration::from_millis(300);

/// What follows the end of a participation. A client that has closed its connection goes on with
/// another socket; closing this one would make it start over once more.
const ENDINGS: Endings = Endings {
    left: After::Stay,
    lost: After::Close(Close::OVER, "the connection was lost"),
    replaced: After::Close(
        Close::REPLACED,
        "another socket has asked for this broadcast",
    ),
    kicked: After::Close(Close::OVER, ENDED),
    closed: After::Close(Close::OVER, ENDED),
};

const ENDED: &str = "the participation has ended";

/// The server's side of one socket.
pub(super) struct Client {
    service: Service,
    broadcasts: Arc<Broadcasts>,
    outgoing: Outgoing,
    permissions: Permissions,
    session: Session,
    /// The participation; `None` before the client broadcasts or subscribes.
    participant: Option<Participant>,
}

impl Handler for Client {
    type Event = SessionEvent;

    async fn received(&mut self, text: &str) -> Reaction {
        if let Err(refusal) = self.session.received(text) {
            tracing::debug!(%refusal, "a broadcast-recording frame was dropped");
            return Reaction::Refused;
        }
        self.carry_out().await
    }

    async fn next_event(&mut self) -> SessionEvent {
        let due = self.session.poll_timeout();
        match &mut self.participant {
            Some(participant) => participant.next_event(due).await,
            None => std::future::pending().await,
        }
    }

    async fn handle_event(&mut self, event: SessionEvent) -> ControlFlow<Close> {
        match event {
            SessionEvent::Events(events) => self.handle_events(events)?,
            SessionEvent::Offer(offer) => self.session.offered(&usual_codecs_first(&offer)),
            SessionEvent::ChannelMessage(what) => self.channel_message(what),
            SessionEvent::Time => self.session.handle_timeout(Instant::now()),
        }
        match self.carry_out().await {
            Reaction::Close(close) => ControlFlow::Break(close),
            Reaction::Taken | Reaction::Refused => ControlFlow::Continue(()),
        }
    }

    fn ended(mut self) {
        self.leave(EndReason::Left);
    }
}

impl Client {
    pub(super) fn new(
        service: Service,
        broadcasts: Arc<Broadcasts>,
        outgoing: Outgoing,
        permissions: Permissions,
    ) -> Self {
        Self {
            service,
            broadcasts,
            outgoing,
            permissions,
            session: Session::default(),
            participant: None,
        }
    }

    /// Carries out the session's outputs.
    async fn carry_out(&mut self) -> Reaction {
        while let Some(output) = self.session.poll_output() {
            let done = match output {
                Output::Send(frame) => {
                    self.outgoing.send(frame);
                    Ok(())
                }
                Output::Begin { role, names, offer } => self.begin(role, names, offer).await,
                Output::Answer(answer) => self.answer(&answer).await,
                Output::Candidate(_) => self.candidate(),
                Output::Write(label, text) => {
                    let participant = self.participant.as_ref();
                    let channel = participant.and_then(|participant| {
                        Some((participant.key, participant.channel(label)?))
                    });
                    if let Some((key, channel)) = channel {
                        let control = &self.service.control;
                        control.write_channel(key, channel, text.to_owned());
                    }
                    Ok(())
                }
                Output::End => {
                    self.leave(EndReason::Lost);
                    let close = Close::new(Close::OVER, "no ping came for too long");
                    return Reaction::Close(close);
                }
            };
            if let Err(error) = done {
                return self.refused(&error).await;
            }
        }
        Reaction::Taken
    }

    /// Handles a refused request. Wrong requests have no answer in this protocol; a client that
    /// cannot be served now is disconnected, so that it tries again.
    async fn refused(&mut self, error: &OpenError) -> Reaction {
        tracing::debug!(%error, "a broadcast-recording request was refused");
        if matches!(error, OpenError::BadOffer(_) | OpenError::TokenWrong) {
            return Reaction::Refused;
        }
        self.leave(EndReason::Left);
        tokio::time::sleep(AGAIN_AFTER).await;
        Reaction::Close(Close::new(Close::POLICY, error.to_string()))
    }

    /// Lets the client broadcast or subscribe, if its token and the limits allow it.
    async fn begin(
        &mut self,
        role: Role,
        names: Names,
        offer: Option<String>,
    ) -> Result<(), OpenError> {
        let may = match role {
            Role::Broadcaster => self.permissions.join_as_publisher().is_ok(),
            Role::Subscriber => self.permissions.join_as_viewer().is_ok(),
        };
        if !may {
            return Err(OpenError::TokenWrong);
        }
        self.service
            .settings
            .check_length("a description", offer.as_deref().unwrap_or_default())?;
        self.service.take_opening()?;
        let (broadcasts, control) = (&self.broadcasts, &self.service.control);
        let participation = match role {
            Role::Broadcaster => broadcasts.enter(control, &names)?,
            Role::Subscriber => Some(enter_subscriber(control, &names)?),
        };
        let Some(participation) = participation else {
            self.session.duplicated();
            return Ok(());
        };
        let streams = participation.entrance.joined.streams.clone();
        let participant = Participant::new(role, names, participation);
        let key = participant.key;
        self.participant = Some(participant);
        let described = self.describe(role, offer).await;
        if described.is_err() {
            self.leave(EndReason::Left);
        }
        described?;
        tracing::debug!(?key, ?role, "a broadcast-recording client has joined");
        if let Some(participant) = &mut self.participant {
            participant.accepted();
            for stream in &streams {
                participant.follow(&self.service.control, stream);
            }
        }
        Ok(())
    }

    /// Answers the client's offer, or makes the server offer.
    async fn describe(&mut self, role: Role, offer: Option<String>) -> Result<(), OpenError> {
        let Some(participant) = &self.participant else {
            return Ok(());
        };
        let control = &self.service.control;
        let Some(offer) = offer else {
            const ALL: [Expected; 3] = [
                Expected::Media(Kind::Audio),
                Expected::Media(Kind::Video),
                Expected::Channels,
            ];
            let wanted = match role {
                Role::Broadcaster => &ALL[..],
                Role::Subscriber => &[Expected::Channels],
            };
            tokio::time::sleep(OFFER_AFTER).await;
            control.ask_to_send(participant.key, wanted)?;
            self.session.begun(role, None);
            return Ok(());
        };
        let taken = of_one_stream(&usual_codecs_first(&offer));
        let answer = control.take_offer(participant.key, &taken).await?;
        self.session.begun(role, Some((&offer, &answer)));
        Ok(())
    }

    async fn answer(&mut self, answer: &str) -> Result<(), OpenError> {
        self.service
            .settings
            .check_length("a description", answer)?;
        let Some(participant) = &self.participant else {
            return Ok(());
        };
        let answer = of_one_stream(answer);
        let taken = self
            .service
            .control
            .take_answer(participant.key, &answer)
            .await;
        // Not `BadOffer`: this connection cannot go on, but a new one may work.
        taken.map_err(|error| OpenError::Refused(error.to_string()))
    }

    fn candidate(&self) -> Result<(), OpenError> {
        let Some(participant) = &self.participant else {
            return Ok(());
        };
        self.service.control.take_candidate(participant.key)
    }

    /// Handles events in the room. Breaks when they end the socket.
    fn handle_events(&mut self, events: Option<EventBatch>) -> ControlFlow<Close> {
        let Some(events) = events else {
            return ControlFlow::Break(Close::new(Close::OVER, ENDED));
        };
        for event in &*events {
            match event {
                Event::StreamAdded(stream) | Event::StreamChanged(stream) => {
                    let participant = self.participant.as_mut();
                    let control = &self.service.control;
                    if participant.is_some_and(|participant| participant.follow(control, stream)) {
                        self.session.video_came(Instant::now());
                    }
                }
                Event::StreamRemoved(stream) => {
                    if let Some(participant) = &mut self.participant {
                        participant.removed(&stream.name);
                    }
                }
                Event::Ended { reason, .. } => return self.is_over(*reason),
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }

    /// Ends the participation. Breaks when that ends the socket.
    fn is_over(&mut self, reason: EndReason) -> ControlFlow<Close> {
        self.leave(reason);
        let after = ENDINGS.of(reason);
        if after.is_continue() {
            self.session = Session::default();
        }
        after
    }

    fn channel_message(&mut self, what: ChannelMessage) {
        let Some(participant) = &mut self.participant else {
            return;
        };
        match what {
            ChannelMessage::Opened(channel, label) => participant.opened(channel, &label),
            ChannelMessage::Text(channel, text) => {
                let label = participant.label(channel);
                let pong =
                    label.and_then(|label| self.session.channel_text(Instant::now(), label, &text));
                if let Some(pong) = pong {
                    let control = &self.service.control;
                    control.write_channel(participant.key, channel, pong);
                }
            }
        }
    }

    /// Ends the participation with its connection, and the broadcast of a broadcaster.
    fn leave(&mut self, reason: EndReason) {
        if let Some(participant) = self.participant.take() {
            self.broadcasts.leave(&participant.stream, participant.key);
            let control = &self.service.control;
            control.leave(participant.key, reason);
        }
    }
}
