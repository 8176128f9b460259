//! WHIP (RFC 9725): publishing. Documented in docs/protocol/whip.md.

use broadcast::{Opened, Role, StreamName};
use bytes::Bytes;
use http::{Request, Response, StatusCode};

use crate::session_http::{self, Call, Target};
use crate::{IceServer, Problem};

/// Where the endpoints are.
pub const PREFIX: &str = "/whip/";

/// Reads a request; `path` is what stands behind [`PREFIX`].
pub fn call(path: &str, request: &Request<Bytes>) -> Result<(Target, Call), Problem> {
    let target = Target::parse(path, request)?;
    if target.extension.is_some() {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "a WHIP session has nothing behind it",
        ));
    }
    let call = session_http::call(Role::Publisher, &target, request)?;
    Ok((target, call))
}

/// 201 for a publisher.
pub fn created(stream: &StreamName, opened: &Opened, ice_servers: &[IceServer]) -> Response<Bytes> {
    session_http::created(PREFIX, stream, opened, ice_servers)
}
