//! Sessions of clients outside rooms: WHIP and WHEP name the session in each request.

use auth::Subject;
use contract::Command;
use model::{IceFragment, LayerChoice, Role, SessionError, SessionId, StreamName, StreamStatus};
use rtc::Credentials;

use crate::core::Core;
use crate::description::Description;
use crate::now::Now;
use crate::output::{Changed, Output};
use crate::registry::{External, Owner, Session};

/// A client that calls on its session, as the URL and the headers say it.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The endpoint under which the session was addressed: a WHIP URL does not end a WHEP session.
    pub role: Role,
    /// The stream in the URL.
    pub stream: StreamName,
    /// The session in the URL.
    pub session: SessionId,
    /// Whose token came with the request; `None` without one.
    pub subject: Option<Subject>,
}

impl Core {
    /// What a session's sides have described; also the check that the caller may touch it.
    pub fn description(&self, caller: &Caller) -> Result<&Description, SessionError> {
        let (_, external) = self.permit(caller)?;
        Ok(&external.description)
    }

    /// The rid of the layer that a viewer gets; `None` before the first, and without simulcast.
    pub fn layer(&self, session: SessionId) -> Option<&str> {
        self.registry
            .session(session)?
            .owner
            .external()?
            .layer
            .as_deref()
    }

    /// Whether a session is still there.
    pub fn is_open(&self, session: SessionId) -> bool {
        self.registry.session(session).is_some()
    }

    /// Restarts ICE with the client's new credentials. [`Output::IceRestarted`] follows when the
    /// shard has done so.
    pub fn restart_ice(
        &mut self,
        caller: &Caller,
        fragment: &IceFragment,
    ) -> Result<(), SessionError> {
        let (Some(ufrag), Some(pwd)) = (&fragment.ufrag, &fragment.pwd) else {
            let text = "an ICE restart needs a=ice-ufrag and a=ice-pwd";
            return Err(SessionError::Bad(text.to_owned()));
        };
        let remote = Credentials::new(ufrag, pwd);
        let remote = remote.map_err(|error| SessionError::Bad(error.to_string()))?;
        let shard = self.permit(caller)?.0.shard;
        let session = caller.session;
        if let Some(external) = self.registry.external_mut(session) {
            external.restarting = Some(ufrag.clone());
        }
        self.command(shard, Command::RestartIce { session, remote });
        Ok(())
    }

    /// Ends a session.
    pub fn close(&mut self, now: Now, caller: &Caller) -> Result<(), SessionError> {
        self.permit(caller)?;
        self.close_session(now, caller.session);
        self.settle(now);
        Ok(())
    }

    /// Sets which layer a viewer gets. A session has one video m-line; `mid` names it, or is absent.
    pub fn choose_layer(
        &mut self,
        caller: &Caller,
        mid: Option<&str>,
        choice: LayerChoice,
    ) -> Result<(), SessionError> {
        let (session, external) = self.permit(caller)?;
        let (shard, video) = (session.shard, external.description.video_mid());
        if mid.is_some_and(|mid| video != Some(mid)) {
            let (mid, video) = (mid.unwrap_or_default(), video.unwrap_or("none"));
            return Err(SessionError::Bad(format!(
                "mediaId {mid:?} is not the video of this session: its mid is {video}"
            )));
        }
        let rid = match choice {
            LayerChoice::Auto => None,
            LayerChoice::Rid(rid) => Some(self.check_rid(&caller.stream, rid)?),
        };
        let session = caller.session;
        self.command(shard, Command::PinLayer { session, rid });
        Ok(())
    }

    fn check_rid(&self, stream: &StreamName, rid: String) -> Result<String, SessionError> {
        let status: StreamStatus = self.registry.status(stream).unwrap_or_default();
        let layers = status.tracks.into_iter().flat_map(|track| track.layers);
        let rids: Vec<String> = layers.filter_map(|layer| layer.rid).collect();
        if rids.contains(&rid) {
            return Ok(rid);
        }
        Err(SessionError::Bad(format!(
            "there is no layer {rid:?}: the stream has {rids:?}"
        )))
    }

    /// The caller's session, if it is the caller's.
    pub(crate) fn permit(&self, caller: &Caller) -> Result<(&Session, &External), SessionError> {
        let session = self.registry.session(caller.session);
        let session = session.ok_or(SessionError::Unknown)?;
        let Owner::External(external) = &session.owner else {
            return Err(SessionError::Unknown);
        };
        if external.role != caller.role || external.stream != caller.stream {
            return Err(SessionError::Unknown);
        }
        // The URL cannot be guessed; a token, when one is sent, must still be the right one.
        match (&caller.subject, &external.subject) {
            (Some(caller), Some(owner)) if caller != owner => Err(SessionError::TokenWrong),
            _ => Ok((session, external)),
        }
    }

    /// A shard has restarted ICE of a session.
    pub(crate) fn ice_restarted(&mut self, session: SessionId, local: &Credentials) {
        let Some(shard) = self.registry.session(session).map(|session| session.shard) else {
            return;
        };
        let candidates = rtc::host_candidates(&self.peers[shard.index()].candidates);
        let Some(external) = self.registry.external_mut(session) else {
            return;
        };
        let description = &mut external.description;
        local.ufrag().clone_into(&mut description.local_ufrag);
        if let Some(ufrag) = external.restarting.take() {
            description.remote_ufrag = ufrag;
        }
        let fragment = IceFragment {
            mid: description.lines.first().map(|(_, mid)| mid.clone()),
            ufrag: Some(local.ufrag().to_owned()),
            pwd: Some(local.pwd().to_owned()),
            candidates,
            end_of_candidates: true,
        };
        let restarted = model::Restarted {
            fragment,
            ice_tag: local.ufrag().to_owned(),
        };
        self.outputs
            .push_back(Output::IceRestarted { session, restarted });
    }

    /// A viewer gets another layer.
    pub(crate) fn layer_changed(&mut self, session: SessionId, rid: String) {
        if let Some(external) = self.registry.external_mut(session) {
            external.layer = Some(rid);
            self.outputs
                .push_back(Output::Changed(Changed::Layer(session)));
        }
    }
}
