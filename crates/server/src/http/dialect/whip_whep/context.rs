//! What all requests share, and what each goes through first.

use std::sync::Arc;
use std::time::Instant;

use auth::Permissions;
use axum::body::Body;
use axum::http::{Method, Request};
use bytes::Bytes;
use model::{Role, SessionError};
use session::Caller;
use signaling::Problem;
use signaling::session_http::{self, Target};

use super::open_sessions::OpenSessions;
use crate::http::{Service, body};

/// What all requests share. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Context {
    pub(super) service: Service,
    /// The HTTP side of each session.
    pub(super) sessions: Arc<OpenSessions>,
}

impl Context {
    /// Verifies the token of a request, and refuses it before its body is read: 404 for an unknown
    /// session, whatever the method and the body, and 429 for too many PATCHes. A preflight carries no
    /// token and passes.
    pub(super) fn permit(
        &self,
        role: Role,
        path: &str,
        request: &Request<Body>,
    ) -> Result<Permissions, Problem> {
        let target = Target::parse(path, request)?;
        let permissions = self.service.control.verify(target.token.as_deref());
        if request.method() == Method::OPTIONS || target.session.is_none() {
            return Ok(permissions);
        }
        let caller = caller(role, target, permissions.clone())?;
        self.service.control.described(&caller)?;
        if request.method() == Method::PATCH {
            let now = Instant::now();
            self.sessions.take_patch(caller.session, now)?;
        }
        Ok(permissions)
    }

    /// Reads the body, within the limit for its content type.
    pub(super) async fn read(&self, request: Request<Body>) -> Result<Request<Bytes>, Problem> {
        let settings = &self.service.settings;
        let sdp = session_http::needs_content_type(request.headers(), session_http::SDP).is_ok();
        let bytes_max = if sdp {
            settings.sdp_bytes_max
        } else {
            settings.fragment_bytes_max
        };
        body::collect(request, bytes_max, settings.body_timeout).await
    }
}

/// The client that calls on the session in the URL; refused when there is none in it.
pub(super) fn caller(
    role: Role,
    target: Target,
    permissions: Permissions,
) -> Result<Caller, Problem> {
    let session = target.session.ok_or(SessionError::Unknown)?;
    Ok(Caller {
        role,
        stream: target.stream,
        session,
        subject: permissions.subject,
    })
}
