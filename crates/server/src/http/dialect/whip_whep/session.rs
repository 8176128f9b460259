//! What WHIP and WHEP have in common: a session is opened, described, patched and closed.

use std::time::Instant;

use auth::Permissions;
use axum::http::{Response, StatusCode};
use bytes::Bytes;
use model::{IceFragment, Open};
use signaling::Problem;
use signaling::session_http::{self, Call, IfMatch, Patch};

use super::context::Context;
use crate::control::Caller;
use crate::http::admission::TooFast;

/// Opens a session. Refused with 429 above `limits.sessions_per_second`.
pub(super) async fn open_session(
    context: &Context,
    permissions: Permissions,
    open: Open,
) -> Result<model::Opened, Problem> {
    context.service.take_opening().map_err(|error| {
        let status = StatusCode::TOO_MANY_REQUESTS;
        Problem::later(status, error.to_string(), TooFast::RETRY_AFTER)
    })?;
    let control = &context.service.control;
    let opened = control.open(permissions, open).await?;
    let ice_options = session_http::ice_options(&opened.answer);
    context
        .sessions
        .opened(opened.session, ice_options, |session| {
            control.is_open(session)
        });
    Ok(opened)
}

/// Handles the calls on a session that WHIP and WHEP have in common.
pub(super) async fn session(
    context: &Context,
    caller: Result<Caller, Problem>,
    call: Call,
) -> Result<Response<Bytes>, Problem> {
    match call {
        Call::Answer(response) => Ok(response),
        Call::Show => {
            let described = context.service.control.described(&caller?)?;
            Ok(session_http::shown(&described.local_ufrag))
        }
        Call::Patch { fragment, if_match } => patch(context, &caller?, fragment, &if_match).await,
        Call::Close => {
            let caller = caller?;
            context.service.control.close(&caller)?;
            context.sessions.closed(caller.session);
            Ok(session_http::empty(StatusCode::OK))
        }
        // Only an endpoint opens sessions, and its handler has done so.
        Call::Open(_) => Err(Problem::new(StatusCode::NOT_FOUND, "no such resource")),
    }
}

/// Handles a PATCH: trickled candidates, or an ICE restart.
async fn patch(
    context: &Context,
    caller: &Caller,
    fragment: IceFragment,
    if_match: &IfMatch,
) -> Result<Response<Bytes>, Problem> {
    let described = context.service.control.described(caller)?;
    let (strict, sessions) = (context.service.settings.strict, &context.sessions);
    match session_http::decide_patch(
        &described.local_ufrag,
        Some(&described.remote_ufrag),
        &fragment,
        if_match,
        strict,
    )? {
        Patch::Trickle => context.service.control.trickle(caller)?,
        Patch::Restart => {
            let restarting = sessions.begin_restart(caller.session, Instant::now())?;
            let restarted = context.service.control.restart(caller, fragment).await?;
            let ice_options = restarting.ice_options.as_deref();
            return Ok(session_http::restarted(&restarted, ice_options));
        }
        Patch::Ignore => {}
    }
    Ok(session_http::empty(StatusCode::NO_CONTENT))
}
