//! Requests of WHIP and WHEP. The dialect reads the request and writes the response; the control
//! plane carries it out.

use std::time::{Duration, Instant};

use auth::Permissions;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Method, Request, Response, StatusCode};
use bytes::Bytes;
use model::{IceFragment, Open, Role, SessionError};
use signaling::Problem;
use signaling::dialect::whep::{self, WhepCall};
use signaling::dialect::whip;
use signaling::session_http::{self, Call, IfMatch, Patch, Target};

use super::{Service, body, events};
use crate::control::Caller;

pub(super) async fn whip(
    State(service): State<Service>,
    Path(path): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    let method = request.method().clone();
    let result = publish(&service, &path, request).await;
    finish(&service, "whip", &method, result)
}

pub(super) async fn whep(
    State(service): State<Service>,
    Path(path): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    let method = request.method().clone();
    let result = watch(&service, &path, request).await;
    finish(&service, "whep", &method, result)
}

async fn publish(
    service: &Service,
    path: &str,
    request: Request<Body>,
) -> Result<Response<Body>, Problem> {
    let permissions = permit(service, Role::Publisher, path, &request)?;
    let request = read(service, request).await?;
    let (target, call) = whip::call(path, &request)?;
    let stream = target.stream.clone();
    let response = match call {
        Call::Open(open) => {
            let opened = open_session(service, permissions, open).await?;
            whip::created(&stream, &opened, &service.settings.ice_servers)
        }
        other => session(service, caller(Role::Publisher, target, permissions), other).await?,
    };
    Ok(response.map(Body::from))
}

async fn watch(
    service: &Service,
    path: &str,
    request: Request<Body>,
) -> Result<Response<Body>, Problem> {
    let permissions = permit(service, Role::Viewer, path, &request)?;
    let request = read(service, request).await?;
    let (target, call) = whep::call(path, &request)?;
    let stream = target.stream.clone();
    let response = match call {
        WhepCall::Session(Call::Open(open)) => {
            let opened = open_session(service, permissions, open).await?;
            whep::created(&stream, &opened, &service.settings.ice_servers)
        }
        WhepCall::Session(other) => {
            session(service, caller(Role::Viewer, target, permissions), other).await?
        }
        WhepCall::Subscribe(kinds) => {
            let caller = caller(Role::Viewer, target, permissions)?;
            service.control.described(&caller)?;
            service.sessions.subscribe(caller.session, &kinds);
            whep::events_created(&stream, caller.session, &kinds)
        }
        WhepCall::Follow(kinds) => {
            let caller = caller(Role::Viewer, target, permissions)?;
            let described = service.control.described(&caller)?;
            let followed = service.control.follow(&caller)?;
            let ended = service.sessions.follow(caller.session, &kinds);
            let ended = ended.ok_or_else(unsubscribed)?;
            let video_mid = described.video_mid().map(str::to_owned);
            return Ok(events::stream(
                service,
                caller.session,
                video_mid,
                followed,
                kinds,
                ended,
            ));
        }
        WhepCall::Unsubscribe(kinds) => {
            let caller = caller(Role::Viewer, target, permissions)?;
            service.control.described(&caller)?;
            if !service.sessions.unsubscribe(caller.session, kinds) {
                return Err(unsubscribed());
            }
            session_http::empty(StatusCode::OK)
        }
        WhepCall::ChooseLayer { mid, choice } => {
            let caller = caller(Role::Viewer, target, permissions)?;
            service
                .control
                .choose_layer(&caller, mid.as_deref(), choice)?;
            session_http::empty(StatusCode::OK)
        }
    };
    Ok(response.map(Body::from))
}

/// The refusal of an event subscription that a DELETE has ended.
fn unsubscribed() -> Problem {
    let detail = "this event subscription was ended: subscribe again with a POST";
    Problem::new(StatusCode::NOT_FOUND, detail)
}

