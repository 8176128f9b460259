use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use bytes::Bytes;
use signaling::Problem;

/// Reads the whole body. Refuses it with 413 above `bytes_max`, and with 408 after `time`.
pub(crate) async fn collect(
    request: Request<Body>,
    bytes_max: usize,
    time: Duration,
) -> Result<Request<Bytes>, Problem> {
    let (parts, body) = request.into_parts();
    let collected = tokio::time::timeout(time, to_bytes(body, bytes_max)).await;
    match collected {
        Ok(Ok(bytes)) => Ok(Request::from_parts(parts, bytes)),
        Ok(Err(error)) if is_too_long(&error) => Err(too_large(bytes_max)),
        Ok(Err(_)) => Err(Problem::bad_request("the body is incomplete")),
        Err(_) => Err(too_slow(time)),
    }
}

/// The refusal of a body that is too large (413).
pub(crate) fn too_large(bytes_max: usize) -> Problem {
    let detail = format!("the body is larger than {bytes_max} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

/// The refusal of a body that arrives too slowly (408).
pub(crate) fn too_slow(time: Duration) -> Problem {
    let detail = format!("the body did not arrive within {} ms", time.as_millis());
    Problem::new(StatusCode::REQUEST_TIMEOUT, detail)
}

fn is_too_long(error: &axum::Error) -> bool {
    std::error::Error::source(error)
        .is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}
