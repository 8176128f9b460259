//! WHIP, the WebRTC-HTTP ingestion protocol (RFC 9725). See [`crate::sdp_over_http`] for
//! the addresses and for everything that it shares with WHEP.
//!
//! Absent: protocol extensions (§4.9), and offers made by the server.

use broadcast::{Opened, Role, StreamName};
use bytes::Bytes;
use http::{HeaderValue, Request, Response};

use crate::problem::Problem;
use crate::sdp_over_http::{self, Command, Endpoint, Located, Refusal};

/// What all paths begin with.
pub const PATH: &str = "/whip";

const ENDPOINT: Endpoint = Endpoint {
    path: PATH,
    role: Role::Publisher,
};

/// Reads one request, whose path begins with [`PATH`].
pub fn parse(request: &Request<Bytes>) -> Result<Command, Refusal> {
    match ENDPOINT.locate(request)? {
        Located::Endpoint(stream) => ENDPOINT.endpoint_command(stream, request),
        Located::Session(caller, "") => sdp_over_http::session_command(caller, request),
        Located::Session(caller, _) => {
            Err(caller.refuse(Problem::no_such_address("a WHIP session has nothing below it")))
        }
    }
}

/// 201 with the answer; `ice_servers` are `Link` fields from [`crate::link::ice_server`].
pub fn opened(
    stream: &StreamName,
    opened: &Opened,
    ice_servers: &[HeaderValue],
) -> Response<Bytes> {
    sdp_over_http::opened(&ENDPOINT, stream, opened, ice_servers.iter().cloned())
}
