//! WHIP and WHEP: requests over HTTP, for one stream. The dialect reads the request and writes the
//! response; the control plane carries it out.

mod context;
mod events;
mod open_sessions;
mod session;
mod watching;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Path;
use axum::http::{Method, Request, Response};
use axum::routing::any;
use model::Role;
use signaling::Problem;
use signaling::dialect::whip;
use signaling::session_http::Call;

use super::Mount;
use context::{Context, caller};
use session::{open_session, session};

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
    let permissions = context.permit(Role::Publisher, path, &request)?;
    let request = context.read(request).await?;
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
