//! What WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep) share: a client POSTs an offer to an
//! endpoint, which creates a session resource, and then changes and ends it by PATCH and DELETE.
//!
//! ```text
//! /whip/{stream}                      endpoint: OPTIONS, GET, HEAD, POST
//! /whip/{stream}/session/{session}    session:  OPTIONS, GET, HEAD, PATCH, DELETE
//! ```
//!
//! A stream name has one or two segments. So the path of an endpoint has at most two and that of a
//! session at least three: the two cannot be confused.

use bytes::Bytes;
use http::header::{
    ACCEPT, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue,
    IF_MATCH, LINK, LOCATION, USER_AGENT,
};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use model::{IceFragment, Open, Opened, Restarted, Role, SessionId, StreamName};

use crate::{IceServer, Problem, ice_fragment};

/// The media type of offers and answers.
pub const SDP: &str = "application/sdp";

/// The media type of trickled candidates (RFC 8840 §9).
pub const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// Characters of a `User-Agent` that are kept for the log. The rest is cut off.
const CLIENT_MAX: usize = 160;

const ENDPOINT_METHODS: &str = "OPTIONS, GET, HEAD, POST";
const SESSION_METHODS: &str = "OPTIONS, GET, HEAD, PATCH, DELETE";
const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// The resource that a request addresses, and its token. Independent of the method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The stream to publish or watch.
    pub stream: StreamName,
    /// The session; `None` when the request addresses the endpoint.
    pub session: Option<SessionId>,
    /// The path below the session, such as `layer`.
    pub extension: Option<String>,
    /// The bearer token, from the header (RFC 6750 §2.1) or else the query.
    pub token: Option<String>,
}

/// The condition of an `If-Match` header (RFC 9110 §13.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// The header is absent.
    Missing,
    /// `*`: matches any tag. Asks for an ICE restart (RFC 9725 §4.3.3).
    Any,
    /// Matches one of these strong tags. Empty when the client sent only weak or malformed tags.
    Tags(Vec<String>),
}

/// What a request asks of an endpoint or a session.
#[derive(Debug, Clone)]
pub enum Call {
    /// Send this response; the control plane is not involved.
    Answer(Response<Bytes>),
    /// Open a session; answer with [`created`].
    Open(Open),
    /// Confirm that the session exists: answer with [`shown`].
    Show,
    /// Trickle candidates or restart ICE, as [`decide_patch`] tells.
    Patch {
        /// The candidates and credentials of the client.
        fragment: IceFragment,
        /// The condition under which the PATCH applies.
        if_match: IfMatch,
    },
    /// Close the session.
    Close,
}

/// The effect of a PATCH, decided by [`decide_patch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patch {
    /// Add the candidates to the running ICE session.
    Trickle,
    /// Restart ICE with the client's new credentials.
    Restart,
    /// Do nothing: the candidates belong to an ICE session that is over.
    Ignore,
}

impl Target {
    /// Reads path and token. `path` is the part after `/whip/` or `/whep/`; one trailing slash is
    /// ignored. Fails with 404 for a path that is neither an endpoint nor a session, and for an
    /// invalid stream name.
    pub fn parse<B>(path: &str, request: &Request<B>) -> Result<Self, Problem> {
        let token = token(request.uri(), request.headers());
        let path = path.strip_suffix('/').unwrap_or(path);
        let name = |text: &str| {
            StreamName::new(text)
                .map_err(|error| Problem::new(StatusCode::NOT_FOUND, error.to_string()))
        };
        if path.split('/').count() <= 2 {
            return Ok(Self {
                stream: name(path)?,
                session: None,
                extension: None,
                token,
            });
        }
        let unknown = || {
            Problem::new(
                StatusCode::NOT_FOUND,
                "no such resource: a session is …/{stream}/session/{id}, an endpoint …/{stream}",
            )
        };
        let (stream, rest) = path.rsplit_once("/session/").ok_or_else(unknown)?;
        let (id, extension) = match rest.split_once('/') {
            Some((id, extension)) => (id, Some(extension.to_owned())),
            None => (rest, None),
        };
        let session = SessionId::parse(id).ok_or_else(unknown)?;
        Ok(Self {
            stream: name(stream)?,
            session: Some(session),
            extension,
            token,
        })
    }
}

/// The client's `User-Agent`, cut to 160 characters. Empty when the header is missing or contains
/// anything but visible ASCII.
pub fn client(headers: &HeaderMap) -> String {
    let name = headers.get(USER_AGENT).and_then(|name| name.to_str().ok());
    name.unwrap_or_default().chars().take(CLIENT_MAX).collect()
}

