use std::sync::Arc;
use std::time::Duration;

use model::OpenError;
use prometheus_client::registry::Registry;
use signaling::IceServer;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::rate_limit::RateLimit;
use crate::config::Config;
use crate::control::Control;
use crate::metrics::HttpMetrics;

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
    pub(super) fn check_length(&self, what: &str, sdp: &str) -> Result<(), OpenError> {
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
