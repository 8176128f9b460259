//! Requests of WHEP: sessions, the events of the extension, and the choice of a layer.

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use model::Role;
use signaling::Problem;
use signaling::dialect::whep::{self, WhepCall};
use signaling::session_http::{self, Call};

use super::context::{Context, caller};
use super::events;
use super::session::{open_session, session};

/// Answers a request for WHEP.
pub(super) async fn watch(
    context: &Context,
    path: &str,
    request: Request<Body>,
) -> Result<Response<Body>, Problem> {
    let permissions = context.permit(Role::Viewer, path, &request)?;
    let request = context.read(request).await?;
    let (target, call) = whep::call(path, &request)?;
    let stream = target.stream.clone();
    let response = match call {
        WhepCall::Session(Call::Open(open)) => {
            let opened = open_session(context, permissions, open).await?;
            whep::created(&stream, &opened, &context.service.settings.ice_servers)
        }
        WhepCall::Session(other) => {
            session(context, caller(Role::Viewer, target, permissions), other).await?
        }
        WhepCall::Subscribe(kinds) => {
            let caller = caller(Role::Viewer, target, permissions)?;
            context.service.control.described(&caller)?;
            context.sessions.subscribe(caller.session, &kinds);
            whep::events_created(&stream, caller.session, &kinds)
        }
        WhepCall::Follow(kinds) => {
            let caller = caller(Role::Viewer, target, permissions)?;
            let described = context.service.control.described(&caller)?;
            let followed = context.service.control.follow(&caller)?;
            let ended = context.sessions.follow(caller.session, &kinds);
            let ended = ended.ok_or_else(unsubscribed)?;
            let video_mid = described.video_mid().map(str::to_owned);
            return Ok(events::stream(
                context,
                caller.session,
                video_mid,
                followed,
                kinds,
                ended,
            ));
        }
        WhepCall::Unsubscribe(kinds) => {
            let caller = caller(Role::Viewer, target, permissions)?;
            context.service.control.described(&caller)?;
            if !context.sessions.unsubscribe(caller.session, kinds) {
                return Err(unsubscribed());
            }
            session_http::empty(StatusCode::OK)
        }
        WhepCall::ChooseLayer { mid, choice } => {
            let caller = caller(Role::Viewer, target, permissions)?;
            context
                .service
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
