use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::metrics::HttpMetrics;

/// How long accepting pauses after an error of the system, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Limits of a listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Connections of this listener at a time. Further ones wait in the kernel until one ends.
    pub(crate) connections_max: usize,
    /// A connection that brings no complete request head for this long is closed.
    pub(crate) header_timeout: Duration,
}

/// Serves until `stopping` is cancelled, then lets the running requests finish.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    metrics: HttpMetrics,
    stopping: CancellationToken,
) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout);
    // The timeout above is for HTTP/1. Over HTTP/2, pings find connections whose client is gone.
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.header_timeout)
        .keep_alive_timeout(limits.header_timeout);
    let free = Arc::new(Semaphore::new(limits.connections_max));
    let graceful = GracefulShutdown::new();
    let next = async || {
        // Never an error: the semaphore is not closed. Waiting before accepting leaves further
        // connections in the kernel.
        let place = free.clone().acquire_owned().await;
        (accept(&listener).await, place)
    };
    while let Some((stream, place)) = stopping.run_until_cancelled(next()).await {
        let service = TowerToHyperService::new(router.clone());
        let connection = builder
            .serve_connection_with_upgrades(TokioIo::new(stream), service)
            .into_owned();
        let connection = graceful.watch(connection);
        let failed = metrics.failed_connections.clone();
        tokio::spawn(async move {
            if let Err(error) = connection.await
                && let Some(untold) = failed.count(cause(&*error), Instant::now())
            {
                tracing::info!(error, untold, "an HTTP connection broke off");
            }
            drop(place);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

/// Why a connection failed, for metrics: its client went away, or violated HTTP.
fn cause(error: &(dyn std::error::Error + 'static)) -> &'static str {
    let mut sources = std::iter::successors(Some(error), |error| error.source());
    match sources.any(|error| error.is::<io::Error>()) {
        true => "gone",
        false => "protocol",
    }
}

/// Accepts the next connection. Retries after errors: those of a single connection at once, others
/// after [`ACCEPT_PAUSE`].
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Responses are small and must not wait for further data.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "cannot set TCP_NODELAY");
                }
                return stream;
            }
            Err(error) if is_of_connection(&error) => tracing::debug!(%error, "accept failed"),
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections; raise the limit of open files (ulimit -n)");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_of_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}
