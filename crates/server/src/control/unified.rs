//! Participants with a unified peer: one connection over which they publish and are shown streams,
//! and on which both sides may offer.

use model::OpenError;
use room::ParticipantKey;
use rtc::{ChannelNumber, Expected};
use session::{ChannelMessage, TransportKind, UnifiedOptions};
use tokio::sync::{mpsc, watch};

use super::participants::{Enter, Entrance};
use super::queue::UnifiedOutlet;
use super::{Control, now};

/// What comes over data channels and waits for a socket's task. Further texts are left out.
const CHANNEL_MESSAGES_MAX: usize = 64;

/// What a dialect gets for a participant that entered with a unified peer.
#[derive(Debug)]
pub(crate) struct Participation {
    pub(crate) entrance: Entrance,
    pub(crate) offers: Offers,
    pub(crate) channel_messages: mpsc::Receiver<ChannelMessage>,
}

/// Offers of the server. Another takes the place of the last when that was answered, and when it
/// is void since the participant has offered itself.
#[derive(Debug)]
pub(crate) struct Offers(watch::Receiver<String>);

impl Offers {
    /// Waits for a new one; those that it has replaced are left out. `None` when the participation
    /// is over. May be dropped at each await and called again.
    pub(crate) async fn next(&mut self) -> Option<String> {
        self.0.changed().await.ok()?;
        Some(self.0.borrow_and_update().clone())
    }
}

impl Control {
    /// Lets a participant into a room that publishes and is shown streams over one connection. The
    /// participant offers first, or is asked by [`Self::ask_to_send`].
    pub(crate) fn enter_unified(
        &self,
        enter: Enter,
        options: UnifiedOptions,
    ) -> Result<Participation, OpenError> {
        let (offers_in, offers) = watch::channel(String::new());
        let (to_dialect, channel_messages) = mpsc::channel(CHANNEL_MESSAGES_MAX);
        let outlet = UnifiedOutlet {
            offers: offers_in,
            channel_messages: to_dialect,
        };
        let transport = TransportKind::Unified(options);
        let entrance = self.enter_with(enter, transport, Some(outlet))?;
        Ok(Participation {
            entrance,
            offers: Offers(offers),
            channel_messages,
        })
    }

    /// Asks a participant to send these, and no others yet: the server's offer comes first then.
    pub(crate) fn ask_to_send(
        &self,
        key: ParticipantKey,
        wanted: &[Expected],
    ) -> Result<(), OpenError> {
        let asked = self.with_core(|core, now| core.ask_to_send(now, key, wanted));
        asked.map_err(|error| self.refused(error))
    }

    /// Asks a participant to send what it has offered and taken back, because an offer of the
    /// server crossed it.
    pub(crate) fn ask_again(&self, key: ParticipantKey, offer: &str) -> Result<(), OpenError> {
        let offer = self.read(offer)?;
        let asked = self.with_core(|core, now| core.ask_again(now, key, &offer));
        asked.map_err(|error| self.refused(error))
    }

    /// Sends a text over a data channel of a participant. What cannot be sent is lost.
    pub(crate) fn write_channel(&self, key: ParticipantKey, channel: ChannelNumber, text: String) {
        self.with_core(|core, _| core.write_channel(key, channel, text));
    }

    /// Takes an offer of a participant. Returns the answer; what it publishes now is in its room.
    pub(crate) async fn take_offer(
        &self,
        key: ParticipantKey,
        offer: &str,
    ) -> Result<String, OpenError> {
        self.pace(key).await?;
        // Read before the lock: it takes the longest.
        let offer = self.read(offer)?;
        let answered = self.with_core(|core, now| core.take_offer(now, key, &offer));
        answered.map_err(|error| self.refused(error))
    }

    /// Takes the answer to the last offer of the server.
    pub(crate) async fn take_answer(
        &self,
        key: ParticipantKey,
        answer: &str,
    ) -> Result<(), OpenError> {
        self.pace(key).await?;
        let answer = self.read(answer)?;
        let taken = self.with_core(|core, now| core.take_answer(now, key, &answer));
        taken.map_err(|error| self.refused(error))
    }

    /// Waits until a participant may describe itself again.
    async fn pace(&self, key: ParticipantKey) -> Result<(), OpenError> {
        let wait = self.state().core.pace(now(), key);
        tokio::time::sleep(wait.map_err(|error| self.refused(error))?).await;
        Ok(())
    }

    /// Takes a candidate of a participant: of no use to an ICE-lite agent, which learns from checks
    /// (RFC 8445 §2.5).
    pub(crate) fn take_candidate(&self, key: ParticipantKey) -> Result<(), OpenError> {
        let known = self.state().core.rooms().participant(key).is_some();
        known
            .then_some(())
            .ok_or_else(|| self.refused(session::Error::Gone))
    }
}
