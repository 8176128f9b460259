//! A socket's participation, and whose turn it is to offer.

use std::future::pending;
use std::time::{Duration, Instant};

use broadcast::OpenError;
use broadcast::room::ParticipantKey;
use signaling::dialect::pion_sfu::{self, Identity};
use tokio::sync::mpsc;

use super::Outgoing;
use crate::control::{Control, EventBatch, Offers, Participation};

/// How long an offer of the client waits for the answer to one of the server that it has crossed.
/// Browsers take their own back for the server's and answer it, which takes a round trip; who has
/// not answered by then is going to wait for an answer itself.
const CROSSED_MAX: Duration = Duration::from_secs(2);

/// Somebody in a room.
#[derive(Debug)]
pub(super) struct Inside {
    pub(super) identity: Identity,
    pub(super) key: ParticipantKey,
    events: mpsc::Receiver<EventBatch>,
    offers: Offers,
    /// The client was sent an offer and has not answered it.
    waits: bool,
    /// An offer that came meanwhile, and until when it waits.
    crossed: Option<(String, Instant)>,
}

/// What happens to somebody without a frame.
#[derive(Debug)]
pub(super) enum SessionEvent {
    /// Something in the room. `None`: the participation is over.
    Events(Option<EventBatch>),
    /// It is time for an offer.
    Offer(String),
    /// The client does not answer the offer that its own has crossed.
    Unanswered,
}

impl Inside {
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

    /// The client offers.
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

    /// The offer that waits is taken, and the server's is void.
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

    /// The client answers.
    pub(super) async fn answered(
        &mut self,
        control: &Control,
        answer: &str,
    ) -> Result<(), OpenError> {
        control.take_answer(self.key, answer).await?;
        self.waits = false;
        // Who answers has taken its own offer back; asked for, its tracks come all the same.
        match self.crossed.take() {
            Some((offer, _)) => control.ask_again(self.key, &offer),
            None => Ok(()),
        }
    }

    pub(super) fn candidate(&self, control: &Control, candidate: String) -> Result<(), OpenError> {
        // Their end is not waited for.
        if candidate.is_empty() {
            return Ok(());
        }
        control.take_candidate(self.key)
    }

    /// Sends an offer of the server.
    pub(super) fn offer(&mut self, outgoing: &Outgoing, offer: &str) {
        self.waits = true;
        outgoing.send(pion_sfu::offer(offer, &self.identity));
    }

    /// Waits for what happens. May be dropped and called again.
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
            // Ends with the participation, of which the first tells.
            Some(offer) = self.offers.next() => SessionEvent::Offer(offer),
        }
    }
}
