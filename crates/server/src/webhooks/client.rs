use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use aws_lc_rs::hmac;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{self, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use thiserror::Error;

use super::message::Message;
use super::signature;
use crate::config;

/// The time for one attempt, from connecting to the end of the answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of an answer that are read, so that its connection can be used again. A longer answer
/// costs its connection.
const ANSWER_BYTES_MAX: usize = 16 << 10;

const AGENT: &str = concat!("Headwater/", env!("CARGO_PKG_VERSION"));

/// The HTTP client for one receiver.
pub(super) struct Client {
    http: Http,
    url: Uri,
    key: hmac::Key,
}

type Connections<C> = legacy::Client<C, Full<Bytes>>;

enum Http {
    Plain(Connections<HttpConnector>),
    Tls(Connections<HttpsConnector<HttpConnector>>),
}

/// Why an attempt to deliver an event failed.
#[derive(Debug, Error)]
pub(super) enum Failure {
    /// The receiver answered 410: it wants no further events.
    #[error("410: the receiver wants no further events")]
    Gone,
    /// The receiver answered with a status other than 2xx.
    #[error("the receiver answered {0}")]
    Refused(StatusCode),
    /// The connection failed or broke off.
    #[error("{0}")]
    Broken(String),
    /// The attempt took longer than [`TIMEOUT`].
    #[error("no answer within {} s", TIMEOUT.as_secs())]
    Slow,
}

impl Client {
    pub(super) fn new(hook: &config::Webhook) -> anyhow::Result<Self> {
        let url: Uri = hook.url.parse().context("webhooks: invalid url")?;
        let http = if url.scheme() == Some(&http::uri::Scheme::HTTPS) {
            Http::Tls(connections(secure()?))
        } else {
            Http::Plain(connections(HttpConnector::new()))
        };
        Ok(Self {
            http,
            url,
            key: signature::key(hook.secret.reveal().unwrap_or_default()),
        })
    }

    /// Makes one attempt to deliver an event.
    pub(super) async fn post(&self, message: &Message) -> Result<(), Failure> {
        let attempt = tokio::time::timeout(TIMEOUT, self.answer(message)).await;
        match attempt.map_err(|_| Failure::Slow)?? {
            StatusCode::GONE => Err(Failure::Gone),
            status if status.is_success() => Ok(()),
            status => Err(Failure::Refused(status)),
        }
    }

    async fn answer(&self, message: &Message) -> Result<StatusCode, Failure> {
        let request = self.request(message).map_err(|error| broken(&error))?;
        let response = match &self.http {
            Http::Plain(http) => http.request(request),
            Http::Tls(http) => http.request(request),
        };
        let response: ResponseFuture = response;
        let (head, body) = response.await.map_err(|error| broken(&error))?.into_parts();
        // Read only to free the connection; what the body says does not matter.
        Limited::new(body, ANSWER_BYTES_MAX).collect().await.ok();
        Ok(head.status)
    }

    fn request(&self, message: &Message) -> Result<Request<Full<Bytes>>, http::Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let seconds = now.unwrap_or_default().as_secs();
        Request::post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, AGENT)
            .header("headwater-event", message.kind.as_str())
            .header(
                "headwater-signature",
                signature::sign(&self.key, seconds, &message.body),
            )
            .body(Full::from(message.body.clone()))
    }
}

/// The host of the receiver. Path and query are left out, since they may contain secrets.
impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.host().unwrap_or_default())
    }
}

fn connections<C>(connector: C) -> Connections<C>
where
    C: legacy::connect::Connect + Clone,
{
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_max_idle_per_host(1)
        .build(connector)
}

fn secure() -> anyhow::Result<HttpsConnector<HttpConnector>> {
    let builder = HttpsConnectorBuilder::new().with_native_roots().context(
        "webhooks: no root certificates on this system; install ca-certificates, or set SSL_CERT_FILE to a file of them",
    )?;
    Ok(builder.https_only().enable_http1().build())
}

/// Joins an error with all its sources: the outermost alone says only that something failed.
fn broken(error: &dyn std::error::Error) -> Failure {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let causes: Vec<_> = causes.map(ToString::to_string).collect();
    Failure::Broken(causes.join(": "))
}
