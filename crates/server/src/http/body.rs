use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use bytes::Bytes;
use signaling::Problem;

/// Takes in the whole body, within its limits of size and time.
pub(crate) async fn collect(
    request: Request<Body>,
    bytes_max: usize,
    time: Duration,
) -> Result<Request<Bytes>, Problem> {
    let (parts, body) = request.into_parts();
    let collected = tokio::time::timeout(time, to_bytes(body, bytes_max)).await;
    match collected {
        Ok(Ok(bytes)) => Ok(Request::from_parts(parts, bytes)),
        Ok(Err(error)) if is_too_long(&error) => {
            let detail = format!("the body is larger than {bytes_max} bytes");
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail))
        }
        Ok(Err(_)) => Err(Problem::bad_request("the body did not arrive whole")),
        Err(_) => {
            let detail = format!("the body did not arrive within {} ms", time.as_millis());
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail))
        }
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    std::error::Error::source(error)
        .is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}
