//! Sessions of clients outside rooms: by WHIP and WHEP.

use std::time::Duration;

use auth::Permissions;
use model::{
    IceFragment, LayerChoice, Open, OpenError, Opened, Restarted, Role, SessionError, StreamStatus,
};
use session::{Caller, Description, NotOpened, Opener};
use tokio::sync::{oneshot, watch};

use super::{Control, SHARD_TIMEOUT, denied, now};

/// What a viewer can follow.
#[derive(Debug)]
pub(crate) struct Followed {
    /// Of the stream.
    pub(crate) status: watch::Receiver<StreamStatus>,
    /// The rid of the layer that this viewer gets; `None` before, and without simulcast.
    pub(crate) layer: watch::Receiver<Option<String>>,
}

impl Control {
    /// Opens a publishing or viewing session of a client outside rooms, if its permissions allow
    /// it.
    pub(crate) async fn open(
        &self,
        permissions: Permissions,
        open: Open,
    ) -> Result<Opened, OpenError> {
        let permitted = match open.role {
            Role::Publisher => permissions.publish(),
            Role::Viewer => permissions.watch(),
        };
        permitted.map_err(denied)?;
        let subject = permissions.subject;
        self.open_by(Opener::External { subject }, open).await
    }

    /// Opens a session by whichever opener.
    pub(super) async fn open_by(&self, opener: Opener, open: Open) -> Result<Opened, OpenError> {
        let wanted = session::Open {
            role: open.role,
            stream: open.stream.clone(),
            client: open.client,
        };
        // What is refused anyhow waits for no thread.
        let placed = self.state().core.place(now(), &opener, &wanted);
        placed.map_err(|error| self.refused(error))?;
        // The longest offers take a while to read: not on a media thread, and not under the lock.
        let control = self.clone();
        let opened = tokio::task::spawn_blocking(move || {
            control.open_blocking(&opener, &wanted, &open.offer)
        });
        opened.await.unwrap_or_else(|error| {
            tracing::error!(%error, "opening a session panicked");
            let text = "the offer could not be handled";
            Err(OpenError::BadOffer(text.to_owned()))
        })
    }

    fn open_blocking(
        &self,
        opener: &Opener,
        open: &session::Open,
        offer: &str,
    ) -> Result<Opened, OpenError> {
        loop {
            let placement = {
                let state = self.state();
                let placement = state.core.place(now(), opener, open);
                let placement = placement.map_err(|error| self.refused(error))?;
                if !state.commands.is_free(placement.shard()) {
                    return Err(OpenError::Full {
                        limit: "the media thread's queue",
                        retry_after: Duration::from_secs(1),
                    });
                }
                placement
            };
            let negotiated = placement.negotiate(offer, now());
            let negotiated = negotiated.map_err(|error| self.refused(error.into()))?;
            let opened =
                self.with_core(|core, now| core.open(now, opener, open, &placement, negotiated));
            match opened {
                Ok(opened) => {
                    let (session, shard) = (opened.session, placement.shard());
                    // DEBUG: anybody may open sessions, and what connects has a line of its own.
                    tracing::debug!(stream = %open.stream, ?session, role = ?open.role, %shard, "session opened");
                    return Ok(Opened {
                        session,
                        answer: opened.answer,
                        ice_tag: opened.ice_tag,
                    });
                }
                Err(NotOpened::Moved) => {}
                Err(NotOpened::Refused(error)) => return Err(self.refused(error)),
            }
        }
    }

    /// What describes a session now; also the check that the caller may touch it.
    pub(crate) fn described(&self, caller: &Caller) -> Result<Description, SessionError> {
        self.state().core.description(caller).cloned()
    }

    /// Takes remote candidates: of no use to an ICE-lite agent, which learns from checks
    /// (RFC 8445 §2.5), so the caller is checked and that is all.
    pub(crate) fn trickle(&self, caller: &Caller) -> Result<(), SessionError> {
        self.described(caller).map(|_| ())
    }

    /// Restarts ICE with the client's new credentials.
    pub(crate) async fn restart(
        &self,
        caller: &Caller,
        fragment: IceFragment,
    ) -> Result<Restarted, SessionError> {
        let session = caller.session;
        let (sender, receiver) = oneshot::channel();
        {
            let (mut state, now) = (self.state(), now());
            state.core.restart_ice(caller, &fragment)?;
            state.restarts.insert(session, sender);
            self.settle(&mut state, now);
        }
        match tokio::time::timeout(SHARD_TIMEOUT, receiver).await {
            Ok(Ok(restarted)) => Ok(restarted),
            // The session has ended meanwhile.
            Ok(Err(_)) => Err(SessionError::Unknown),
            Err(_) => {
                self.state().restarts.remove(&session);
                Err(SessionError::Busy)
            }
        }
    }

    /// Ends a session.
    pub(crate) fn close(&self, caller: &Caller) -> Result<(), SessionError> {
        self.with_core(|core, now| core.close(now, caller))
    }

    /// Sets which layer a viewer gets. A session has one video m-line; `mid` names it or is absent.
    pub(crate) fn choose_layer(
        &self,
        caller: &Caller,
        mid: Option<&str>,
        choice: LayerChoice,
    ) -> Result<(), SessionError> {
        self.with_core(|core, _| core.choose_layer(caller, mid, choice))
    }

    /// Follows the caller's stream; the channels close when the session ends, or the stream's
    /// last one.
    pub(crate) fn follow(&self, caller: &Caller) -> Result<Followed, SessionError> {
        let (session, stream) = (caller.session, &caller.stream);
        let mut state = self.state();
        state.core.description(caller)?;
        let status = state.core.stream(stream).unwrap_or_default();
        let layer = state.core.layer(session).map(str::to_owned);
        let followed = state.followed.entry(stream.clone());
        let status = followed.or_insert_with(|| watch::channel(status).0);
        let status = status.subscribe();
        let followed = state.layers.entry(session);
        let layer = followed.or_insert_with(|| watch::channel(layer).0);
        let layer = layer.subscribe();
        Ok(Followed { status, layer })
    }
}
