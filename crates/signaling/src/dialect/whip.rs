//! WHIP (RFC 9725): publishing. Documented in docs/protocol/whip.md.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use model::{Opened, Role, StreamName};

use crate::session_http::{self, Call, Target};
use crate::{IceServer, Problem};

/// The path below which the endpoints are.
pub const PREFIX: &str = "/whip/";

/// Reads a request. `path` is the part after [`PREFIX`]. Fails with 404 for an unknown path, else
/// as [`session_http::call`] does.
pub fn call(path: &str, request: &Request<Bytes>) -> Result<(Target, Call), Problem> {
    let target = Target::parse(path, request)?;
    if target.extension.is_some() {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "a WHIP session has no sub-resources",
        ));
    }
    let call = session_http::call(Role::Publisher, &target, request)?;
    Ok((target, call))
}

/// 201 Created for a publisher, see [`session_http::created`].
pub fn created(stream: &StreamName, opened: &Opened, ice_servers: &[IceServer]) -> Response<Bytes> {
    session_http::created(PREFIX, stream, opened, ice_servers)
}