/// Verifies the token of a request, and refuses it before its body is read: 404 for an unknown
/// session, whatever the method and the body, and 429 for too many PATCHes. A preflight carries no
/// token and passes.
fn permit(
    service: &Service,
    role: Role,
    path: &str,
    request: &Request<Body>,
) -> Result<Permissions, Problem> {
    let target = Target::parse(path, request)?;
    let permissions = service.control.verify(target.token.as_deref());
    if request.method() == Method::OPTIONS || target.session.is_none() {
        return Ok(permissions);
    }
    let caller = caller(role, target, permissions.clone())?;
    service.control.described(&caller)?;
    if request.method() == Method::PATCH {
        let now = Instant::now();
        service.sessions.take_patch(caller.session, now)?;
    }
    Ok(permissions)
}

/// Reads the body, within the limit for its content type.
async fn read(service: &Service, request: Request<Body>) -> Result<Request<Bytes>, Problem> {
    let settings = &service.settings;
    let sdp = session_http::needs_content_type(request.headers(), session_http::SDP).is_ok();
    let bytes_max = if sdp {
        settings.sdp_bytes_max
    } else {
        settings.fragment_bytes_max
    };
    body::collect(request, bytes_max, settings.body_timeout).await
}

/// Opens a session. Refused with 429 above `limits.sessions_per_second`.
async fn open_session(
    service: &Service,
    permissions: Permissions,
    open: Open,
) -> Result<model::Opened, Problem> {
    if !service.opens.take(Instant::now()) {
        let detail = "limits.sessions_per_second is reached: try again in a second";
        return Err(Problem::later(
            StatusCode::TOO_MANY_REQUESTS,
            detail,
            Duration::from_secs(1),
        ));
    }
    let control = &service.control;
    let opened = control.open(permissions, open).await?;
    let ice_options = session_http::ice_options(&opened.answer);
    service
        .sessions
        .opened(opened.session, ice_options, |session| {
            control.is_open(session)
        });
    Ok(opened)
}

/// Handles the calls on a session that WHIP and WHEP have in common.
async fn session(
    service: &Service,
    caller: Result<Caller, Problem>,
    call: Call,
) -> Result<Response<Bytes>, Problem> {
    match call {
        Call::Answer(response) => Ok(response),
        Call::Show => {
            let described = service.control.described(&caller?)?;
            Ok(session_http::shown(&described.local_ufrag))
        }
        Call::Patch { fragment, if_match } => patch(service, &caller?, fragment, &if_match).await,
        Call::Close => {
            let caller = caller?;
            service.control.close(&caller)?;
            service.sessions.closed(caller.session);
            Ok(session_http::empty(StatusCode::OK))
        }
        // Only an endpoint opens sessions, and its handler has done so.
        Call::Open(_) => Err(Problem::new(StatusCode::NOT_FOUND, "no such resource")),
    }
}

/// Handles a PATCH: trickled candidates, or an ICE restart.
async fn patch(
    service: &Service,
    caller: &Caller,
    fragment: IceFragment,
    if_match: &IfMatch,
) -> Result<Response<Bytes>, Problem> {
    let described = service.control.described(caller)?;
    let (strict, sessions) = (service.settings.strict, &service.sessions);
    match session_http::decide_patch(
        &described.local_ufrag,
        Some(&described.remote_ufrag),
        &fragment,
        if_match,
        strict,
    )? {
        Patch::Trickle => service.control.trickle(caller)?,
        Patch::Restart => {
            let restarting = sessions.begin_restart(caller.session, Instant::now())?;
            let restarted = service.control.restart(caller, fragment).await?;
            let ice_options = restarting.ice_options.as_deref();
            return Ok(session_http::restarted(&restarted, ice_options));
        }
        Patch::Ignore => {}
    }
    Ok(session_http::empty(StatusCode::NO_CONTENT))
}

fn caller(role: Role, target: Target, permissions: Permissions) -> Result<Caller, Problem> {
    let session = target.session.ok_or(SessionError::Unknown)?;
    Ok(Caller {
        role,
        stream: target.stream,
        session,
        subject: permissions.subject,
    })
}

/// Turns a problem into its response, and counts the request.
fn finish(
    service: &Service,
    dialect: &'static str,
    method: &Method,
    result: Result<Response<Body>, Problem>,
) -> Response<Body> {
    let response = result.unwrap_or_else(|problem| {
        tracing::debug!(dialect, %method, status = problem.status.as_u16(), detail = problem.detail, "request refused");
        problem.into_response().map(Body::from)
    });
    service
        .metrics
        .answered(dialect, method, response.status().as_u16());
    response
}
