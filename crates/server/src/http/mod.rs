//! HTTP: the pages, the dialects and the API, health checks and metrics.

mod admission;
mod api;
mod body;
mod dialect;
mod listen;
mod operate;
mod pages;
mod rate_limit;
mod socket;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, header};
use axum::middleware::{self, Next};
use axum::routing::get;
use model::OpenError;
use prometheus_client::registry::Registry;
use signaling::IceServer;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::control::Control;
use crate::metrics::HttpMetrics;
use dialect::Mount;
use rate_limit::RateLimit;

pub(crate) use dialect::Listener;
pub(crate) use listen::{Limits, serve};

/// The state of all routes. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) control: Control,
    pub(crate) settings: Arc<Settings>,
    pub(crate) metrics: HttpMetrics,
    pub(crate) registry: Arc<Registry>,
    /// Paces new sessions of all clients: `limits.sessions_per_second`.
    pub(crate) opens: Arc<RateLimit>,
    /// One permit per WebSocket: `limits.sockets_max`.
    pub(crate) sockets: Arc<Semaphore>,
    /// Cancelled at shutdown, which ends sockets and event streams.
    pub(crate) stopping: CancellationToken,
}

/// The part of the configuration that HTTP uses.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) ice_servers: Vec<IceServer>,
    pub(crate) strict: bool,
    pub(crate) sdp_bytes_max: usize,
    pub(crate) fragment_bytes_max: usize,
    pub(crate) frame_bytes_max: usize,
    pub(crate) body_timeout: Duration,
}

impl Settings {
    /// Refuses a session description that is longer than `limits.sdp_bytes_max`. The error calls it
    /// `what`.
    fn check_length(&self, what: &str, sdp: &str) -> Result<(), OpenError> {
        let max = self.sdp_bytes_max;
        if sdp.len() <= max {
            return Ok(());
        }
        let error = format!("{what} must not be longer than {max} bytes (limits.sdp_bytes_max)");
        Err(OpenError::BadOffer(error))
    }
}

impl Service {
    pub(crate) fn new(
        control: Control,
        config: &Config,
        metrics: HttpMetrics,
        registry: Registry,
        stopping: CancellationToken,
    ) -> Self {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let ice_servers = config.ice.servers.iter().map(|server| IceServer {
            url: server.url.clone(),
            username: text(&server.username),
            credential: server.credential.reveal().map(str::to_owned),
        });
        let limits = &config.limits;
        let settings = Arc::new(Settings {
            ice_servers: ice_servers.collect(),
            strict: config.streams.strict,
            sdp_bytes_max: limits.sdp_bytes_max,
            fragment_bytes_max: limits.fragment_bytes_max,
            frame_bytes_max: limits.frame_bytes_max,
            body_timeout: Duration::from_millis(limits.body_timeout_ms),
        });
        Self {
            control,
            settings,
            metrics,
            registry: Arc::new(registry),
            sockets: Arc::new(Semaphore::new(
                limits.sockets_max.min(Semaphore::MAX_PERMITS),
            )),
            opens: Arc::new(RateLimit::new(limits.sessions_per_second)),
            stopping,
        }
    }
}

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
