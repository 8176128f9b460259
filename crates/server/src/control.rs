//! The handle through which HTTP reaches rooms and media.

use std::collections::BTreeMap;

use broadcast::{
    IceFragment, LayerChoice, Open, OpenError, Opened, Restarted, Role, SessionError, SessionId,
    StreamName, StreamStatus,
};
use tokio::sync::watch;

/// Who calls on an existing session, as the URL and the headers say it.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Under which endpoint the session was addressed: a WHIP URL does not end a WHEP session.
    pub role: Role,
    /// The stream in the URL.
    pub stream: StreamName,
    /// The session in the URL.
    pub session: SessionId,
    /// Bearer token, if one was sent.
    pub token: Option<String>,
}

/// Talks to the control task. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Control {}

impl Control {
    /// Opens a publishing or viewing session.
    pub async fn open(&self, open: Open) -> Result<Opened, OpenError> {
        todo!("{open:?}")
    }

    /// The current ICE tag of a session; also the check that the caller may touch it.
    pub async fn ice_tag(&self, caller: &Caller) -> Result<String, SessionError> {
        todo!("{caller:?}")
    }

    /// Adds remote candidates. A fragment of an older ICE session is ignored.
    pub async fn trickle(
        &self,
        caller: &Caller,
        fragment: IceFragment,
    ) -> Result<(), SessionError> {
        todo!("{caller:?} {fragment:?}")
    }

    /// Restarts ICE with the client's new credentials.
    pub async fn restart(
        &self,
        caller: &Caller,
        fragment: IceFragment,
    ) -> Result<Restarted, SessionError> {
        todo!("{caller:?} {fragment:?}")
    }

    /// Ends a session.
    pub async fn close(&self, caller: &Caller) -> Result<(), SessionError> {
        todo!("{caller:?}")
    }

    /// Sets which layer of the m-line `mid` a viewer gets; `None` means its only video track.
    pub async fn choose_layer(
        &self,
        caller: &Caller,
        mid: Option<String>,
        choice: LayerChoice,
    ) -> Result<(), SessionError> {
        todo!("{caller:?} {mid:?} {choice:?}")
    }

    /// Follows a stream for as long as the session lives; the channel closes with the session.
    pub async fn follow(
        &self,
        caller: &Caller,
    ) -> Result<watch::Receiver<StreamStatus>, SessionError> {
        todo!("{caller:?}")
    }

    /// All streams that have a publisher or a viewer.
    pub async fn streams(&self) -> BTreeMap<StreamName, StreamStatus> {
        todo!()
    }
}
