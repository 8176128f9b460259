//! A socket's participation, and what happens when both sides offer at once.

use std::future::pending;
use std::time::{Duration, Instant};

use model::OpenError;
use room::ParticipantKey;
use signaling::dialect::pion_sfu::{self, Identity};
use tokio::sync::mpsc;

use crate::control::{Control, EventBatch, Offers, Participation};
use crate::http::socket::handler::Outgoing;

/// How long a client's offer that has crossed one of the server's waits for the answer to that one.
/// A browser rolls back its own offer and answers the server's, which takes a round trip; a client
/// that has not answered by then waits for an answer itself.
const CROSSED_MAX: Duration = Duration::from_secs(2);

/// A client in a room.
#[derive(Debug)]
pub(super) struct Participant {
    pub(super) identity: Identity,
    pub(super) key: ParticipantKey,
    events: mpsc::Receiver<EventBatch>,
    offers: Offers,
    /// The client was sent an offer and has not answered it yet.
    waits: bool,
    /// An offer that came meanwhile, and until when it waits.
    crossed: Option<(String, Instant)>,
}

/// An event that no frame of the client causes.
#[derive(Debug)]
pub(super) enum SessionEvent {
    /// Events in the room; `None` when the participation has ended.
    Events(Option<EventBatch>),
    /// An offer of the server for the client.
    Offer(String),
    /// The client has not answered the server's offer that its own has crossed.
    Unanswered,
}

impl Participant {
    pub(super) fn new(identity: Identity, participation: Participation) -> Self {
        Self {
            identity,
            key: participation.entrance.key,
            events: participation.entrance.events,
            offers: participation.offers,
            waits: false,
            crossed: None,
        }
    }

    /// Handles an offer of the client, which waits while one of the server's is unanswered.
    pub(super) async fn offered(
        &mut self,
        control: &Control,
        outgoing: &Outgoing,
        offer: String,
    ) -> Result<(), OpenError> {
        if self.waits {
            let until = Instant::now() + CROSSED_MAX;
            let until = self.crossed.take().map_or(until, |(_, until)| until);
            self.crossed = Some((offer, until));
            return Ok(());
        }
        self.take(control, outgoing, &offer).await
    }

    /// Answers the waiting offer; the server's own offer is void then.
    pub(super) async fn take_crossed(
        &mut self,
        control: &Control,
        outgoing: &Outgoing,
    ) -> Result<(), OpenError> {
        match self.crossed.take() {
            Some((offer, _)) => self.take(control, outgoing, &offer).await,
            None => Ok(()),
        }
    }

    async fn take(
        &mut self,
        control: &Control,
        outgoing: &Outgoing,
        offer: &str,
    ) -> Result<(), OpenError> {
        let answer = control.take_offer(self.key, offer).await?;
        self.waits = false;
        outgoing.send(pion_sfu::answer(&answer));
        for candidate in pion_sfu::candidates(&answer) {
            outgoing.send(candidate);
        }
        Ok(())
    }

    /// Handles an answer of the client.
    pub(super) async fn answered(
        &mut self,
        control: &Control,
        answer: &str,
    ) -> Result<(), OpenError> {
        control.take_answer(self.key, answer).await?;
        self.waits = false;
        // To answer, the client has rolled back its own offer. The server asks for the tracks of
        // that offer instead.
        match self.crossed.take() {
            Some((offer, _)) => control.ask_again(self.key, &offer),
            None => Ok(()),
        }
    }

    pub(super) fn candidate(&self, control: &Control, candidate: String) -> Result<(), OpenError> {
        // An empty candidate marks the end of candidates, which does not matter here.
        if candidate.is_empty() {
            return Ok(());
        }
        control.take_candidate(self.key)
    }

    /// Sends an offer of the server, and waits for its answer from now on.
    pub(super) fn offer(&mut self, outgoing: &Outgoing, offer: &str) {
        self.waits = true;
        outgoing.send(pion_sfu::offer(offer, &self.identity));
    }

    /// Waits for the next event. Cancel safe.
    pub(super) async fn next_event(&mut self) -> SessionEvent {
        let until = self.crossed.as_ref().map(|(_, until)| *until);
        let unanswered = async {
            match until {
                Some(until) => tokio::time::sleep_until(until.into()).await,
                None => pending().await,
            }
        };
        tokio::select! {
            events = self.events.recv() => SessionEvent::Events(events),
            () = unanswered => SessionEvent::Unanswered,
            // Ends with the participation, whose end the first arm reports.
            Some(offer) = self.offers.next() => SessionEvent::Offer(offer),
        }
    }
}
