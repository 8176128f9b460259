//! The API for the operator's programs: rooms and streams. See `docs/protocol/rest.md`.
//!
//! The routes describe themselves: `openapi.json` and the page at `/api/v1/` are generated from
//! what [`routes()`] lists.

mod access;
mod document;
mod input;
mod messages;
mod page;
mod participants;
mod problems;
mod refusals;
mod responses;
mod rooms;
mod streams;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Service;
use document::Document;
use refusals::Refusal;

/// All routes below `/api/v1`.
pub(super) fn router(service: Service) -> Router<Service> {
    let (routes, described) = routes().split_for_parts();
    let document = Arc::new(Document::new(&described, &service.settings));
    routes
        .layer(axum::Extension(document))
        .layer(middleware::from_fn_with_state(service, finish))
        // Outside of `finish`, which is for responses with a body.
        .route("/api/v1", any(to_page))
        .route("/api/v1/{*rest}", any(nothing))
}

/// The routes that are part of the OpenAPI document.
fn routes() -> OpenApiRouter<Service> {
    OpenApiRouter::with_openapi(document::head())
        .routes(routes!(rooms::list, rooms::create))
        .routes(routes!(rooms::read, rooms::change, rooms::end))
        .routes(routes!(participants::list))
        .routes(routes!(participants::remove))
        .routes(routes!(messages::send))
        .routes(routes!(streams::list))
        .routes(routes!(streams::read_single))
        .routes(routes!(streams::read))
        .routes(routes!(document::json))
        .routes(routes!(document::html))
}

/// Completes all responses: counts them, forbids caching, and turns the router's plain 405 into a
/// problem.
async fn finish(State(service): State<Service>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let mut response = next.run(request).await;
    let wrong_method = response.status() == StatusCode::METHOD_NOT_ALLOWED;
    if wrong_method && method != Method::OPTIONS {
        let allow = response.headers().get(header::ALLOW).cloned();
        response = Refusal(refusals::method_not_allowed(allow.as_ref())).into_response();
        response
            .headers_mut()
            .extend(allow.map(|allow| (header::ALLOW, allow)));
    }
    let status = response.status().as_u16();
    service.metrics.answered("api", &method, status);
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}

async fn to_page() -> impl IntoResponse {
    (
        StatusCode::PERMANENT_REDIRECT,
        [(header::LOCATION, "/api/v1/")],
    )
}

async fn nothing() -> Refusal {
    Refusal(refusals::no_address())
}