/// Reads a request to an endpoint or a session. The extensions of a session are left to the
/// dialect.
///
/// Fails with 400 for an unreadable body, 405 for another method and 415 for another content type.
pub fn call(role: Role, target: &Target, request: &Request<Bytes>) -> Result<Call, Problem> {
    match target.session {
        None => endpoint(role, target, request),
        Some(_) => session(request),
    }
}

fn endpoint(role: Role, target: &Target, request: &Request<Bytes>) -> Result<Call, Problem> {
    match *request.method() {
        Method::OPTIONS => Ok(Call::Answer(options(ENDPOINT_METHODS, ACCEPT_POST, SDP))),
        Method::GET | Method::HEAD => Ok(Call::Answer(empty(StatusCode::NO_CONTENT))),
        Method::POST => {
            needs_content_type(request.headers(), SDP)?;
            let offer = utf8(request.body())?;
            Ok(Call::Open(Open {
                role,
                stream: target.stream.clone(),
                offer,
                client: client(request.headers()),
            }))
        }
        _ => Err(Problem::method_not_allowed(ENDPOINT_METHODS)),
    }
}

fn session(request: &Request<Bytes>) -> Result<Call, Problem> {
    match *request.method() {
        Method::OPTIONS => Ok(Call::Answer(options(
            SESSION_METHODS,
            ACCEPT_PATCH,
            FRAGMENT,
        ))),
        Method::GET | Method::HEAD => Ok(Call::Show),
        Method::PATCH => {
            needs_content_type(request.headers(), FRAGMENT)?;
            let fragment = ice_fragment::parse(&utf8(request.body())?)
                .map_err(|error| Problem::bad_request(error.to_string()))?;
            Ok(Call::Patch {
                fragment,
                if_match: if_match(request.headers())?,
            })
        }
        Method::DELETE => Ok(Call::Close),
        _ => Err(Problem::method_not_allowed(SESSION_METHODS)),
    }
}

/// Decides whether a PATCH trickles candidates or restarts ICE. `tag` is the current ETag of the
/// ICE session, `remote_ufrag` the client's current ufrag; `strict` refuses a PATCH without
/// `If-Match` (RFC 9725 §4.3.1).
///
/// Fails with 412 when no tag matches and with 428 when `strict` misses the header.
pub fn decide_patch(
    tag: &str,
    remote_ufrag: Option<&str>,
    fragment: &IceFragment,
    if_match: &IfMatch,
    strict: bool,
) -> Result<Patch, Problem> {
    // A fragment without a ufrag belongs to the current ICE session, as does one with its ufrag.
    let present = fragment.ufrag.is_none() || fragment.ufrag.as_deref() == remote_ufrag;
    let trickle = if present {
        Patch::Trickle
    } else {
        Patch::Ignore
    };
    match if_match {
        // `*` with the current credentials is no restart: it trickles.
        IfMatch::Any if !present && fragment.pwd.is_some() => Ok(Patch::Restart),
        IfMatch::Any => Ok(trickle),
        IfMatch::Tags(tags) if tags.iter().any(|t| t == tag) => Ok(trickle),
        IfMatch::Tags(tags) if tags.is_empty() => Err(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "a weak or malformed ETag matches nothing: send the session's ETag unchanged, in quotes",
        )),
        IfMatch::Tags(_) => Err(model::SessionError::Outdated.into()),
        IfMatch::Missing if strict => Err(Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "send If-Match with the session's ETag to trickle, or If-Match: * to restart ICE",
        )),
        IfMatch::Missing => Ok(trickle),
    }
}

/// 201 Created, with the SDP answer, the session's location and ETag, and the ICE servers as links.
pub fn created(
    prefix: &str,
    stream: &StreamName,
    opened: &Opened,
    ice_servers: &[IceServer],
) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(opened.answer.clone()));
    *response.status_mut() = StatusCode::CREATED;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(SDP));
    headers.insert(ACCEPT_PATCH, HeaderValue::from_static(FRAGMENT));
    insert(
        headers,
        LOCATION,
        &session_path(prefix, stream, opened.session),
    );
    insert(headers, ETAG, &format!("\"{}\"", opened.ice_tag));
    for link in ice_servers.iter().filter_map(IceServer::link) {
        headers.append(LINK, link);
    }
    response
}

