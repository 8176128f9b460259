use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::time::Duration;

use thiserror::Error;
use ureq::http::{HeaderName, Response, Uri, header};
use ureq::{Agent, Body};

/// Time limit of a request. No live server takes longer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The HTTP side of WHIP (RFC 9725) and WHEP. Cheap to clone; clones share a pool of connections.
#[derive(Debug, Clone)]
pub struct Client {
    agent: Agent,
    token: Option<String>,
}

/// The response of a server.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The session from the `Location` header of a 201, as an absolute URL.
    pub session: Option<String>,
    /// The SDP answer, or the reason for a refusal.
    pub body: String,
}

/// Why a request got no response.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The HTTP request failed.
    #[error("HTTP: {0}")]
    Http(#[from] ureq::Error),
    /// The URL names no host, or a host that has no address or no route.
    #[error("{url}: {reason}")]
    Url {
        /// The URL.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Default for Client {
    fn default() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .build();
        Self {
            agent: config.into(),
            token: None,
        }
    }
}

impl Client {
    /// The same client, with a bearer token for all offers and DELETE requests (RFC 6750 §2.1).
    pub fn with_token(self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self
        }
    }

    /// POSTs an SDP offer to an endpoint.
    pub fn offer(&self, endpoint: &str, sdp: &str) -> Result<Answered, ClientError> {
        let mut request = self
            .agent
            .post(endpoint)
            .header(header::CONTENT_TYPE, "application/sdp");
        if let Some((name, value)) = self.authorization() {
            request = request.header(name, value);
        }
        answered(endpoint, request.send(sdp)?)
    }

    /// Ends a session with DELETE. Returns the status.
    pub fn delete(&self, session: &str) -> Result<u16, ClientError> {
        let mut request = self.agent.delete(session);
        if let Some((name, value)) = self.authorization() {
            request = request.header(name, value);
        }
        Ok(request.call()?.status().as_u16())
    }

    /// GETs a page, such as a server's metrics.
    pub fn get(&self, url: &str) -> Result<Answered, ClientError> {
        answered(url, self.agent.get(url).call()?)
    }

    fn authorization(&self) -> Option<(HeaderName, String)> {
        let token = self.token.as_ref()?;
        Some((header::AUTHORIZATION, format!("Bearer {token}")))
    }
}

fn answered(url: &str, mut response: Response<Body>) -> Result<Answered, ClientError> {
    let location = response.headers().get(header::LOCATION);
    let session = location.and_then(|location| resolve(url, location.to_str().ok()?));
    Ok(Answered {
        status: response.status().as_u16(),
        session,
        body: response.body_mut().read_to_string()?,
    })
}

/// Resolves a `Location` against the URL of its request (RFC 3986 §5.2, without `..`).
fn resolve(base: &str, location: &str) -> Option<String> {
    if location.contains("://") {
        return Some(location.to_owned());
    }
    let (scheme, rest) = base.split_once("://")?;
    let rest = rest.split(['?', '#']).next()?;
    let authority = rest.split('/').next()?;
    if location.starts_with('/') {
        return Some(format!("{scheme}://{authority}{location}"));
    }
    let folder = rest.rsplit_once('/').map_or(rest, |(folder, _)| folder);
    Some(format!("{scheme}://{folder}/{location}"))
}

/// This host's address on the route to the server: the only candidate that a client needs.
pub(crate) fn local_ip(url: &str) -> Result<IpAddr, ClientError> {
    let wrong = |reason: String| ClientError::Url {
        url: url.to_owned(),
        reason,
    };
    let uri: Uri = url.parse().map_err(|error| wrong(format!("{error}")))?;
    let host = uri.host().ok_or_else(|| wrong("no host".to_owned()))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let remote = (host, uri.port_u16().unwrap_or(80))
        .to_socket_addrs()
        .map_err(|error| wrong(error.to_string()))?
        .next()
        .ok_or_else(|| wrong("the host has no address".to_owned()))?;
    let any: IpAddr = match remote {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    // Connecting a UDP socket sends nothing: it only asks the routing table.
    let route = || {
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect(remote)?;
        socket.local_addr()
    };
    let local = route().map_err(|error| wrong(error.to_string()))?;
    Ok(local.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn location_may_be_absolute_rooted_or_relative() {
        let from = |location| resolve("http://host:1/whip/live?token=x", location);
        assert_eq!(
            from("http://other/s/1").as_deref(),
            Some("http://other/s/1")
        );
        assert_eq!(from("/s/1").as_deref(), Some("http://host:1/s/1"));
        assert_eq!(from("live/1").as_deref(), Some("http://host:1/whip/live/1"));
    }

    #[test]
    fn route_to_loopback_starts_at_loopback() {
        let ip = local_ip("http://127.0.0.1:9/whip/live").expect("a route");
        assert!(ip.is_loopback());
        assert!(local_ip("/whip/live").is_err());
    }
}
