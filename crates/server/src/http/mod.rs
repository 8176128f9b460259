//! HTTP: the pages, the dialects and the API, health checks and metrics.

mod admission;
mod api;
mod body;
mod dialect;
mod listen;
mod operate;
mod pages;
mod rate_limit;
mod service;
mod socket;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, header};
use axum::middleware::{self, Next};
use axum::routing::get;

use crate::config::Config;
use dialect::Mount;
use rate_limit::RateLimit;

pub(crate) use dialect::Listener;
pub(crate) use listen::{Limits, serve};
pub(crate) use service::{Service, Settings};

/// The routes of all ports.
#[derive(Debug)]
pub(crate) struct Ports {
    /// Those of the main port.
    pub(crate) main: Router,
    /// The ports of single dialects that the configuration opens.
    pub(crate) others: Vec<Listener>,
}

/// Makes the routes of all ports.
pub(crate) fn ports(service: Service, config: &Config) -> Ports {
    let mut mount = Mount::new(&service, &config.dialects, &config.ice);
    dialect::mount_all(&mut mount);
    mount.claim_rest("/", pages::studio);
    let (dialects, others) = mount.finish();
    let main = dialects
        .route("/healthz", get(operate::health))
        .route("/readyz", get(operate::ready))
        .route("/metrics", get(operate::metrics))
        .route("/watch/{*stream}", get(pages::watch))
        .merge(api::router(service.clone()))
        .fallback(pages::asset)
        .layer(middleware::from_fn(common_headers))
        .with_state(service);
    Ports { main, others }
}

/// Adds the headers of every response. Pages of other origins may use the APIs, since the token
/// protects them and not the origin; browsers must not guess content types.
async fn common_headers(request: Request<Body>, next: Next) -> Response<Body> {
    const FIXED: [(header::HeaderName, &str); 4] = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            "Location, Link, ETag, Accept-Patch, Accept-Post, Allow, Retry-After",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    const PREFLIGHT: [(header::HeaderName, &str); 3] = [
        (
            header::ACCESS_CONTROL_ALLOW_METHODS,
            "OPTIONS, GET, HEAD, POST, PATCH, DELETE",
        ),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type, If-Match, Accept",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    let preflight = request.method() == Method::OPTIONS;
    let mut response = next.run(request).await;
    // The route has no OPTIONS of its own, but browsers need the preflight to succeed.
    if preflight && response.status() == StatusCode::METHOD_NOT_ALLOWED {
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    let headers = response.headers_mut();
    for (name, value) in FIXED
        .into_iter()
        .chain(PREFLIGHT.into_iter().filter(|_| preflight))
    {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
