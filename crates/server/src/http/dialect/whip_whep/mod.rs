//! WHIP and WHEP: requests over HTTP, for one stream. The dialect reads the request and writes the
//! response; the control plane carries it out.

mod events;
mod open_sessions;
mod session;
mod watching;

use std::sync::Arc;
use std::time::Instant;

use auth::Permissions;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{Method, Request, Response};
use axum::routing::any;
use bytes::Bytes;
use model::Role;
use signaling::Problem;
use signaling::dialect::whip;
use signaling::session_http::{self, Call, Target};

use super::Mount;
use crate::http::{Service, body};
use open_sessions::OpenSessions;
use session::{caller, open_session, session};

/// What all requests share. Cheap to clone.
#[derive(Debug, Clone)]
struct Context {
    service: Service,
    /// The HTTP side of each session.
    sessions: Arc<OpenSessions>,
}

/// Adds the endpoints to the main port.
pub(in crate::http) fn mount(mount: &mut Mount<'_>) {
    let context = Context {
        service: mount.service.clone(),
        sessions: Arc::default(),
    };
    let own = context.clone();
    let whip = move |path, request| whip(own, path, request);
    mount.route("/whip/{*path}", any(whip));
    let whep = move |path, request| whep(context, path, request);
    mount.route("/whep/{*path}", any(whep));
}

async fn whip(
    context: Context,
    Path(path): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    let method = request.method().clone();
    let result = publish(&context, &path, request).await;
    finish(&context, "whip", &method, result)
}

async fn whep(
    context: Context,
    Path(path): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    let method = request.method().clone();
    let result = watching::watch(&context, &path, request).await;
    finish(&context, "whep", &method, result)
}

async fn publish(
    context: &Context,
    path: &str,
    request: Request<Body>,
) -> Result<Response<Body>, Problem> {
    let permissions = permit(context, Role::Publisher, path, &request)?;
    let request = read(context, request).await?;
    let (target, call) = whip::call(path, &request)?;
    let stream = target.stream.clone();
    let response = match call {
        Call::Open(open) => {
            let opened = open_session(context, permissions, open).await?;
            whip::created(&stream, &opened, &context.service.settings.ice_servers)
        }
        other => session(context, caller(Role::Publisher, target, permissions), other).await?,
    };
    Ok(response.map(Body::from))
}

/// Verifies the token of a request, and refuses it before its body is read: 404 for an unknown
/// session, whatever the method and the body, and 429 for too many PATCHes. A preflight carries no
/// token and passes.
fn permit(
    context: &Context,
    role: Role,
    path: &str,
    request: &Request<Body>,
) -> Result<Permissions, Problem> {
    let target = Target::parse(path, request)?;
    let permissions = context.service.control.verify(target.token.as_deref());
    if request.method() == Method::OPTIONS || target.session.is_none() {
        return Ok(permissions);
    }
    let caller = caller(role, target, permissions.clone())?;
    context.service.control.described(&caller)?;
    if request.method() == Method::PATCH {
        let now = Instant::now();
        context.sessions.take_patch(caller.session, now)?;
    }
    Ok(permissions)
}

/// Reads the body, within the limit for its content type.
async fn read(context: &Context, request: Request<Body>) -> Result<Request<Bytes>, Problem> {
    let settings = &context.service.settings;
    let sdp = session_http::needs_content_type(request.headers(), session_http::SDP).is_ok();
    let bytes_max = if sdp {
        settings.sdp_bytes_max
    } else {
        settings.fragment_bytes_max
    };
    body::collect(request, bytes_max, settings.body_timeout).await
}

/// Turns a problem into its response, and counts the request.
fn finish(
    context: &Context,
    dialect: &'static str,
    method: &Method,
    result: Result<Response<Body>, Problem>,
) -> Response<Body> {
    let response = result.unwrap_or_else(|problem| {
        tracing::debug!(dialect, %method, status = problem.status.as_u16(), detail = problem.detail, "request refused");
        problem.into_response().map(Body::from)
    });
    context
        .service
        .metrics
        .answered(dialect, method, response.status().as_u16());
    response
}