/// 204 No Content for a session that exists (RFC 9725 §4.1), with its current ICE tag.
pub fn shown(ice_tag: &str) -> Response<Bytes> {
    let mut response = options(SESSION_METHODS, ACCEPT_PATCH, FRAGMENT);
    let headers = response.headers_mut();
    insert(headers, ETAG, &format!("\"{ice_tag}\""));
    // The tag changes with every ICE restart.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The value of an answer's first `a=ice-options` (RFC 8839 §5.6); `None` without one.
pub fn ice_options(answer: &str) -> Option<&str> {
    let mut lines = answer.lines();
    let value = lines.find_map(|line| line.strip_prefix("a=ice-options:"))?;
    Some(value.trim())
}

/// 200 OK after an ICE restart, with the server's new credentials and candidates. `ice_options` are
/// the [`ice_options`] of the session's answer.
pub fn restarted(restarted: &Restarted, ice_options: Option<&str>) -> Response<Bytes> {
    let fragment = ice_fragment::write(&restarted.fragment, ice_options);
    let mut response = Response::new(Bytes::from(fragment));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(FRAGMENT));
    insert(headers, ETAG, &format!("\"{}\"", restarted.ice_tag));
    response
}

/// The path of a session resource.
pub fn session_path(prefix: &str, stream: &StreamName, session: SessionId) -> String {
    format!("{prefix}{stream}/session/{session}")
}

/// A response with this status and no body.
pub fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

/// Sets a header. A value with characters that a header cannot carry is left out.
pub fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Checks the content type, ignoring case and parameters (RFC 9110 §8.3.1). Fails with 415 for
/// another one.
pub fn needs_content_type(headers: &HeaderMap, needed: &str) -> Result<(), Problem> {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case(needed) {
        return Ok(());
    }
    let detail = format!("the body is {media_type:?}: send it as Content-Type: {needed}");
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
}

/// Whether the `Accept` header names this media type or `*/*`. A missing header accepts everything.
pub fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    let value = headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("*/*");
    value.contains(media_type) || value.contains("*/*")
}

fn options(methods: &'static str, accept: HeaderName, media_type: &'static str) -> Response<Bytes> {
    let mut response = empty(StatusCode::NO_CONTENT);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(methods));
    response
        .headers_mut()
        .insert(accept, HeaderValue::from_static(media_type));
    response
}

/// Reads all `If-Match` headers as one list (RFC 9110 §5.3).
fn if_match(headers: &HeaderMap) -> Result<IfMatch, Problem> {
    let mut tags = Vec::new();
    for value in headers.get_all(IF_MATCH) {
        let value = value
            .to_str()
            .map_err(|_| Problem::bad_request("If-Match has characters not allowed in an ETag"))?;
        tags.extend(value.split(',').map(str::trim));
    }
    Ok(match tags.as_slice() {
        [] => IfMatch::Missing,
        // RFC 9725 §4.3.3 writes the asterisk in quotes, RFC 9110 §13.1.1 without.
        ["*" | "\"*\""] => IfMatch::Any,
        tags => IfMatch::Tags(tags.iter().copied().filter_map(strong_tag).collect()),
    })
}

/// The text of a strong tag. `None` for a weak tag, which matches nothing (RFC 9110 §8.8.3.2), and
/// for a malformed one. Missing quotes are accepted: clients in the field leave them out.
fn strong_tag(tag: &str) -> Option<String> {
    let unquoted = match tag.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        None => tag,
    };
    let is_tag = !unquoted.is_empty() && !unquoted.contains('"') && !tag.starts_with("W/");
    is_tag.then(|| unquoted.to_owned())
}

/// The bearer token of the `Authorization` header (RFC 6750 §2.1).
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then(|| token.trim())
}

/// The token of a request: from the `Authorization` header, or else from the query (`token`,
/// `access_token` or `jwt`), for clients that cannot set a header.
pub fn token(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let bearer = bearer(headers).map(str::to_owned);
    bearer.or_else(|| {
        let pairs = uri.query()?.split('&');
        let pairs = pairs.filter_map(|pair| pair.split_once('='));
        let mut tokens = pairs.filter(|(key, _)| matches!(*key, "token" | "access_token" | "jwt"));
        tokens.next().map(|(_, value)| percent_decoded(value))
    })
}

/// Decodes percent-encoding (RFC 3986 §2.1). Malformed escapes stay as they are.
pub(crate) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex
            .filter(|_| *first == b'%')
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
        {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn utf8(body: &Bytes) -> Result<String, Problem> {
    String::from_utf8(body.to_vec()).map_err(|_| Problem::bad_request("the body is not UTF-8 text"))
}

#[cfg(test)]
mod tests;
